// A comparison as JUnit XML: a test case for each test and metric that was judged, and one for each verdict that
// changed; what regressed is a failure, what could not be told is skipped.
#include "compare_formats.h"

#include "markup.h"
#include "text.h"

#include <errno.h>

struct totals {
	size_t tests, failures, skipped;
};

static bool is_failure(const struct compare_row *r)
{
	return r->outcome == COMPARE_REGRESSED && r->accepted == NULL;
}

static bool is_skipped(const struct compare_row *r)
{
	return r->outcome == COMPARE_UNDECIDED || r->outcome == COMPARE_UNJUDGED;
}

// What is only shown has no place among tests.
static bool is_case(const struct compare_row *r)
{
	return r->exact || r->pairs > 0;
}

static struct totals count_all(const struct comparison *c)
{
	struct totals t = { .tests = c->verdict_count, .failures = c->verdicts_worse };

	for (size_t i = 0; i < c->count; i++) {
		t.tests += is_case(&c->rows[i]);
		t.failures += is_case(&c->rows[i]) && is_failure(&c->rows[i]);
		t.skipped += is_case(&c->rows[i]) && is_skipped(&c->rows[i]);
	}
	return t;
}

static void open_case(struct buf *b, const char *test, const char *metric)
{
	buf_adds(b, "    <testcase name=\"");
	markup_text(b, metric);
	buf_adds(b, "\" classname=\"");
	markup_text(b, test);
	buf_adds(b, "\" time=\"0.000\">");
}

static void add_row(struct comparison *c, const struct compare_row *r, struct buf *b)
{
	struct arena *a = &c->arena;

	open_case(b, r->test, r->metric);
	if (is_failure(r)) {
		buf_adds(b, "\n      <failure message=\"");
		markup_textf(b, "%s %s", compare_metric_words(a, r->metric), compare_change(a, r->ratio));
		buf_adds(b, "\" type=\"regressed\">");
		markup_textf(b, "base %s, head %s, interval of 95 %%: %s\n", compare_figure(a, r, r->base),
		             compare_figure(a, r, r->head), compare_interval(a, r));
		buf_adds(b, "</failure>");
	} else if (is_skipped(r)) {
		buf_adds(b, "\n      <skipped message=\"");
		markup_textf(b, "%s: %s", compare_outcome_words(r->outcome), r->why);
		buf_adds(b, "\"/>");
	}
	buf_adds(b, "</testcase>\n");
}

static void add_verdict(struct comparison *c, const struct compare_verdict *v, struct buf *b)
{
	const char *base = compare_ends_words(&c->arena, v->base), *head = compare_ends_words(&c->arena, v->head);

	open_case(b, v->test, "verdict");
	if (v->outcome == COMPARE_REGRESSED && v->accepted == NULL) {
		buf_adds(b, "\n      <failure message=\"");
		markup_textf(b, "%s, was %s", head, base);
		buf_adds(b, "\" type=\"verdict\">");
		markup_text(b, v->head->evidence);
		buf_adds(b, "</failure>");
	}
	buf_adds(b, "</testcase>\n");
}

int compare_junit(struct comparison *c, struct buf *out)
{
	const struct totals t = count_all(c);
	const size_t errors = c->control == COMPARE_CONTROL_FAILED;

	buf_addf(
	        out,
	        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"stressgen compare\" tests=\"%zu\" "
	        "failures=\"%zu\" errors=\"%zu\" time=\"0.000\">\n  <testsuite name=\"compare\" tests=\"%zu\" "
	        "failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"0.000\">\n",
	        t.tests + errors, t.failures, errors, t.tests + errors, t.failures, errors, t.skipped);
	if (errors > 0) {
		open_case(out, "control", "two runs of base");
		buf_adds(out, "<error message=\"");
		markup_text(out, c->sentence);
		buf_adds(out, "\" type=\"control\"/></testcase>\n");
	}
	for (size_t i = 0; i < c->verdict_count; i++)
		add_verdict(c, &c->verdicts[i], out);
	for (size_t i = 0; i < c->count; i++)
		if (is_case(&c->rows[i]))
			add_row(c, &c->rows[i], out);
	buf_adds(out, "    <system-out>");
	markup_text(out, c->sentence);
	buf_adds(out, "</system-out>\n  </testsuite>\n</testsuites>\n");
	return out->failed ? -ENOMEM : 0;
}
