// What a comparison says of itself: the sentence, and what must be known of the whole.
#include "compare_formats.h"

#include "text.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <string.h>

#define SAME 0.0005 // half of the last digit that is printed

const char *compare_change(struct arena *a, double ratio)
{
	const double percent = 100 * (ratio - 1);

	if (!isfinite(ratio) || !(ratio > 0))
		return "";
	if (fabs(ratio - 1) < SAME)
		return "=";
	if (ratio >= 10 || ratio <= 0.1)
		return text_make(a, "x %.3g", ratio);
	return text_make(a, fabs(percent) < 9.95 ? "%+.1f %%" : "%+.0f %%", percent);
}

const char *compare_interval(struct arena *a, const struct compare_row *r)
{
	if (r->exact || !(r->low > 0) || !isfinite(r->high))
		return "";
	return text_make(a, "%s to %s", compare_change(a, r->low), compare_change(a, r->high));
}

// ---- the sentence ---------------------------------------------------------------------------------------------

static void add_part(struct buf *b, size_t n, const char *words)
{
	if (n > 0)
		buf_addf(b, "%s%zu %s", b->len > 0 ? ", " : "", n, words);
}

static void add_counts(const struct comparison *c, struct buf *b)
{
	static const struct {
		enum compare_outcome outcome;
		const char *words;
	} parts[] = { { COMPARE_REGRESSED, "regressed" },
		      { COMPARE_IMPROVED, "improved" },
		      { COMPARE_CHANGED, "changed" },
		      { COMPARE_UNDECIDED, "could not be told" },
		      { COMPARE_UNCHANGED, "unchanged" } };

	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
		add_part(b, c->counts[parts[i].outcome], parts[i].words);
	add_part(b, c->accepted, "accepted");
}

static void add_control(const struct comparison *c, struct buf *b)
{
	if (c->control == COMPARE_CONTROL_FAILED)
		buf_addf(b, "; control FAILED: %zu of its %zu metrics differ between two runs of base",
		         c->control_flag_count, c->control_rows);
	else if (c->control == COMPARE_CONTROL_CLEAN)
		buf_adds(b, "; control clean");
	if (isfinite(c->detectable))
		buf_addf(b, "; detects %.0f %%", 100 * c->detectable);
}

static bool any_judged(const struct comparison *c)
{
	for (size_t i = 0; i < COMPARE_OUTCOMES; i++)
		if (i != COMPARE_UNJUDGED && c->counts[i] > 0)
			return true;
	return c->accepted > 0;
}

static bool nothing_shared(const struct comparison *c)
{
	return c->only_base_count + c->only_head_count == c->samples->count;
}

static void add_ends(const struct comparison *c, struct buf *b)
{
	if (c->verdicts_worse > 0)
		buf_addf(b, "%zu test%s no longer end%s as expected. ", c->verdicts_worse,
		         c->verdicts_worse == 1 ? "" : "s", c->verdicts_worse == 1 ? "s" : "");
	if (c->verdicts_better > 0)
		buf_addf(b, "%zu test%s now end%s as expected. ", c->verdicts_better,
		         c->verdicts_better == 1 ? "" : "s", c->verdicts_better == 1 ? "s" : "");
}

// ---- services -------------------------------------------------------------------------------------------------

#define MOST_SERVICES 3U // in the sentence

static const struct compare_row *row_of(const struct comparison *c, const char *test, const char *pattern)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->rows[i].test, test) == 0 && fnmatch(pattern, c->rows[i].metric, 0) == 0 &&
		    isfinite(c->rows[i].base) && isfinite(c->rows[i].head))
			return &c->rows[i];
	return NULL;
}

// "p99 under load 13.9 ms → 107 µs (x 0.0077)".
static bool add_figure(struct comparison *c, const struct compare_row *r, const char *words, bool more,
                       struct buf *b)
{
	const char *change;

	if (r == NULL)
		return more;
	change = r->base > 0 ? compare_change(&c->arena, r->head / r->base) : "";
	buf_addf(b, "%s%s %s → %s", more ? ", " : "", words, compare_figure(&c->arena, r, r->base),
	         compare_figure(&c->arena, r, r->head));
	if (*change != '\0')
		buf_addf(b, " (%s)", change);
	return true;
}

// What a service is chosen for, of those that ran on both sides. Whether there were any.
static bool add_services(struct comparison *c, struct buf *b)
{
	size_t found = 0;

	for (size_t i = 0; i < c->count && found < MOST_SERVICES; i++) {
		const struct compare_row *memory = &c->rows[i], *p99;
		bool more;

		if (strcmp(memory->metric, "gauge/service-memory") != 0 || !isfinite(memory->base) ||
		    !isfinite(memory->head))
			continue;
		p99 = row_of(c, memory->test, "latency/total/p99");
		if (p99 == NULL)
			p99 = row_of(c, memory->test, "latency/*/p99");
		buf_addf(b, "%s: ", memory->test);
		more = add_figure(c, p99, "p99 under load", false, b);
		more = add_figure(c, memory, "memory under load", more, b);
		add_figure(c, row_of(c, memory->test, "gauge/service-memory-after"), "afterwards", more, b);
		buf_adds(b, ". ");
		found++;
	}
	return found > 0;
}

static void add_sentence(struct comparison *c, struct buf *b)
{
	struct buf counts = { 0 };

	if (nothing_shared(c)) {
		buf_adds(b, c->samples->count == 0 ? "Neither side has a test that ended."
		                                   : "No test is on both sides: there is nothing to compare.");
		return;
	}
	if (c->control == COMPARE_CONTROL_FAILED)
		buf_adds(b, "Inconclusive. ");
	if (c->plan == STATS_INTERVALS) {
		compare_variants_sentence(c, b);
		return;
	}
	add_ends(c, b);
	if (add_services(c, b) && c->pairs < STATS_LEAST_PAIRS && !any_judged(c)) {
		buf_addf(b, "From %zu pair%s of invocations, the machine's noise included: stressgen ab judges.",
		         c->pairs, c->pairs == 1 ? "" : "s");
		return;
	}
	if (any_judged(c)) {
		add_counts(c, &counts);
		add_control(c, &counts);
		buf_addf(b, "Metrics: %s.", buf_text(&counts));
	}
	if (c->pairs < STATS_LEAST_PAIRS)
		buf_addf(b, "%sNot judged: %zu pair%s of invocations, and %u are the least that can be.",
		         any_judged(c) ? " " : "", c->pairs, c->pairs == 1 ? "" : "s", STATS_LEAST_PAIRS);
	buf_deinit(&counts);
}

// ---- the notes ------------------------------------------------------------------------------------------------

__attribute__((format(printf, 2, 3))) static int note(struct comparison *c, const char *format, ...)
{
	struct buf text = { 0 };
	va_list args;
	int rc;

	va_start(args, format);
	buf_vaddf(&text, format, args);
	va_end(args);
	rc = text.failed ? -ENOMEM : strings_add(&c->notes, buf_text(&text), text.len);
	buf_deinit(&text);
	return rc;
}

static int note_sources(struct comparison *c)
{
	const struct samples *s = c->samples;
	int rc = 0;

	for (const char *at = buf_text(&s->notes); rc == 0 && *at != '\0';) {
		const size_t len = strcspn(at, "\n");

		rc = strings_add(&c->notes, at, len);
		at += len + (at[len] == '\n');
	}
	if (rc == 0 && s->other_machine)
		rc = note(c, "different machines: %s against %s. Only what does not depend on speed is judged.",
		          s->sources[SAMPLE_BASE].machine, s->sources[SAMPLE_HEAD].machine);
	if (rc == 0 && s->other_suite)
		rc = note(c,
		          "different suites (%s against %s): only tests of the same id are compared, and they may "
		          "have changed.",
		          s->sources[SAMPLE_BASE].suite, s->sources[SAMPLE_HEAD].suite);
	return rc;
}

static int note_plan(struct comparison *c)
{
	int rc = 0;

	if (c->plan == STATS_SEQUENTIAL && c->pairs >= STATS_LEAST_PAIRS)
		rc = note(
		        c,
		        "base and head ran one after the other: drift of the machine cannot be told from change. "
		        "Only more than 10 %% is called a change (run --against interleaves).");
	else if (c->plan == STATS_SEQUENTIAL && !nothing_shared(c))
		rc = note(c, "a plain difference, noise of the machine included. run --against BASE judges.");
	if (rc == 0 && c->plan == STATS_ONE_STAGE && c->pairs >= STATS_LEAST_PAIRS)
		rc = note(c,
		          "there are no confirming pairs: what is called a change was seen in these pairs alone.");
	if (rc == 0 && c->plan != STATS_SEQUENTIAL && c->plan != STATS_INTERVALS &&
	    c->control == COMPARE_CONTROL_NONE && any_judged(c))
		rc = note(c, "no control: nobody knows what this machine would invent.");
	return rc;
}

static int note_counters(struct comparison *c)
{
	if (c->counters_changed == 0 || c->samples->intervals)
		return 0;
	return note(c, "%zu of %zu counters changed (calls, blocks, bytes)%s", c->counters_changed,
	            c->counters_changed + c->counters_same, c->show_counters ? "." : ": --counters lists them.");
}

static int note_few(struct comparison *c)
{
	if (c->few == 0 || c->samples->intervals)
		return 0;
	return note(c,
	            "the allocator's figures are of runs of their own, time and memory of runs without its "
	            "instrumentation; %zu of the former have too few pairs to be judged%s",
	            c->few, c->show_counters ? "." : ": --counters lists them.");
}

int compare_say(struct comparison *c)
{
	struct buf text = { 0 };
	int rc = note_sources(c);

	if (rc == 0)
		rc = note_plan(c);
	if (rc == 0)
		rc = note_counters(c);
	if (rc == 0)
		rc = note_few(c);
	add_sentence(c, &text);
	c->sentence = text.failed ? NULL : arena_text(&c->arena, buf_text(&text), text.len);
	buf_deinit(&text);
	return rc == 0 && c->sentence == NULL ? -ENOMEM : rc;
}
