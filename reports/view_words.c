// The words for a run as a whole, and what reports look up in it.
#include "view.h"

#include "buf.h"
#include "named.h"
#include "text.h"

#include <stdarg.h>
#include <string.h>

// "2 crashed, 1 timeout": of the tests that did not end as expected, by verdict; without numbers "crashed".
static void add_verdicts(const struct view *v, struct buf *b, bool numbers)
{
	size_t unexpected[VERDICT_COUNT] = { 0 };
	bool first = true;

	for (size_t i = 0; i < v->count; i++)
		if (result_failed(v->tests[i].r))
			unexpected[v->tests[i].r->verdict]++;
	for (unsigned verdict = 0; verdict < VERDICT_COUNT; verdict++) {
		if (unexpected[verdict] == 0)
			continue;
		buf_adds(b, first ? "" : ", ");
		if (numbers)
			buf_addf(b, "%zu ", unexpected[verdict]);
		buf_adds(b, verdict_name(verdict));
		first = false;
	}
}

static void add_outcome(struct view *v, struct buf *b)
{
	const size_t ended = v->count - v->interrupted;

	if (ended == 0)
		buf_adds(b, "No test ended.");
	else if (v->failed > 0) {
		if (ended == 1)
			buf_adds(b, "The one test did not end as expected: ");
		else
			buf_addf(b, "%zu of %s did not end as expected: ", v->failed,
			         text_number(&v->arena, ended, "test", "tests"));
		add_verdicts(v, b, ended > 1);
		buf_addc(b, '.');
	} else if (v->known > 0)
		buf_addf(b, "%zu of %s ended as expected, and nothing failed that is not known.", ended - v->known,
		         text_number(&v->arena, ended, "test", "tests"));
	else if (ended == 1)
		buf_adds(b, "The one test ended as expected.");
	else if (ended == 2)
		buf_adds(b, "Both tests ended as expected.");
	else
		buf_addf(b, "All %s ended as expected.", text_number(&v->arena, ended, "test", "tests"));
}

const char *view_sentence(struct view *v)
{
	struct buf b = { 0 };
	const char *out;

	add_outcome(v, &b);
	out = text_make(&v->arena, "%s", buf_text(&b));
	buf_deinit(&b);
	return out;
}

// The same with another sentence behind it.
__attribute__((format(printf, 3, 4))) static const char *with(struct arena *a, const char *before,
                                                              const char *format, ...)
{
	struct buf b = { 0 };
	const char *out;
	va_list args;

	va_start(args, format);
	buf_vaddf(&b, format, args);
	va_end(args);
	out = text_make(a, "%s%s%s", before, *before != '\0' ? " " : "", buf_text(&b));
	buf_deinit(&b);
	return out;
}

// "3 of 5 never ended, 1 of them interrupted."
static const char *add_never_ended(struct view *v, const char *before)
{
	const size_t ended = v->count - v->interrupted, planned = v->run->planned;

	if (planned > ended && v->interrupted > 0 && planned - ended > v->interrupted)
		return with(&v->arena, before, "%zu of %zu never ended, %zu of them interrupted.", planned - ended,
		            planned, v->interrupted);
	if (v->interrupted > 0)
		return with(&v->arena, before, "%zu interrupted.", v->interrupted);
	return planned > ended ? with(&v->arena, before, "%zu of %zu never ended.", planned - ended, planned)
	                       : before;
}

const char *view_remarks(struct view *v)
{
	struct arena *a = &v->arena;
	const size_t flaky = v->by_verdict[VERDICT_FLAKY];
	const struct case_counts n = named_cases(v);
	const char *out = "";

	if (flaky > 0)
		out = with(a, out, "%zu passed only at another attempt.", flaky);
	if (v->skipped > v->known)
		out = with(a, out, "%zu not run: skipped or planned.", v->skipped - v->known);
	if (v->known > 0)
		out = with(a, out, "%zu failed as known: in quarantine.", v->known);
	if (n.tests > 0)
		out = with(a, out, "Cases inside %s: %zu passed, %zu failed, %zu skipped.",
		           text_number(a, n.tests, "test", "tests"), n.passed, n.failed, n.skipped);
	return add_never_ended(v, out);
}

static const char *damage(struct view *v)
{
	const struct journal_stats *j = &v->run->journal;

	if (j->bad_lines == 0)
		return NULL;
	return text_make(&v->arena,
	                 "These results cannot be trusted: %s of the journal cannot be read (the first is line "
	                 "%llu), and what stood there is missing.",
	                 text_number(&v->arena, j->bad_lines, "line", "lines"),
	                 (unsigned long long)j->first_bad_line);
}

static const char *ending(struct view *v)
{
	const struct run *r = v->run;
	const char *under_way = text_line(&v->arena, r->under_way);
	const char *reason = text_line(&v->arena, r->stop_reason);

	if (r->stop_reason != NULL && strcmp(r->stop_reason, "finished") == 0)
		return NULL;
	if (r->stop_reason != NULL)
		return text_make(&v->arena,
		                 "The run was stopped (%s) after %zu of %zu tests; --resume goes on with it.",
		                 reason, v->count - v->interrupted, r->planned);
	if (r->under_way != NULL)
		return text_make(
		        &v->arena,
		        "The run broke off while %s was under way, after %zu of %zu tests: killed, or its disk was "
		        "full; --resume goes on with it.",
		        under_way, v->count - v->interrupted, r->planned);
	return text_make(&v->arena, "The run has no end: it broke off after %zu of %zu tests, or goes on still.",
	                 v->count - v->interrupted, r->planned);
}

static const char *torn(struct view *v)
{
	return v->run->journal.torn_tail ? "The journal's last line was cut off and is left out." : NULL;
}

static const char *factless(struct view *v)
{
	return json_object_size(v->run->info) == 0
	               ? "run.json is missing or cannot be read: the machine's facts and the commands that run a test "
	                 "again are not known."
	               : NULL;
}

const char *view_warning(struct view *v, size_t i)
{
	const char *const warnings[] = { damage(v), ending(v), torn(v), factless(v) };

	for (size_t k = 0; k < sizeof warnings / sizeof warnings[0]; k++)
		if (warnings[k] != NULL && i-- == 0)
			return warnings[k];
	return NULL;
}

const char *view_again(struct view *v, const char *again, const struct view_test *t)
{
	if (again == NULL)
		return NULL;
	return text_make(&v->arena, "%s%s", text_line(&v->arena, again), text_shell_word(&v->arena, t->id));
}

const char *view_info(const struct view *v, const char *key)
{
	return json_string_value(json_object_get(v->run->info, key));
}

const char *view_again_prefix(const struct view *v)
{
	return view_info(v, "again");
}

const char *view_left_out(struct view *v, size_t i)
{
	const json_t *one = json_array_get(json_object_get(v->run->info, "left_out"), i);
	const char *words[3];

	if (one == NULL)
		return NULL;
	words[0] = json_string_value(json_object_get(one, "kernel"));
	words[1] = json_string_value(json_object_get(one, "dialect"));
	words[2] = json_string_value(json_object_get(one, "reason"));
	for (size_t k = 0; k < 3; k++)
		words[k] = text_line(&v->arena, words[k] != NULL ? words[k] : "?");
	return text_make(&v->arena, "%s on %s: %s", words[0], words[1], words[2]);
}

bool view_is_http2(const struct view_group *g)
{
	return strcmp(g->kind, "http2") == 0 || strcmp(g->kind, "http2-serve") == 0;
}

bool view_has_pauses(const struct view *v, const struct view_group *g)
{
	for (size_t i = 0; i < g->count; i++)
		if (v->tests[g->first + i].r->gc_count > 0)
			return true;
	return false;
}

const struct result_gauge *view_gauge(const struct view_test *t, const char *name)
{
	for (size_t i = 0; i < t->r->gauge_count; i++)
		if (t->r->gauges[i].name != NULL && strcmp(t->r->gauges[i].name, name) == 0)
			return &t->r->gauges[i];
	return NULL;
}

double view_pool_percent(const struct result_pool *p)
{
	return p->capacity == 0 ? 0 : (double)p->high_water * 100.0 / (double)p->capacity;
}

const struct result_pool *view_main_pool(const struct view_test *t)
{
	const struct result_pool *best = NULL;

	for (size_t i = 0; i < t->r->pool_count; i++) {
		const struct result_pool *p = &t->r->pools[i];

		if (p->capacity == 0 && p->exhausted == 0)
			continue;
		if (best == NULL || (p->exhausted > 0) > (best->exhausted > 0) ||
		    ((p->exhausted > 0) == (best->exhausted > 0) &&
		     view_pool_percent(p) > view_pool_percent(best)))
			best = p;
	}
	return best;
}
