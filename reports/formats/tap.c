// The Test Anything Protocol, version 14 (testanything.org): a line a test, with what is known of a failure behind
// it.
#include "formats.h"

#include "verdict.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

// A description may not hold what TAP has a meaning for.
static void add_description(struct buf *b, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '#' || *text == '\\')
			buf_addc(b, '\\');
		buf_addc(b, *text == '\n' ? ' ' : *text);
	}
}

// A text as a double-quoted YAML scalar.
static void add_yaml(struct buf *b, const char *name, const char *text)
{
	if (text == NULL || *text == '\0')
		return;
	buf_addf(b, "  %s: \"", name);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			buf_addf(b, "\\%c", *text);
		else if (*text == '\n')
			buf_adds(b, "\\n");
		else if (*text == '\t')
			buf_adds(b, "\\t");
		else
			buf_addc(b, *text);
	}
	buf_adds(b, "\"\n");
}

static void add_diagnostics(struct buf *b, const struct result *r)
{
	buf_adds(b, "  ---\n");
	buf_addf(b, "  verdict: %s\n", verdict_name(r->verdict));
	add_yaml(b, "evidence", r->evidence);
	if (r->exit_code >= 0)
		buf_addf(b, "  exit: %d\n", r->exit_code);
	if (r->signal != 0)
		buf_addf(b, "  signal: %d\n", r->signal);
	buf_addf(b, "  duration_ms: %.3f\n", (double)r->wall_ns / 1e6);
	add_yaml(b, "output", r->tail);
	buf_adds(b, "  ...\n");
}

// The cases that the test itself reported, as its subtest.
static void add_cases(struct buf *b, const struct result *r)
{
	if (r->case_count == 0)
		return;
	buf_adds(b, "# Subtest: ");
	add_description(b, r->id);
	buf_addf(b, "\n    1..%zu\n", r->case_count);
	for (size_t i = 0; i < r->case_count; i++) {
		const struct result_case *c = &r->cases[i];
		const bool skipped = c->verdict == VERDICT_SKIPPED;
		const bool ok = c->verdict == VERDICT_PASSED || skipped;

		buf_addf(b, "    %s %zu - ", ok ? "ok" : "not ok", i + 1);
		add_description(b, c->name);
		buf_adds(b, skipped ? " # SKIP" : !ok && r->quarantine != NULL ? " # TODO" : "");
		if (skipped && c->text != NULL && c->text[0] != '\0') {
			buf_addc(b, ' ');
			add_description(b, c->text);
		}
		buf_addc(b, '\n');
	}
}

static void add_test(struct buf *b, const struct result *r, size_t number)
{
	add_cases(b, r);
	// A failure that is known is a "not ok" with a TODO, which fails nobody.
	buf_addf(b, "%s %zu - ", r->as_expected && r->quarantine == NULL ? "ok" : "not ok", number);
	add_description(b, r->id);
	if (r->quarantine != NULL) {
		buf_adds(b, " # TODO in quarantine ");
		add_description(b, r->quarantine);
	} else if (r->verdict == VERDICT_SKIPPED) {
		buf_adds(b, " # SKIP ");
		add_description(b, r->evidence != NULL ? r->evidence : "");
	} else if (r->verdict == VERDICT_PLANNED) {
		buf_adds(b, " # TODO planned");
	}
	buf_addc(b, '\n');
	if (!r->as_expected || r->verdict == VERDICT_FLAKY || r->quarantine != NULL)
		add_diagnostics(b, r);
}

// One that was interrupted has no end, and so no line: the plan stays open, and it is told why.
static void add_interrupted(struct buf *b, const struct result *r)
{
	buf_adds(b, "# interrupted: ");
	add_description(b, r->id);
	buf_adds(b, ": ");
	add_description(b, r->evidence != NULL ? r->evidence : "");
	buf_addc(b, '\n');
}

int report_tap(const struct run *run, const char *path, struct err *e)
{
	const size_t ended = run->count - run_count(run, VERDICT_INTERRUPTED);
	const size_t planned = run->planned > run->count ? run->planned : run->count;
	struct buf b = { 0 };
	size_t number = 0;

	buf_addf(&b, "TAP version 14\n1..%zu\n", planned);
	for (size_t i = 0; i < run->count; i++)
		if (run->results[i].verdict == VERDICT_INTERRUPTED)
			add_interrupted(&b, &run->results[i]);
		else
			add_test(&b, &run->results[i], ++number);
	if (planned > ended)
		buf_addf(&b, "Bail out! %zu of %zu tests never ended\n", planned - ended, planned);
	return report_finish(&b, 0, path, e);
}
