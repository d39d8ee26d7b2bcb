// See lab.h.
#include "lab.h"

#include "clock.h"
#include "io.h"
#include "proc.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LAB_MARK "SG_TEST_LAB"
#define PATIENCE_NS (30 * SG_NS_PER_S)

static void sleep_ms(long ms)
{
	const struct timespec t = { 0, ms * 1000000 };

	nanosleep(&t, NULL);
}

static void on_note(void *arg, const char *text)
{
	struct lab *l = arg;
	size_t len = strlen(l->notes);

	snprintf(l->notes + len, sizeof l->notes - len, "%s\n", text);
}

static void on_ended(void *arg, __attribute__((unused)) size_t position, __attribute__((unused)) size_t total,
                     const struct suite_test *t, const struct result *r)
{
	struct lab *l = arg;
	size_t len = strlen(l->ended);

	assert_string_equal(t->id, r->id);
	snprintf(l->ended + len, sizeof l->ended - len, "%s\n", t->id);
}

void lab_init(struct lab *l)
{
	static unsigned count;

	char self[24];

	memset(l, 0, sizeof *l);
	snprintf(self, sizeof self, "%d", (int)getpid());
	setenv(LAB_MARK, self, 1); // in whatever the tests start
	snprintf(l->suite_dir, sizeof l->suite_dir, "%s/suite%u", harness_tmpdir(), count);
	snprintf(l->run_dir, sizeof l->run_dir, "%s/run%u", harness_tmpdir(), count++);
	assert_int_equal(mkdir(l->suite_dir, 0777), 0);
	l->config.run_dir = l->run_dir;
	l->config.grace_ns = 300 * SG_NS_PER_MS;
	l->config.timeout_ns = 30 * SG_NS_PER_S;
	l->config.hooks.note = on_note;
	l->config.hooks.ended = on_ended;
	l->config.hooks.arg = l;
}

void lab_deinit(struct lab *l)
{
	run_deinit(&l->run);
	suite_deinit(&l->suite);
}

void lab_script(struct lab *l, const char *name, const char *body)
{
	char *path = io_join(l->suite_dir, name);
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fprintf(f, "#!/bin/sh\n%s\n", body);
	fclose(f);
	chmod(path, 0755);
	free(path);
}

void lab_program(struct lab *l, const char *name, const char *header, const char *program, const char *args)
{
	char body[1024];

	snprintf(body, sizeof body, "%s\nexec '%s' %s", header, program, args);
	lab_script(l, name, body);
}

void lab_load(struct lab *l)
{
	struct err e = { "" };

	run_deinit(&l->run);
	if (run_load(l->run_dir, &l->run, &e) < 0)
		print_message("%s\n", e.text);
}

void lab_run(struct lab *l)
{
	l->err.text[0] = '\0';
	suite_deinit(&l->suite);
	if (suite_load(l->suite_dir, &l->suite, &l->err) < 0)
		fail_msg("%s", l->err.text);
	l->config.suite = &l->suite;
	l->notes[0] = l->ended[0] = '\0';
	l->rc = runner_run(&l->config, &l->summary, &l->err);
	lab_load(l);
}

void lab_run_several(struct lab *l)
{
	l->config.workers = 4;
	for (int i = 0; i < 12; i++) {
		char name[16];

		snprintf(name, sizeof name, "t%02d.sh", i);
		lab_script(l, name, "echo $$ > \"$TMPDIR/only\"; [ $(ls \"$TMPDIR\" | wc -l) = 1 ]");
	}
	lab_run(l);
	assert_int_equal(l->summary.unexpected, 0);
	assert_int_equal(l->run.count, 12);
}

void lab_run_script(struct lab *l, const char *body)
{
	lab_init(l);
	lab_script(l, "t.sh", body);
	lab_run(l);
	assert_int_equal(l->rc, 0);
}

void lab_run_program(struct lab *l, const char *program, const char *header, const char *args)
{
	lab_init(l);
	lab_program(l, "t.sh", header, program, args);
	lab_run(l);
	assert_int_equal(l->rc, 0);
}

void lab_resume(struct lab *l)
{
	l->config.resume = true;
	lab_run(l);
}

pid_t lab_run_apart(struct lab *l)
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		setpgid(0, 0);
		if (suite_load(l->suite_dir, &l->suite, &l->err) < 0)
			_exit(99);
		l->config.suite = &l->suite;
		l->rc = runner_run(&l->config, &l->summary, &l->err);
		if (l->rc < 0)
			fprintf(stderr, "%s\n", l->err.text);
		_exit(l->rc < 0 ? 98 : l->summary.stop_signal);
	}
	setpgid(child, child);
	return child;
}

void lab_wait_for(const struct lab *l, const char *path)
{
	const uint64_t until = clock_now_ns() + PATIENCE_NS;
	char *full = io_join(l->run_dir, path);
	struct stat st;

	while (stat(full, &st) < 0 || st.st_size == 0) {
		if (clock_now_ns() > until)
			fail_msg("%s did not appear", full);
		sleep_ms(5);
	}
	free(full);
}

const struct result *lab_result(const struct lab *l, const char *id)
{
	const struct result *r = run_find(&l->run, id);

	if (r == NULL)
		fail_msg("%s has no result; rc %d, %s", id, l->rc, l->err.text);
	return r;
}

void lab_expect(const struct lab *l, const char *id, enum verdict v, const char *words)
{
	const struct result *r = lab_result(l, id);

	if (r->verdict != v)
		fail_msg("%s ended as %s, not %s: %s", id, verdict_name(r->verdict), verdict_name(v), r->evidence);
	if (strstr(r->evidence, words) == NULL)
		fail_msg("%s: the evidence is '%s', without '%s'", id, r->evidence, words);
}

char *lab_read(const struct lab *l, const char *path)
{
	struct buf text = { 0 };
	char *full = io_join(l->run_dir, path);

	buf_adds(&text, "");
	io_read_file(full, 1 << 30, &text, NULL);
	free(full);
	return buf_take(&text);
}

unsigned lab_processes(const char *text)
{
	struct pid_list all = { 0 };
	unsigned count = 0;
	char mark[48];

	snprintf(mark, sizeof mark, LAB_MARK "=%s", getenv(LAB_MARK));

	proc_all(&all);
	for (size_t i = 0; i < all.count; i++) {
		struct buf name = { 0 };
		struct proc_stat st;

		proc_name(all.pids[i], &name);
		if (strstr(buf_text(&name), text) != NULL && proc_has_env(all.pids[i], mark) &&
		    proc_stat(all.pids[i], &st) == 0 && st.state != 'Z')
			count++;
		buf_deinit(&name);
	}
	pid_list_deinit(&all);
	return count;
}

void lab_wait_processes(const char *text, unsigned least)
{
	const uint64_t until = clock_now_ns() + PATIENCE_NS;

	while (lab_processes(text) < least) {
		if (clock_now_ns() > until)
			fail_msg("%u processes with '%s', not %u", lab_processes(text), text, least);
		sleep_ms(10);
	}
}

unsigned lab_processes_after_wait(const char *text)
{
	const uint64_t until = clock_now_ns() + PATIENCE_NS;
	unsigned count;

	while ((count = lab_processes(text)) > 0 && clock_now_ns() < until)
		sleep_ms(10);
	return count;
}
