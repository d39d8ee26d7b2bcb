// --fail-alloc and --instrument: what the preloaded library is told, and the walk that makes each request of a
// command fail in turn, in a test of its own.
#include "pipeline.h"

#include "units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENV_OPTIONS "STRESSGEN_INTERPOSER"
#define GRAMMAR                                                                                                   \
	"write nth:N, cap:SIZE, prob:P[,SEED], stacks, or, to walk through a command's requests, every[:N] or "   \
	"every-stack[:N]"

struct spec {
	char word[96]; // for the library: "fail=nth:5"; "" for a walk
	bool walk, by_stack;
	uint64_t most; // of a walk; UINT64_MAX: to the end
};

// ---- the spec -----------------------------------------------------------------------------------------------

// What follows `word` and a colon in `text`; "" where nothing follows. NULL when it is another word.
static const char *behind(const char *text, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(text, word, len) != 0 || (text[len] != '\0' && text[len] != ':') ||
	    strcmp(text + len, ":") == 0)
		return NULL;
	return text[len] == '\0' ? text + len : text + len + 1;
}

static int parse_odds(const char *text, struct spec *s)
{
	char *end;
	double odds = strtod(text, &end);
	uint64_t seed = 1;

	if (end == text || !(odds >= 0 && odds <= 1) || (*end != '\0' && *end != ','))
		return -EINVAL;
	if (*end == ',' && units_parse_u64(end + 1, &seed) < 0)
		return -EINVAL;
	snprintf(s->word, sizeof s->word, "fail=prob:%.12f,%" PRIu64, odds, seed);
	return 0;
}

static int parse_walk(const char *most, bool by_stack, struct spec *s)
{
	s->walk = true;
	s->by_stack = by_stack;
	s->most = UINT64_MAX;
	return *most == '\0' || (units_parse_u64(most, &s->most) == 0 && s->most > 0) ? 0 : -EINVAL;
}

static int parse_spec(const char *text, struct spec *s)
{
	const char *rest;
	uint64_t n;

	if ((rest = behind(text, "nth")) != NULL && units_parse_u64(rest, &n) == 0 && n > 0)
		snprintf(s->word, sizeof s->word, "fail=nth:%" PRIu64, n);
	else if ((rest = behind(text, "cap")) != NULL && units_parse_bytes(rest, &n) == 0)
		snprintf(s->word, sizeof s->word, "fail=cap:%" PRIu64, n);
	else if ((rest = behind(text, "prob")) != NULL)
		return parse_odds(rest, s);
	else if (strcmp(text, "stacks") == 0)
		snprintf(s->word, sizeof s->word, "fail=stacks");
	else if ((rest = behind(text, "every")) != NULL)
		return parse_walk(rest, false, s);
	else if ((rest = behind(text, "every-stack")) != NULL)
		return parse_walk(rest, true, s);
	else
		return -EINVAL;
	return 0;
}

// ---- the walk -----------------------------------------------------------------------------------------------

// "mode=... fail=..." behind what the environment says already; owned by the caller.
static char *library_options(const struct pipeline *j, const char *fault)
{
	const char *before = getenv(ENV_OPTIONS);
	struct buf b = { 0 };

	if (before != NULL)
		buf_adds(&b, before);
	if (opt_given(&j->app->opts, "instrument"))
		buf_addf(&b, "%smode=%s", b.len > 0 ? " " : "", opt_text(&j->app->opts, "instrument"));
	if (fault[0] != '\0')
		buf_addf(&b, "%s%s", b.len > 0 ? " " : "", fault);
	return buf_take(&b);
}

// The highest count that any of the test's processes has; false where none was counted, and why.
static bool read_count(const struct result *r, const char *counter, uint64_t *most, const char **why)
{
	bool found = false;

	*most = 0;
	*why = "no process reported";
	for (size_t i = 0; i < r->counters_count; i++) {
		const struct result_counters *c = &r->counters[i];

		if (c->note != NULL && !found)
			*why = c->note;
		for (size_t k = 0; k < c->count; k++)
			if (strcmp(c->items[k].name, counter) == 0) {
				uint64_t n = strtoull(c->items[k].value, NULL, 10);

				*most = n > *most ? n : *most;
				found = true;
			}
	}
	return found;
}

static int count_in_run(const struct aside *a, const struct spec *s, uint64_t *most, struct err *e)
{
	const struct result *r = a->run.count > 0 ? &a->run.results[0] : NULL;
	const char *why;

	if (r == NULL)
		return err_set(e, EINVAL, "the command could not be run");
	if (!r->as_expected)
		return err_set(e, EINVAL, "%s does not even pass when no request fails: %s", r->id,
		               r->evidence != NULL ? r->evidence : verdict_name(r->verdict));
	if (!read_count(r, s->by_stack ? "call_stacks" : "requests", most, &why))
		return err_set(e, EINVAL, "no request of %s can be made to fail: %s", r->id, why);
	return 0;
}

// How many requests, or call stacks, the command has: it is run once, and nothing fails.
static int count_requests(struct pipeline *j, const struct spec *s, uint64_t *most, struct err *e)
{
	const char *never = s->by_stack ? "fail=stacks:18446744073709551615" : "fail=nth:18446744073709551615";
	char *options = library_options(j, never);
	struct runner_config config = { .suite = &j->suite,
		                        .resolve = paths_resolve,
		                        .resolve_arg = &j->app->paths,
		                        .preload = j->app->paths.preload,
		                        .preload_options = options,
		                        .timeout_ns = opt_number(&j->app->opts, "timeout") };
	struct aside aside = { 0 };
	int r = options == NULL ? err_set(e, ENOMEM, "out of memory") : aside_run(&aside, &config, e);

	if (r == 0)
		r = count_in_run(&aside, s, most, e);
	aside_deinit(&aside);
	free(options);
	return r;
}

static int add_step(struct pipeline *j, const struct suite_test *from, const struct spec *s, uint64_t n,
                    int digits)
{
	struct suite_test *t = suite_add(&j->suite);
	char fault[64], id[64];
	struct buf name = { 0 };

	if (t == NULL || test_meta_copy(&t->meta, &from->meta) < 0)
		return -ENOMEM;
	snprintf(fault, sizeof fault, "fail=%s:%" PRIu64, s->by_stack ? "stacks" : "nth", n);
	snprintf(id, sizeof id, "::%s-%0*" PRIu64, s->by_stack ? "stack" : "nth", digits, n);
	buf_addf(&name, "%s%s", from->id, id);
	t->id = buf_take(&name);
	t->path = strdup(from->path);
	t->preload_options = library_options(j, fault);
	t->meta.survive = true;
	return t->id == NULL || t->path == NULL || t->preload_options == NULL ? -ENOMEM : 0;
}

// A test for each of the requests in the place of the command's.
static int make_steps(struct pipeline *j, const struct spec *s, uint64_t count)
{
	struct suite before = j->suite;
	int digits = snprintf(NULL, 0, "%" PRIu64, count);
	int r = 0;

	j->suite = (struct suite){ .seed = before.seed };
	memcpy(j->suite.hash, before.hash, sizeof before.hash);
	j->suite.dir = strdup(before.dir);
	if (j->suite.dir == NULL)
		r = -ENOMEM;
	for (uint64_t n = 1; n <= count && r == 0; n++)
		r = add_step(j, &before.tests[0], s, n, digits);
	suite_deinit(&before);
	return r;
}

// How many there are is remembered, so that a run that is gone on with has the same tests.
static int walk(struct pipeline *j, const struct spec *s, struct err *e)
{
	const char *what = s->by_stack ? "call stacks" : "requests";
	json_t *known = json_object_get(j->source, "requests");
	uint64_t count = (uint64_t)json_integer_value(known);
	int r = 0;

	if (json_object_get(j->source, "command") == NULL)
		return err_set(
		        e, EINVAL,
		        "--fail-alloc every walks through one command: stressgen run --fail-alloc every:100 -- "
		        "./prog args");
	if (known == NULL)
		r = count_requests(j, s, &count, e);
	if (r < 0)
		return r;
	if (count == 0)
		return err_set(e, EINVAL, "%s makes no request that could fail", j->suite.tests[0].id);
	json_object_set_new(j->source, "requests", json_integer((json_int_t)count));
	if (count > s->most)
		say(j->app, "of %" PRIu64 " %s the first %" PRIu64 " are made to fail, each in a test of its own",
		    count, what, s->most);
	else
		say(j->app, "each of %" PRIu64 " %s is made to fail in a test of its own", count, what);
	r = make_steps(j, s, count < s->most ? count : s->most);
	return r < 0 ? err_set(e, -r, "out of memory") : 0;
}

// ---- both options -------------------------------------------------------------------------------------------

static int inject(struct pipeline *j, const char *text, struct spec *s, struct err *e)
{
	if (parse_spec(text, s) < 0)
		return err_set(e, EINVAL, "--fail-alloc %s: " GRAMMAR, text);
	if (!opt_flag(&j->app->opts, "preload"))
		return err_set(e, EINVAL, "--fail-alloc works by what --no-preload leaves out");
	if (j->app->paths.preload == NULL)
		return err_set(e, ENOENT, "--fail-alloc: libstressalloc.so is not beside this program");
	if (j->source != NULL)
		json_object_set_new(j->source, "fail_alloc", json_string(text));
	if (s->walk)
		return walk(j, s, e);
	if (json_object_get(j->source, "command") != NULL)
		j->suite.tests[0].meta.survive = true; // to report an error is right
	return 0;
}

int pipeline_instrument(struct pipeline *j, struct err *e)
{
	static const char *const by_preload[] = { "instrument", "jemalloc-cap" };
	const char *given = opt_text(&j->app->opts, "fail-alloc");
	const char *known = json_string_value(json_object_get(j->source, "fail_alloc"));
	struct spec s = { .word = "" };
	int r = 0;

	for (size_t i = 0; !opt_flag(&j->app->opts, "preload") && i < sizeof by_preload / sizeof by_preload[0];
	     i++)
		if (opt_by_flag(&j->app->opts, by_preload[i]))
			return err_set(e, EINVAL, "--%s works by what --no-preload leaves out", by_preload[i]);
	if (given != NULL && known != NULL && strcmp(given, known) != 0)
		return err_set(e, EINVAL,
		               "this run was begun with --fail-alloc %s; leave it out, or start a new run", known);
	if (given != NULL || known != NULL)
		r = inject(j, given != NULL ? given : known, &s, e);
	if (r < 0)
		return r;
	j->preload_options = library_options(j, s.word);
	return j->preload_options == NULL ? err_set(e, ENOMEM, "out of memory") : 0;
}
