// Which tests of a suite are run, and in which order.
#include "history.h"
#include "pipeline.h"

#include "filter.h"
#include "rng.h"
#include "units.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct selecting {
	struct pipeline *j;
	const struct opt_set *opts;
	struct filter *filter; // NULL: everything
	struct strings only;   // --only's ids and patterns
	struct run last;       // the last run, where it is asked for
	bool has_last;
	struct history *history; // for --budget: what tests took in earlier runs; NULL: there is none
	size_t slow_left_out;
};

// ---- the expression
// ---------------------------------------------------------------------------------------------

// Options that are a filter's name with patterns, and those that are an expression.
static const struct {
	const char *option, *name;
} named[] = {
	{ "kind", "kind" }, { "level", "level" }, { "tag", "tag" }, { "path", "path" }, { "priority", "priority" },
};

static const struct {
	const char *option, *expression;
} fixed[] = {
	{ "only-slow", "slow()" },
	{ "only-skipped", "(skipped() | status(skipped))" },
	{ "planned-only", "planned()" },
	{ "last-failed", "status(unexpected)" },
};

static void add_term(struct buf *text, const char *before, const char *what, size_t len, const char *after)
{
	if (text->len > 0)
		buf_adds(text, " & ");
	buf_adds(text, before);
	buf_add(text, what, len);
	buf_adds(text, after);
}

// A kind, level or priority that there is none of is a typo; a pattern may fit none. It is read as a header is.
static int check_names(const char *option, const char *value, struct err *e)
{
	static const struct {
		const char *option;
		enum header_key key;
	} keys[] = { { "kind", HKEY_KIND }, { "level", HKEY_LEVEL }, { "priority", HKEY_PRIORITY } };
	enum header_key key = HKEY_COUNT;
	int rc = 0;

	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		key = strcmp(keys[i].option, option) == 0 ? keys[i].key : key;
	while (key != HKEY_COUNT && rc == 0 && *(value += strspn(value, ", ")) != '\0') {
		const size_t len = strcspn(value, ", ");
		char *word = strndup(value, len);
		struct err why = { 0 };

		if (word == NULL)
			rc = -ENOMEM;
		else if (strpbrk(word, "*?[") == NULL && test_header_check(key, word, &why) < 0)
			rc = err_set(e, EINVAL, "--%s %s: %s", option, word, why.text);
		free(word);
		value += len;
	}
	return rc;
}

// An empty value is a script's variable that was never set, and not a wish for everything.
static int check_empty(const char *option, const char *value, struct err *e)
{
	if (value == NULL || value[strspn(value, " ,\n")] != '\0')
		return 0;
	return err_set(e, EINVAL, "--%s is empty; leave it out to select everything", option);
}

static int add_named(const struct opt_set *o, size_t i, struct buf *text, struct err *e)
{
	const char *value = opt_text(o, named[i].option);
	char before[32];

	if (value == NULL)
		return 0;
	if (check_empty(named[i].option, value, e) < 0)
		return -EINVAL;
	if (strpbrk(value, "()") != NULL)
		return err_set(e, EINVAL, "--%s '%s': no parentheses here; --filter takes expressions",
		               named[i].option, value);
	if (check_names(named[i].option, value, e) < 0)
		return -EINVAL;
	snprintf(before, sizeof before, "%s(", named[i].name);
	add_term(text, before, value, strlen(value), ")");
	return 0;
}

// All that was asked for as one expression.
static int make_filter(struct selecting *s, struct err *e)
{
	const char *filters = opt_text(s->opts, "filter");
	struct buf text = { 0 };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof named / sizeof named[0]; i++)
		rc = add_named(s->opts, i, &text, e);
	for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
		if (opt_flag(s->opts, fixed[i].option))
			add_term(&text, "", fixed[i].expression, strlen(fixed[i].expression), "");
	while (rc == 0 && filters != NULL && *filters != '\0') {
		struct filter *alone;
		char *one = strndup(filters, strcspn(filters, "\n"));

		// each by itself first, so that the column in an error is its own
		rc = one == NULL ? err_set(e, ENOMEM, "out of memory") : filter_parse(one, &alone, e);
		if (rc == 0) {
			filter_free(alone);
			add_term(&text, "(", one, strlen(one), ")");
		}
		filters += strcspn(filters, "\n");
		filters += *filters == '\n';
		free(one);
	}
	if (rc == 0 && text.failed)
		rc = err_set(e, ENOMEM, "out of memory");
	if (rc == 0 && text.len > 0)
		rc = filter_parse(buf_text(&text), &s->filter, e);
	buf_deinit(&text);
	return rc;
}

// ---- the last run
// -----------------------------------------------------------------------------------------------

// --last's run, else the one whose tests run again, else the one that stressgen-runs/latest leads to. Without
// `must` there may be none.
static int load_last(struct selecting *s, const char *why, bool must, struct err *e)
{
	const char *dir = opt_text(s->opts, "last") != NULL ? opt_text(s->opts, "last") : s->j->earlier;
	int rc = run_load(dir != NULL ? dir : SG_LATEST, &s->last, e);

	s->has_last = rc == 0;
	if (rc == 0 || dir != NULL)
		return rc == -ENOENT ? -EINVAL : rc;
	e->text[0] = '\0';
	if (!must)
		return 0;
	return err_set(e, EINVAL, "%s asks for the last run, and there is none here; name one with --last RUN",
	               why);
}

static struct filter_last last_of(const struct selecting *s, const struct suite_test *t)
{
	const struct result *r = s->has_last ? run_find(&s->last, t->id) : NULL;

	return r == NULL ? (struct filter_last){ 0 }
	                 : (struct filter_last){ verdict_name(r->verdict), !r->as_expected };
}

// ---- choosing
// -----------------------------------------------------------------------------------------------------

static bool matches(const char *id, const struct strings *patterns)
{
	for (size_t i = 0; i < patterns->count; i++)
		if (strcmp(patterns->items[i], id) == 0 || fnmatch(patterns->items[i], id, 0) == 0)
			return true;
	return false;
}

// By its id, or by that of the test which it is a repetition or a case of: "a.sh" are "a.sh#2" and "a.sh::case"
// too.
static bool matches_whole(const struct selecting *s, const struct suite_test *t)
{
	char *id = strdup(t->id);
	char *cut = id != NULL && s->j->repeat > 1 ? strrchr(id, '#') : NULL;
	bool found = matches(t->id, &s->only);

	if (!found && cut != NULL && cut[1] != '\0' && cut[1 + strspn(cut + 1, "0123456789")] == '\0') {
		*cut = '\0';
		found = matches(id, &s->only);
	}
	cut = id != NULL && t->case_name != NULL ? strstr(id, "::") : NULL;
	if (!found && cut != NULL) {
		*cut = '\0';
		found = matches(id, &s->only);
	}
	free(id);
	return found;
}

// The values of an option that may be repeated; 0 or -ENOMEM.
static int split_lines(const char *text, struct strings *out)
{
	int r = 0;

	while (r == 0 && text != NULL && *text != '\0') {
		size_t n = strcspn(text, "\n");

		r = strings_add(out, text, n);
		text += n + (text[n] == '\n');
	}
	return r;
}

static bool is_wanted(struct selecting *s, const struct suite_test *t)
{
	const struct filter_last last = last_of(s, t);
	const bool any_slow = opt_flag(s->opts, "slow") || opt_flag(s->opts, "only-slow") || s->only.count > 0 ||
	                      opt_given(s->opts, "filter") || opt_flag(s->opts, "last-failed");

	if (s->only.count > 0 && !matches_whole(s, t))
		return false;
	if (s->filter != NULL && !filter_matches(s->filter, t, &last))
		return false;
	if (t->meta.slow && !any_slow) {
		s->slow_left_out++;
		return false;
	}
	return true;
}

static int nothing_left(const struct selecting *s, struct err *e)
{
	const struct suite *suite = &s->j->suite;

	if (suite->count == 0)
		return err_set(e, ENOENT,
		               "%s has no tests: no file in it can be executed or has a header; try chmod +x",
		               suite->dir);
	if (s->slow_left_out > 0)
		return err_set(e, ENOENT, "only tests marked @Slow are left; --slow runs them too");
	if (s->only.count > 0 && s->filter == NULL)
		return err_set(e, ENOENT, "nothing matches --only '%s'; stressgen list %s shows the tests",
		               opt_text(s->opts, "only"), suite->dir);
	return err_set(e, ENOENT, "none of the %zu tests is selected; stressgen list %s shows them", suite->count,
	               suite->dir);
}

// ---- the order
// ----------------------------------------------------------------------------------------------------

// By priority, and within one as before.
static int sort_by_priority(struct pipeline *j)
{
	size_t *sorted = calloc(j->selected + 1, sizeof *sorted);
	size_t n = 0;

	if (sorted == NULL)
		return -ENOMEM;
	for (unsigned priority = 0; n < j->selected; priority++)
		for (size_t i = 0; i < j->selected; i++)
			if (j->suite.tests[j->selection[i]].meta.priority == priority)
				sorted[n++] = j->selection[i];
	free(j->selection);
	j->selection = sorted;
	return 0;
}

static void shuffle(struct pipeline *j, uint64_t seed)
{
	struct rng rng;

	rng_init(&rng, seed);
	for (size_t i = j->selected; i > 1; i--) {
		size_t k = (size_t)rng_below(&rng, i);
		size_t swap = j->selection[i - 1];

		j->selection[i - 1] = j->selection[k];
		j->selection[k] = swap;
	}
}

// What a test took last time, else what the history says; 0 when nobody knows.
static uint64_t last_wall_ns(const struct selecting *s, const struct suite_test *t)
{
	const struct result *r = s->has_last ? run_find(&s->last, t->id) : NULL;

	return r != NULL ? r->wall_ns : history_duration_ns(s->history, t->id);
}

// Keeps what fits into the budget, in order of running; a test that nobody has timed counts as the average
// one.
static int fit_budget(struct selecting *s, uint64_t budget_ns, struct err *e)
{
	struct pipeline *j = s->j;
	uint64_t known_ns = 0, used_ns = 0, least_ns = UINT64_MAX;
	size_t known = 0, kept = 0;
	const size_t before = j->selected;
	char text[32], limit[32];

	for (size_t i = 0; i < j->selected; i++) {
		uint64_t ns = last_wall_ns(s, &j->suite.tests[j->selection[i]]);

		known_ns += ns;
		known += ns > 0;
	}
	for (size_t i = 0; i < j->selected; i++) {
		uint64_t ns = last_wall_ns(s, &j->suite.tests[j->selection[i]]);

		if (ns == 0 && known > 0)
			ns = known_ns / known;
		least_ns = ns < least_ns ? ns : least_ns;
		if (used_ns + ns > budget_ns)
			continue;
		used_ns += ns;
		j->selection[kept++] = j->selection[i];
	}
	j->selected = kept;
	if (kept == 0)
		return err_set(e, ENOENT,
		               "no test fits into --budget %s: by the times of earlier runs the shortest takes %s",
		               units_duration(limit, sizeof limit, budget_ns),
		               units_duration(text, sizeof text, least_ns));
	say(j->app,
	    "--budget %s: %zu of %zu tests fit, by the times of earlier runs they take %s (%zu were never timed)",
	    units_duration(limit, sizeof limit, budget_ns), kept, before,
	    units_duration(text, sizeof text, used_ns), before - known);
	return 0;
}

static int put_in_order(struct selecting *s, struct err *e)
{
	struct pipeline *j = s->j;
	// With --against it is the pairs that must fit.
	uint64_t budget_ns = s->j->app->command == COMMAND_AB || opt_given(s->opts, "against")
	                             ? 0
	                             : opt_number(s->opts, "budget");
	int rc;

	if (opt_given(s->opts, "shuffle"))
		shuffle(j, opt_number(s->opts, "shuffle"));
	rc = sort_by_priority(j);
	if (rc < 0)
		return err_set(e, ENOMEM, "out of memory");
	return budget_ns > 0 ? fit_budget(s, budget_ns, e) : 0;
}

#define HISTORY_WAIT_MS 1000U // no run waits longer for a history that is only of help

// The last run's times, and the history's for what was not in it.
static int load_times(struct selecting *s, struct err *e)
{
	int rc = load_last(s, "--budget", false, e);

	if (rc == 0)
		history_open(opt_text(s->opts, "db"), HISTORY_READ, HISTORY_WAIT_MS, &s->history, NULL);
	return rc;
}

// ---- the whole
// ----------------------------------------------------------------------------------------------------

static int choose(struct selecting *s, struct err *e)
{
	struct pipeline *j = s->j;
	int rc = check_empty("only", opt_text(s->opts, "only"), e);

	if (rc == 0)
		rc = check_empty("filter", opt_text(s->opts, "filter"), e);
	if (rc == 0)
		rc = make_filter(s, e);

	if (rc == 0 && s->filter != NULL && filter_needs_status(s->filter))
		rc = load_last(s, opt_flag(s->opts, "last-failed") ? "--last-failed" : "the selection",
		               !opt_flag(s->opts, "only-skipped") || opt_flag(s->opts, "last-failed") ||
		                       opt_given(s->opts, "filter"),
		               e);
	else if (rc == 0 && opt_number(s->opts, "budget") > 0 && !opt_given(s->opts, "against") &&
	         j->app->command != COMMAND_AB)
		rc = load_times(s, e);
	if (rc == 0 && split_lines(opt_text(s->opts, "only"), &s->only) < 0)
		rc = err_set(e, ENOMEM, "out of memory");
	if (rc < 0)
		return rc;
	j->selection = calloc(j->suite.count + 1, sizeof *j->selection);
	if (j->selection == NULL)
		return err_set(e, ENOMEM, "out of memory");
	for (size_t i = 0; i < j->suite.count; i++)
		if (is_wanted(s, &j->suite.tests[i]))
			j->selection[j->selected++] = i;
	if (j->selected == 0)
		return nothing_left(s, e);
	if (s->slow_left_out > 0)
		say(j->app, "%zu test%s marked @Slow %s left out; --slow runs them too", s->slow_left_out,
		    s->slow_left_out == 1 ? "" : "s", s->slow_left_out == 1 ? "is" : "are");
	return put_in_order(s, e);
}

// What the run that is resumed had selected, in its order.
static int recall(struct pipeline *j, struct err *e)
{
	json_t *id;
	size_t i;

	j->selection = calloc(json_array_size(j->chosen) + 1, sizeof *j->selection);
	if (j->selection == NULL)
		return err_set(e, ENOMEM, "out of memory");
	json_array_foreach(j->chosen, i, id)
	{
		const struct suite_test *t = suite_find(&j->suite, json_string_value(id));

		if (t != NULL) // else the suite has changed, which the runner refuses unless forced
			j->selection[j->selected++] = (size_t)(t - j->suite.tests);
	}
	return 0;
}

// Each scenario begins its file of frames anew: several of one name would leave the last one's.
static int check_frames(const struct pipeline *j, struct err *e)
{
	static const char program[] = "{stressgen:h2} ";
	const char *path = opt_text(&j->app->opts, "frames");
	size_t writers = 0;

	for (size_t i = 0; i < j->selected; i++) {
		const char *run = j->suite.tests[j->selection[i]].meta.run;

		writers += run != NULL && strncmp(run, program, sizeof program - 1) == 0;
	}
	if (path == NULL || writers < 2 || strstr(path, "{name}") != NULL || strncmp(path, "/dev/", 5) == 0)
		return 0;
	return err_set(e, EINVAL,
	               "--frames %s: %zu scenarios would write over each other; write e.g. '{name}.txt'", path,
	               writers);
}

int pipeline_select(struct pipeline *j, struct err *e)
{
	struct selecting s = { .j = j, .opts = &j->app->opts };
	int rc = j->chosen != NULL ? recall(j, e) : choose(&s, e);

	if (rc == 0)
		rc = check_frames(j, e);
	filter_free(s.filter);
	strings_deinit(&s.only);
	run_deinit(&s.last);
	history_close(s.history);
	return rc;
}
