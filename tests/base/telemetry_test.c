// telemetry: the file outlives its process; the reader trusts nothing.
#include "files.h"

#include "clock.h"
#include "telemetry.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

// The path of the one file in the directory whose name begins so; from malloc.
static char *only_file(const char *dir, const char *begin)
{
	char *path = NULL;
	struct dirent *entry;
	DIR *d = opendir(dir);

	assert_non_null(d);
	while ((entry = readdir(d)) != NULL) {
		if (strncmp(entry->d_name, begin, strlen(begin)) != 0)
			continue;
		assert_null(path);
		path = io_join(dir, entry->d_name);
	}
	closedir(d);
	assert_non_null(path);
	return path;
}

static char *new_dir(void)
{
	char *dir = file_path("telemetry");

	assert_int_equal(io_make_dirs(dir, NULL), 0);
	assert_int_equal(setenv(SG_TELE_ENV_DIR, dir, 1), 0);
	return dir;
}

static struct tele_file *new_file(void)
{
	struct tele_file *t = calloc(1, sizeof *t);

	assert_non_null(t);
	return t;
}

CASE("telemetry: counts outlive a process that was killed")
{
	char *dir = new_dir();
	struct tele_file *t = new_file();
	struct err e = { "" };
	int status;
	char *path;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct tele_file *mine = telemetry_open(TELE_POOL, "prog (with) brackets", NULL);

		*telemetry_counter(mine, "malloc_calls") += 41;
		*telemetry_counter(mine, "live_bytes") = 7;
		*telemetry_counter(mine, "malloc_calls") += 1;
		strcpy(mine->pools[3].name, "slab");
		mine->pools[3].high_water = 9;
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	path = only_file(dir, "pool-");
	if (telemetry_read(path, t, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(t->pid, pid);
	assert_int_equal(t->role, TELE_POOL);
	assert_string_equal(t->program, "prog (with) brackets");
	assert_string_equal(t->counters[0].name, "malloc_calls");
	assert_int_equal(t->counters[0].value, 42);
	assert_string_equal(t->counters[1].name, "live_bytes");
	assert_int_equal(t->counters[1].value, 7);
	assert_int_equal(t->pools[3].high_water, 9);
	assert_true(t->created_ns <= clock_now_ns());
	free(path);
	free(t);
	free(dir);
}

CASE("telemetry: the file is named by role, pid and start time")
{
	char *dir = new_dir();
	struct tele_file *mine = telemetry_open(TELE_SERVER, "p", NULL);
	char name[100], stat_text[1024];
	unsigned long long start = 0;
	char *path, *stat_end;
	FILE *f = fopen("/proc/self/stat", "r");

	assert_non_null(mine);
	assert_non_null(f);
	assert_non_null(fgets(stat_text, sizeof stat_text, f));
	fclose(f);
	stat_end = strrchr(stat_text, ')');
	assert_int_equal(
	        sscanf(stat_end + 1,
	               " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
	               &start),
	        1);
	assert_int_equal(mine->start_time, start);
	snprintf(name, sizeof name, "server-%ld-%llu", (long)getpid(), start);
	path = io_join(dir, name);
	assert_int_equal(access(path, F_OK), 0);
	free(path);
	free(dir);
}

CASE("telemetry: a second opening in the same process has a file of its own")
{
	char *dir = new_dir();
	struct tele_file *one = telemetry_open(TELE_CLIENT, "p", NULL);
	struct tele_file *two = telemetry_open(TELE_CLIENT, "q", NULL);
	char name[100];
	char *path;

	assert_non_null(one);
	assert_non_null(two);
	snprintf(name, sizeof name, "client-%ld-%llu-2", (long)getpid(), (unsigned long long)one->start_time);
	path = io_join(dir, name);
	assert_int_equal(access(path, F_OK), 0);
	assert_string_equal(one->program, "p");
	free(path);
	free(dir);
}

CASE("telemetry: there is none, and why is said, when nobody asked or the place is missing")
{
	struct err unset = { "" };
	struct err missing = { "" };
	char *dir = file_path("not-there");

	unsetenv(SG_TELE_ENV_DIR);
	assert_null(telemetry_open(TELE_POOL, "p", &unset));
	assert_non_null(strstr(unset.text, SG_TELE_ENV_DIR));
	setenv(SG_TELE_ENV_DIR, dir, 1);
	assert_null(telemetry_open(TELE_POOL, "p", &missing));
	assert_non_null(strstr(missing.text, dir));
	assert_null(telemetry_open(TELE_POOL, "p", NULL));
	free(dir);
}

CASE("telemetry: opening fails with a reason, and leaves nothing, on a full file system")
{
	char *dir = new_dir();
	struct err e = { "" };
	DIR *d;
	int entries = 0;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", dir, "tmpfs", 0, "size=16k") < 0)
		harness_skip("a small tmpfs cannot be mounted here");
	assert_null(telemetry_open(TELE_POOL, "p", &e));
	assert_non_null(strstr(e.text, "No space left"));
	d = opendir(dir);
	while (readdir(d) != NULL)
		entries++;
	closedir(d);
	assert_int_equal(entries, 2); // "." and ".."
	umount(dir);
	free(dir);
}

CASE("telemetry: a counter is refused when the table is full")
{
	struct tele_file *t = new_file();
	char name[32];

	for (unsigned i = 0; i < SG_TELE_COUNTERS; i++) {
		snprintf(name, sizeof name, "c%u", i);
		assert_non_null(telemetry_counter(t, name));
	}
	assert_null(telemetry_counter(t, "one more"));
	assert_ptr_equal(telemetry_counter(t, "c5"), &t->counters[5].value);
	assert_null(telemetry_counter(NULL, "c"));
	assert_null(telemetry_counter(t, ""));
	free(t);
}

CASE("telemetry: a long counter name is cut and found again")
{
	static const char name[] = "a_name_that_is_longer_than_the_31_bytes_there_are";
	struct tele_file *t = new_file();
	uint64_t *one = telemetry_counter(t, name);

	assert_ptr_equal(telemetry_counter(t, name), one);
	assert_int_equal(strlen(t->counters[0].name), 31);
	free(t);
}

static int read_back(const struct tele_file *t, size_t len, struct tele_file *out)
{
	char *path = file_path("file");
	int rc;

	assert_int_equal(io_replace_file(path, t, len, NULL), 0);
	rc = telemetry_read(path, out, NULL);
	free(path);
	return rc;
}

CASE("telemetry: everything is within bounds when the file is full of rubbish behind a good head")
{
	struct tele_file *t = new_file();
	struct tele_file *out = new_file();

	memset(t, 0xff, sizeof *t);
	memcpy(t->magic, SG_TELE_MAGIC, 8);
	t->version = SG_TELE_VERSION;
	t->bytes = (uint32_t)sizeof *t;
	t->role = TELE_PROBE;
	assert_int_equal(read_back(t, sizeof *t, out), 0);
	assert_int_equal(strlen(out->program), sizeof out->program - 1);
	assert_int_equal(strlen(out->note), sizeof out->note - 1);
	assert_int_equal(out->maps_len, sizeof out->maps - 1);
	assert_int_equal(strlen(out->maps), sizeof out->maps - 1);
	for (unsigned i = 0; i < SG_TELE_COUNTERS; i++)
		assert_int_equal(strlen(out->counters[i].name), sizeof out->counters[i].name - 1);
	for (unsigned i = 0; i < SG_TELE_POOLS; i++) {
		assert_int_equal(out->pools[i].frame_count, SG_TELE_FRAMES);
		assert_int_equal(strlen(out->pools[i].text), SG_TELE_TEXT - 1);
		assert_int_equal(strlen(out->pools[i].name), sizeof out->pools[i].name - 1);
	}
	free(out);
	free(t);
}

CASE("telemetry: a file is refused when its magic, version, size or role is another")
{
	struct tele_file *good = new_file();
	struct tele_file *bad = new_file();
	struct tele_file *out = new_file();
	char *dir = file_path("dir");

	memcpy(good->magic, SG_TELE_MAGIC, 8);
	good->version = SG_TELE_VERSION;
	good->bytes = (uint32_t)sizeof *good;
	good->role = TELE_POOL;
	assert_int_equal(read_back(good, sizeof *good, out), 0);
	assert_int_equal(read_back(good, sizeof *good - 1, out), -EINVAL);
	assert_int_equal(read_back(good, 0, out), -EINVAL);
	*bad = *good;
	bad->magic[0] = 'X';
	assert_int_equal(read_back(bad, sizeof *bad, out), -EINVAL);
	*bad = *good;
	bad->version++;
	assert_int_equal(read_back(bad, sizeof *bad, out), -EINVAL);
	*bad = *good;
	bad->bytes--;
	assert_int_equal(read_back(bad, sizeof *bad, out), -EINVAL);
	*bad = *good;
	bad->role = 0;
	assert_int_equal(read_back(bad, sizeof *bad, out), -EINVAL);
	bad->role = 7;
	assert_int_equal(read_back(bad, sizeof *bad, out), -EINVAL);
	assert_int_equal(io_make_dirs(dir, NULL), 0);
	assert_int_equal(telemetry_read(dir, out, NULL), -EINVAL);
	free(dir);
	free(out);
	free(bad);
	free(good);
}
