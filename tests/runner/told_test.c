// What the runner tells of a test is in the journal already, however little room that had.
#include "lab.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define TESTS 6
#define STEP_BYTES 97 // no divisor of what a record takes

struct told {
	struct lab *lab;
	char words[2048]; // what was told, in its order
	unsigned ends, too_early;
};

static bool is_written(const struct lab *l, const char *type, const char *id)
{
	char *journal = lab_read(l, "journal.jsonl"), wanted[200];
	bool found;

	snprintf(wanted, sizeof wanted, "\"type\":\"%s\",\"id\":\"%s\"", type, id);
	found = strstr(journal, wanted) != NULL;
	free(journal);
	return found;
}

static void note(struct told *t, const char *type, const char *id)
{
	const size_t len = strlen(t->words);

	snprintf(t->words + len, sizeof t->words - len, "%s %s\n", type, id);
	t->too_early += !is_written(t->lab, type, id);
}

static void on_started(void *arg, __attribute__((unused)) size_t settled, __attribute__((unused)) size_t total,
                       const struct suite_test *test)
{
	note(arg, "start", test->id);
}

static void on_ended(void *arg, size_t settled, __attribute__((unused)) size_t total,
                     __attribute__((unused)) const struct suite_test *test, const struct result *r)
{
	struct told *t = arg;

	assert_int_equal(settled, t->ends++);
	note(t, "end", r->id);
}

static void begin(struct told *t, struct lab *l)
{
	lab_init(l);
	*t = (struct told){ .lab = l };
	l->config.hooks = (struct runner_hooks){ .started = on_started, .ended = on_ended, .arg = t };
}

// How often the journal has it.
static unsigned count_of(const struct lab *l, const char *what)
{
	char *journal = lab_read(l, "journal.jsonl");
	unsigned n = 0;

	for (const char *at = journal; (at = strstr(at, what)) != NULL; at++)
		n++;
	free(journal);
	return n;
}

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes > limit.rlim_max ? limit.rlim_max : bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

CASE("told: starts and ends are told in turn, and each is in the journal by then")
{
	struct told t;
	struct lab l;

	begin(&t, &l);
	lab_script(&l, "a.sh", "true");
	lab_script(&l, "b.sh", "false");
	lab_script(&l, "c.sh", "true");
	lab_script(&l, "d.sh", "# @Skip not now");
	lab_script(&l, "e.sh", "true");
	lab_run(&l);
	assert_int_equal(l.rc, 0);
	assert_string_equal(t.words, "start a.sh\nend a.sh\nstart b.sh\nend b.sh\nstart c.sh\nend c.sh\nend d.sh\n"
	                             "start e.sh\nend e.sh\n");
	assert_int_equal(t.too_early, 0);
	assert_int_equal(l.summary.ran, 5);
	lab_deinit(&l);
}

CASE("told: a batch's last test is in the journal and told before what resets the state runs")
{
	struct told t;
	struct lab l;
	char command[400];

	begin(&t, &l);
	for (int i = 0; i < 4; i++) {
		char name[16];

		snprintf(name, sizeof name, "t%d.sh", i);
		lab_script(&l, name, "true");
	}
	snprintf(command, sizeof command, "[ $(grep -c '\"type\":\"end\"' '%s/journal.jsonl') = 2 ]", l.run_dir);
	l.config.batch = 2;
	l.config.between = command;
	lab_run(&l);
	assert_false(l.summary.untrusted);
	assert_int_equal(t.ends, 4);
	assert_int_equal(t.too_early, 0);
	lab_deinit(&l);
}

// Wherever the disk was full: what was told had been written, and going on runs the rest, each once.
CASE("told: however much of the journal finds room, what was told is in it, and the rest runs when there is room")
{
	unsigned broken_off = 0;
	rlim_t bytes = 0;
	bool whole = false;

	signal(SIGXFSZ, SIG_IGN);
	while (!whole) {
		struct told t;
		struct lab l;

		begin(&t, &l);
		for (int i = 0; i < TESTS; i++) {
			char name[16];

			snprintf(name, sizeof name, "t%d.sh", i);
			lab_script(&l, name, "true");
		}
		limit_files(bytes += STEP_BYTES);
		lab_run(&l);
		limit_files(RLIM_INFINITY);
		assert_int_equal(t.too_early, 0);
		assert_int_equal(count_of(&l, "\"type\":\"end\""), t.ends);
		whole = l.rc == 0 && !l.summary.untrusted;
		if (!whole && l.run.count > 0) {
			broken_off += t.ends > 0;
			t.ends = 0;
			l.config.resume = true;
			l.config.hooks.ended = NULL;
			lab_run(&l);
			assert_int_equal(l.rc, 0);
		}
		if (whole || l.config.resume) {
			assert_int_equal(l.run.count, TESTS);
			assert_int_equal(count_of(&l, "\"type\":\"end\""), TESTS);
		}
		lab_deinit(&l);
	}
	assert_true(broken_off > 2 * TESTS);
}
