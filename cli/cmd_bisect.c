// stressgen bisect: git bisect, each commit judged by `ab` against the good one. All of it happens in worktrees of
// its own below $TMPDIR: the person's tree, index and branches stay as they are.
#include "bisect_state.h"
#include "io.h"
#include "pipeline.h"
#include "tool.h"
#include "verdict.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NS_PER_S UINT64_C(1000000000)
#define GIT_NS (600 * NS_PER_S)
#define LONG_NS (7 * 24 * 3600 * NS_PER_S)
#define NARROWER 4 // a candidate's interval is to be so much narrower than what is looked for
#define LAST_LINES 800U
#define SKIP 125 // of git bisect: this commit cannot be tested

static volatile sig_atomic_t stopped;

static void on_signal(int sig)
{
	stopped = sig;
}

struct bisecting {
	struct app *app;
	char dir[64], good[80], candidate[80]; // worktrees below dir
	struct bisect_outcome last_bad;
	double middle;    // above (or below) it a commit is bad
	double precision; // of the candidates' intervals; 0: as asked
	unsigned runs;
	bool worktrees;
	struct bisect_state state;
	struct err e;
};

// ---- programs -------------------------------------------------------------------------------------------------

// Exit status of `sh -c LINE`, its output in `out`; -EINTR when a signal has come meanwhile.
static int shell(const struct bisecting *b, const char *line, uint64_t limit_ns, bool quiet, struct buf *out)
{
	char name[] = "/bin/sh", c[] = "-c", *copy = strdup(line);
	char *argv[] = { name, c, copy, NULL };
	int status = 0;
	int rc = copy == NULL ? -ENOMEM : tool_run(argv, limit_ns, quiet, out, &status);

	(void)b;
	free(copy);
	if (stopped != 0)
		return -EINTR;
	if (rc < 0)
		return rc;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// git with these words, in `dir`; its output in `out` where that is not NULL. 0, or -EINVAL with `e` filled.
static int git(struct bisecting *b, const char *dir, const char *words, struct buf *out)
{
	struct buf line = { 0 }, said = { 0 };
	int rc;

	buf_adds(&line, "git -C");
	pipeline_quote(dir, &line);
	buf_addf(&line, " %s 2>&1", words);
	rc = shell(b, buf_text(&line), GIT_NS, false, &said);
	if (rc == 0 && out != NULL)
		buf_add(out, buf_text(&said), said.len);
	else if (rc == -EINTR)
		err_set(&b->e, EINTR, "stopped");
	else if (rc != 0)
		rc = err_set(&b->e, EINVAL, "git %s: %.*s", words, (int)strcspn(buf_text(&said), "\n"),
		             buf_text(&said));
	buf_deinit(&line);
	buf_deinit(&said);
	return rc;
}

// 0; SKIP when it does not build; -EINTR.
static int build(struct bisecting *b, const char *dir)
{
	const char *command = opt_text(&b->app->opts, "build");
	struct buf line = { 0 }, said = { 0 };
	int rc;

	if (command == NULL)
		return 0;
	buf_adds(&line, "cd");
	pipeline_quote(dir, &line);
	buf_addf(&line, " && { %s\n} 2>&1", command);
	rc = shell(b, buf_text(&line), LONG_NS, false, &said);
	if (rc > 0) {
		const size_t from = said.len > LAST_LINES ? said.len - LAST_LINES : 0;

		fprintf(stderr, "%s\n", buf_text(&said) + from);
		say(b->app, "the build ended with exit status %d", rc);
		rc = SKIP;
	}
	buf_deinit(&line);
	buf_deinit(&said);
	return rc;
}

// ---- one comparison -------------------------------------------------------------------------------------------

static const char *metric_of(const struct opt_set *o)
{
	if (opt_text(o, "metric") != NULL)
		return opt_text(o, "metric");
	return opt_flag(o, "count-instructions") ? "instructions" : "time";
}

static bool fits(const char *pattern, const char *metric)
{
	const char *slash = strrchr(metric, '/');

	return fnmatch(pattern, metric, 0) == 0 || (slash != NULL && fnmatch(pattern, slash + 1, 0) == 0);
}

// 0; SKIP when that metric was not compared.
static int read_outcome(const struct bisecting *b, const char *json, struct bisect_outcome *out)
{
	json_t *report = json_loads(json, 0, NULL), *row;
	int rc = SKIP;
	size_t i;

	json_array_foreach(json_object_get(report, "rows"), i, row)
	{
		if (!fits(metric_of(&b->app->opts), json_string_value(json_object_get(row, "metric"))) ||
		    json_object_get(row, "ratio") == NULL || json_object_get(row, "low") == NULL)
			continue;
		out->ratio = json_number_value(json_object_get(row, "ratio"));
		out->low = json_number_value(json_object_get(row, "low"));
		out->high = json_number_value(json_object_get(row, "high"));
		rc = 0;
		break;
	}
	json_decref(report);
	return rc;
}

static void add_side(const struct bisecting *b, const char *option, const char *dir, struct buf *line)
{
	const struct opt_set *o = &b->app->opts;
	struct buf command = { 0 };

	buf_adds(&command, "env -C");
	pipeline_quote(dir, &command);
	for (size_t i = 0; i < o->rest_count; i++)
		pipeline_quote(o->rest[i], &command);
	buf_addf(line, " %s", option);
	pipeline_quote(buf_text(&command), line);
	buf_deinit(&command);
}

static void add_option(const struct bisecting *b, const char *name, struct buf *line)
{
	if (!opt_given(&b->app->opts, name))
		return;
	buf_addf(line, " --%s", name);
	pipeline_quote(opt_text(&b->app->opts, name), line);
}

// The good build against the candidate. 0; SKIP where it cannot be told; -EINTR.
static int compare(struct bisecting *b, struct bisect_outcome *out)
{
	static const char *const handed_on[] = { "pairs", "budget", "timeout", "memory", "seed" };
	const struct opt_set *o = &b->app->opts;
	struct buf line = { 0 }, json = { 0 };
	int rc;

	pipeline_quote(b->app->paths.bin, &line);
	buf_adds(&line, " ab");
	add_side(b, "--a", b->good, &line);
	add_side(b, "--b", b->candidate, &line);
	buf_addf(&line, " --format json --progress none --quiet --no-preload -o '%s/run-%u'", b->dir, ++b->runs);
	for (size_t i = 0; i < sizeof handed_on / sizeof handed_on[0]; i++)
		add_option(b, handed_on[i], &line);
	if (opt_flag(o, "count-instructions"))
		buf_adds(&line, " --count-instructions");
	if (b->precision > 0 && !opt_given(o, "precision"))
		buf_addf(&line, " --precision %.3f%%", 100 * b->precision);
	else
		add_option(b, "precision", &line);
	rc = shell(b, buf_text(&line), LONG_NS, true, &json);
	// 1: the test fails at this commit, which is another fault than the one that is looked for
	rc = rc == 0 ? read_outcome(b, buf_text(&json), out) : rc > 0 ? SKIP : rc;
	buf_deinit(&line);
	buf_deinit(&json);
	return rc;
}

static const char *words_of(const struct bisect_outcome *r, const char *metric, char *text, size_t size)
{
	snprintf(text, size, "%s %+.1f %% (95 %%: %+.1f to %+.1f %%)", metric, 100 * (r->ratio - 1),
	         100 * (r->low - 1), 100 * (r->high - 1));
	return text;
}

// ---- the search -----------------------------------------------------------------------------------------------

static int head_of(struct bisecting *b, const char *dir, char commit[BISECT_COMMIT_LENGTH])
{
	struct buf said = { 0 };
	int rc = git(b, dir, "rev-parse HEAD", &said);

	snprintf(commit, BISECT_COMMIT_LENGTH, "%.40s", buf_text(&said));
	buf_deinit(&said);
	return rc;
}

// Bad, built, and how it compares with good.
static int compare_ends(struct bisecting *b)
{
	int rc = build(b, b->candidate);

	if (rc == SKIP)
		return err_set(&b->e, EINVAL, "--bad %s does not build", opt_text(&b->app->opts, "bad"));
	rc = rc == 0 ? compare(b, &b->last_bad) : rc;
	if (rc == SKIP)
		return err_set(&b->e, EINVAL,
		               "the test cannot be compared between good and bad in %s: does it end well?",
		               metric_of(&b->app->opts));
	rc = rc == 0 ? head_of(b, b->candidate, b->last_bad.commit) : rc;
	return rc == 0 ? bisect_state_set_difference(&b->state, &b->last_bad, &b->e) : rc;
}

// Good and bad, built, and the difference that is looked for; one that was interrupted knows it.
static int begin(struct bisecting *b)
{
	char words[160];
	int rc = build(b, b->good);

	if (rc == SKIP)
		return err_set(&b->e, EINVAL, "--good %s does not build", opt_text(&b->app->opts, "good"));
	if (rc == 0 && !bisect_state_difference(&b->state, &b->last_bad))
		rc = compare_ends(b);
	if (rc < 0)
		return rc;
	words_of(&b->last_bad, metric_of(&b->app->opts), words, sizeof words);
	if (b->last_bad.low <= 1 && b->last_bad.high >= 1)
		return err_set(&b->e, ERANGE, "no difference is seen between good and bad: %s", words);
	say(b->app, "bad against good: %s", words);
	b->middle = sqrt(b->last_bad.ratio);
	b->precision = fmax(fabs(log(b->last_bad.ratio)) / NARROWER, .0005);
	return 0;
}

// What git bisect is told of the commit that is checked out, which is in `found` with its figures. NULL with `e`
// filled.
static const char *judge(struct bisecting *b, struct bisect_outcome *found)
{
	const bool upwards = b->middle > 1;
	struct bisect_outcome r = { 0 };
	char words[160];
	int rc = head_of(b, b->candidate, r.commit);

	if (rc == 0)
		rc = build(b, b->candidate);
	if (rc == 0)
		rc = compare(b, &r);
	if (rc < 0) {
		err_set(&b->e, -rc, "stopped");
		return NULL;
	}
	*found = r;
	if (rc == SKIP || (r.low <= b->middle && r.high >= b->middle)) {
		say(b->app, "%.12s: skipped: %s", r.commit,
		    rc == SKIP ? "it cannot be tested"
		               : words_of(&r, "lies between good and bad:", words, sizeof words));
		return "skip";
	}
	words_of(&r, metric_of(&b->app->opts), words, sizeof words);
	if ((r.ratio > b->middle) != upwards) {
		say(b->app, "%.12s: good: %s", r.commit, words);
		return "good";
	}
	say(b->app, "%.12s: bad: %s", r.commit, words);
	return "bad";
}

static bool is_over(const char *said)
{
	return strstr(said, "is the first bad commit") != NULL ||
	       strstr(said, "only 'skip'ped commits left") != NULL ||
	       strstr(said, "only skipped commits left") != NULL;
}

// git bisect is told, and what it says is in `said`.
static int tell_git(struct bisecting *b, const char *verdict, const struct bisect_outcome *r, struct buf *said)
{
	struct buf words = { 0 };
	int rc;

	if (strcmp(verdict, "bad") == 0)
		b->last_bad = *r;
	buf_clear(said);
	buf_addf(&words, "bisect %s %s", verdict, r->commit);
	rc = git(b, b->candidate, buf_text(&words), said);
	// With nothing but skipped commits left it says so by its exit status, too.
	if (rc == -EINVAL && strstr(b->e.text, "only 'skip'ped commits left") != NULL) {
		buf_adds(said, b->e.text);
		rc = 0;
	}
	buf_deinit(&words);
	return rc;
}

// What was thought of commits before the bisection was interrupted.
static int tell_again(struct bisecting *b, struct buf *said)
{
	struct bisect_outcome r = { 0 };
	const char *verdict;
	size_t known = 0;
	int rc = 0;

	for (; rc == 0 && (verdict = bisect_state_verdict(&b->state, known, &r)) != NULL; known++)
		rc = tell_git(b, verdict, &r, said);
	if (rc == 0 && known > 0)
		say(b->app, "%zu commit%s known from before", known, known == 1 ? " is" : "s are");
	return rc;
}

// git bisect, told what to think of each commit; what it said last is in `said`.
static int search(struct bisecting *b, struct buf *said)
{
	const struct opt_set *o = &b->app->opts;
	struct buf words = { 0 };
	int rc;

	buf_adds(&words, "bisect start");
	pipeline_quote(opt_text(o, "bad"), &words);
	pipeline_quote(opt_text(o, "good"), &words);
	rc = git(b, b->candidate, buf_text(&words), said);
	rc = rc == 0 ? tell_again(b, said) : rc;
	while (rc == 0 && !is_over(buf_text(said))) {
		struct bisect_outcome r = { 0 };
		const char *verdict = judge(b, &r);

		rc = verdict == NULL ? -EINTR : bisect_state_add(&b->state, verdict, &r, &b->e);
		rc = rc == 0 ? tell_git(b, verdict, &r, said) : rc;
	}
	buf_deinit(&words);
	return rc;
}

static int tell(struct bisecting *b, const char *said)
{
	struct buf words = { 0 }, subject = { 0 };
	char figures[160];

	if (strstr(said, "is the first bad commit") == NULL) {
		printf("the commits between good and bad that are left could not be told; the first bad one is among "
		       "them:\n%s\n",
		       said);
		return SG_EXIT_TESTS;
	}
	buf_addf(&words, "log -1 '--format=%%h %%s' %s", b->last_bad.commit);
	git(b, b->candidate, buf_text(&words), &subject);
	printf("first bad commit: %s", buf_text(&subject));
	printf("%s against %s\n", words_of(&b->last_bad, metric_of(&b->app->opts), figures, sizeof figures),
	       opt_text(&b->app->opts, "good"));
	buf_deinit(&words);
	buf_deinit(&subject);
	return SG_EXIT_OK;
}

// ---- worktrees ------------------------------------------------------------------------------------------------

static int add_worktree(struct bisecting *b, const char *dir, const char *revision)
{
	struct buf words = { 0 };
	int rc;

	buf_adds(&words, "worktree add --detach --quiet");
	pipeline_quote(dir, &words);
	pipeline_quote(revision, &words);
	rc = git(b, ".", buf_text(&words), NULL);
	buf_deinit(&words);
	return rc;
}

static int open_worktrees(struct bisecting *b)
{
	const struct opt_set *o = &b->app->opts;
	const char *temp = getenv("TMPDIR");
	int rc;

	if (snprintf(b->dir, sizeof b->dir, "%s/stressgen-bisect-XXXXXX", temp != NULL ? temp : "/tmp") >=
	            (int)sizeof b->dir ||
	    mkdtemp(b->dir) == NULL) {
		b->dir[0] = '\0';
		return err_set(&b->e, errno, "a directory below $TMPDIR cannot be made: %s", strerror(errno));
	}
	snprintf(b->good, sizeof b->good, "%s/good",
	         b->dir); // of one length: a path is a part of what is measured
	snprintf(b->candidate, sizeof b->candidate, "%s/cand", b->dir);
	rc = add_worktree(b, b->good, opt_text(o, "good"));
	b->worktrees = rc == 0;
	return rc == 0 ? add_worktree(b, b->candidate, opt_text(o, "bad")) : rc;
}

static void close_worktrees(struct bisecting *b)
{
	struct err kept = b->e;

	stopped = 0;
	if (b->worktrees) {
		git(b, b->candidate, "bisect reset HEAD", NULL);
		for (int i = 0; i < 2; i++) {
			struct buf words = { 0 };

			buf_adds(&words, "worktree remove --force");
			pipeline_quote(i == 0 ? b->good : b->candidate, &words);
			git(b, ".", buf_text(&words), NULL);
			buf_deinit(&words);
		}
	}
	if (b->dir[0] != '\0')
		io_remove_tree(b->dir);
	b->e = kept;
}

// What is compared, and how: a resumed bisection must have the same.
static json_t *key_of(struct bisecting *b)
{
	static const char *const texts[] = { "build", "metric" };
	const struct opt_set *o = &b->app->opts;
	json_t *key = json_object(), *test = json_array();
	char good[BISECT_COMMIT_LENGTH] = "", bad[BISECT_COMMIT_LENGTH] = "";

	if (head_of(b, b->good, good) < 0 || head_of(b, b->candidate, bad) < 0) {
		json_decref(key);
		json_decref(test);
		return NULL;
	}
	json_object_set_new(key, "good", json_string(good));
	json_object_set_new(key, "bad", json_string(bad));
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (opt_text(o, texts[i]) != NULL)
			json_object_set_new(key, texts[i], json_string(opt_text(o, texts[i])));
	json_object_set_new(key, "count-instructions", json_boolean(opt_flag(o, "count-instructions")));
	for (size_t i = 0; i < o->rest_count; i++)
		json_array_append_new(test, json_string(o->rest[i]));
	json_object_set_new(key, "test", test);
	return key;
}

// What a bisection that was killed left behind.
static void clear_left(struct bisecting *b)
{
	const char *left = bisect_state_left(&b->state);

	if (left == NULL || strstr(left, "/stressgen-bisect-") == NULL || strcmp(left, b->dir) == 0)
		return;
	io_remove_tree(left);
	git(b, ".", "worktree prune", NULL);
}

static int open_state(struct bisecting *b)
{
	struct buf said = { 0 };
	json_t *key = NULL;
	int rc = git(b, ".", "rev-parse --path-format=absolute --git-common-dir", &said);

	said.len = strcspn(buf_text(&said), "\n");
	if (rc == 0) {
		char *git_dir = strndup(buf_text(&said), said.len);

		key = key_of(b);
		rc = key == NULL || git_dir == NULL ? -EINVAL
		                                    : bisect_state_open(&b->state, git_dir, key,
		                                                        opt_flag(&b->app->opts, "resume"), &b->e);
		free(git_dir);
	}
	if (rc == 0) {
		clear_left(b);
		rc = bisect_state_set_dir(&b->state, b->dir, &b->e);
	}
	json_decref(key);
	buf_deinit(&said);
	return rc;
}

static int check_options(const struct opt_set *o, struct err *e)
{
	if (opt_text(o, "good") == NULL || opt_text(o, "bad") == NULL || o->rest_count == 0)
		return err_set(e, EINVAL,
		               "write: stressgen bisect --good REV --bad REV --build 'make' -- ./prog args");
	return 0;
}

int cmd_bisect(struct app *app)
{
	struct bisecting b = { .app = app, .state = { .lock = -1 } };
	struct sigaction ours = { .sa_handler = on_signal };
	struct buf said = { 0 };
	int code;
	int rc = check_options(&app->opts, &b.e);

	if (rc < 0)
		return complain(&b.e, rc);
	sigaction(SIGINT, &ours, NULL);
	sigaction(SIGTERM, &ours, NULL);
	rc = open_worktrees(&b);
	if (rc == 0)
		rc = open_state(&b);
	if (rc == 0)
		rc = begin(&b);
	if (rc == 0)
		rc = search(&b, &said);
	code = rc == 0 ? tell(&b, buf_text(&said)) : SG_EXIT_OK;
	if (rc == -EINTR)
		code = SG_EXIT_SIGNAL + SIGINT;
	if (rc == -EINTR && b.state.json != NULL)
		fprintf(stderr, "stressgen: stopped; the same command with --resume goes on\n");
	close_worktrees(&b);
	bisect_state_close(&b.state, rc == 0 || rc == -ERANGE);
	if (rc < 0 && rc != -EINTR)
		code = rc == -ERANGE ? (complain(&b.e, rc), SG_EXIT_TESTS) : complain(&b.e, rc);
	buf_deinit(&said);
	return code;
}
