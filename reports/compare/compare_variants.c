// What `stressgen ab` says: which variant is better at what, by how much, and how sure that is.
#include "compare.h"

#include "text.h"

#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FEW_TESTS 2U       // of each of which all rows are shown
#define LEAST_COUNTED 0.01 // by which counts differ that are told

// ---- rows -----------------------------------------------------------------------------------------------------

static const struct sample_test *test_of(const struct samples *s, const char *id)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->tests[i].id, id) == 0)
			return &s->tests[i];
	return NULL;
}

static bool has_overall(const struct samples *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->tests[i].overall)
			return true;
	return false;
}

// Of all tests together, else of each of a few.
static bool is_main(const struct comparison *c, const struct compare_row *r)
{
	const struct sample_test *t;

	if (c->samples->count <= FEW_TESTS)
		return true;
	t = test_of(c->samples, r->test);
	return t != NULL && (t->overall || !has_overall(c->samples));
}

bool compare_is_told(const struct comparison *c, const struct compare_row *r)
{
	static const char *const unjudged[] = { "waste", "heap/*", "jemalloc/*", NULL };

	if (!c->samples->intervals)
		return r->outcome < COMPARE_UNCHANGED || compare_is_few(c, r);
	if (r->exact) // counts of allocations
		return is_main(c, r) && r->base > 0 && fabs(r->head / r->base - 1) >= LEAST_COUNTED;
	if (r->outcome < COMPARE_UNCHANGED)
		return true;
	for (size_t i = 0; r->outcome == COMPARE_UNJUDGED; i++)
		if (unjudged[i] == NULL || fnmatch(unjudged[i], r->metric, 0) == 0)
			return unjudged[i] != NULL && is_main(c, r);
	return is_main(c, r) && strcmp(r->metric, "memory/headroom") != 0;
}

const char *compare_heading(const struct comparison *c, enum compare_outcome o)
{
	static const char *const words[COMPARE_OUTCOMES] = { [COMPARE_REGRESSED] = "worse",
		                                             [COMPARE_IMPROVED] = "better",
		                                             [COMPARE_CHANGED] = "different",
		                                             [COMPARE_UNCHANGED] = "no difference seen",
		                                             [COMPARE_UNJUDGED] = "not judged" };

	return c->samples->intervals && words[o] != NULL ? words[o] : compare_outcome_words(o);
}

// ---- width ----------------------------------------------------------------------------------------------------

// Of a service it is the load that says how long it runs, and so how much time it takes says nothing.
static const char *const main_metrics[] = { "time", "memory" }, *const service_metrics[] = {
	"latency/*p99", "gauge/service-memory"
};
#define MAIN_METRICS 2U

static int width_of(const struct sample_metric *m, double *width)
{
	const size_t room = m->lists[SAMPLE_BASE][SAMPLE_SCREEN].count + 1;
	double *values = calloc(2 * room, sizeof *values), low, high;
	struct stats_pairs p = { values, values + room, 0 };
	struct stats_space *space;

	if (values == NULL)
		return -ENOMEM;
	p.count = compare_pairs(m, SAMPLE_HEAD, SAMPLE_SCREEN, values, values + room);
	space = stats_space_new(p.count);
	if (space != NULL) {
		stats_use(space, &p);
		*width = stats_interval(space, STATS_LOOK_ALPHA, &low, &high) ? stats_half_width(low, high)
		                                                              : INFINITY;
	}
	free(values);
	stats_space_free(space);
	return space != NULL ? 0 : -ENOMEM;
}

// The test that speaks for a variant: all together, else the only one.
static const struct sample_test *speaker(const struct samples *s, unsigned variant)
{
	const struct sample_test *found = NULL;

	for (size_t i = 0; i < s->count; i++)
		if (s->tests[i].variant == variant && (found == NULL || s->tests[i].overall))
			found = &s->tests[i];
	return found;
}

int compare_is_narrow(const struct samples *s, double precision, bool *narrow)
{
	const char *const *wanted = s->service != NULL ? service_metrics : main_metrics;
	int rc = 0;

	*narrow = s->variant_count > 1;
	for (unsigned v = 1; rc == 0 && *narrow && v < s->variant_count; v++) {
		const struct sample_test *t = speaker(s, v);
		size_t found = 0;

		for (size_t i = 0; rc == 0 && t != NULL && i < t->count; i++)
			for (size_t k = 0; rc == 0 && k < MAIN_METRICS; k++) {
				double width = INFINITY;

				if (fnmatch(wanted[k], t->metrics[i].name, 0) != 0)
					continue;
				rc = width_of(&t->metrics[i], &width);
				*narrow = *narrow && width <= precision;
				found++;
			}
		*narrow = *narrow && found > 0;
	}
	return rc;
}

// ---- the sentence ---------------------------------------------------------------------------------------------

static const struct {
	const char *pattern;                       // of the metric; the first row that fits speaks
	const char *less, *more;                   // behind the figure
	const char *verb, *name;                   // "is 6 % faster"; "no difference seen in time"
	enum { OF_BOTH, OF_TESTS, OF_SERVICE } of; // a service's tree has the load in it
} says[] = { { "time", "faster", "slower", "is ", "time", OF_TESTS },
	     { "latency/total/p99", "less p99", "more p99", "has ", "p99", OF_BOTH },
	     { "latency/*p99", "less p99", "more p99", "has ", "p99", OF_BOTH },
	     { "memory", "lower", "higher", "peaks ", "peak memory", OF_TESTS },
	     { "gauge/service-memory", "lower under load", "higher under load", "peaks ", "peak memory under load",
	       OF_SERVICE },
	     { "gauge/service-memory-after", "less memory afterwards", "more memory afterwards", "keeps ",
	       "memory afterwards", OF_SERVICE },
	     { "cpu", "less CPU time", "more CPU time", "takes ", "CPU time", OF_TESTS } };
#define SAYS (sizeof says / sizeof says[0])

bool compare_speaks(const struct samples *s, const struct sample_test *t, const char *metric)
{
	for (size_t i = 0; t == speaker(s, t->variant) && i < SAYS; i++)
		if (fnmatch(says[i].pattern, metric, 0) == 0)
			return true;
	return false;
}

static const struct compare_row *row_of(const struct comparison *c, const char *test, const char *pattern)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->rows[i].test, test) == 0 && fnmatch(pattern, c->rows[i].metric, 0) == 0)
			return &c->rows[i];
	return NULL;
}

// "6.1", and "0.3" rather than "0.29"
static const char *percent(struct arena *a, double ratio)
{
	const double p = fabs(100 * (ratio - 1));

	return text_make(a, p < 9.95 ? "%.1f" : "%.0f", p);
}

// "is 6.1 % faster (95 %: 5.2 to 7.0 %)"
static void add_difference(struct arena *a, size_t which, const struct compare_row *r, struct buf *b)
{
	const bool less = r->ratio < 1;
	const double near = less ? r->high : r->low, far = less ? r->low : r->high;

	buf_addf(b, "%s%s %% %s (95 %%: %s to %s %%)", says[which].verb, percent(a, r->ratio),
	         less ? says[which].less : says[which].more, percent(a, near), percent(a, far));
}

static void join(struct buf *b, const char *with)
{
	if (b->len > 0)
		buf_adds(b, with);
}

// "a, b and c" of parts that newlines part.
static void add_parts(const char *parts, struct buf *b)
{
	for (const char *end; *parts != '\0'; parts = *end != '\0' ? end + 1 : end) {
		end = parts + strcspn(parts, "\n");
		buf_add(b, parts, (size_t)(end - parts));
		if (*end != '\0')
			buf_adds(b, strchr(end + 1, '\n') != NULL ? ", " : " and ");
	}
}

static bool is_said(const struct comparison *c, size_t which, const struct compare_row *before,
                    const struct compare_row *r)
{
	return r != NULL && r != before &&
	       says[which].of != (c->samples->service != NULL ? OF_TESTS : OF_SERVICE) && !r->exact;
}

static void add_variant(const struct comparison *c, unsigned variant, struct buf *b)
{
	struct arena *a = (struct arena *)(uintptr_t)&c->arena; // of all text
	const struct sample_test *t = speaker(c->samples, variant);
	struct buf differs = { 0 }, same = { 0 }, unknown = { 0 };
	const struct compare_row *p99 = NULL;

	for (size_t i = 0; t != NULL && i < SAYS; i++) {
		const struct compare_row *r = row_of(c, t->id, says[i].pattern);

		// A test of several series has one p99 that speaks.
		if (!is_said(c, i, p99, r) || (p99 != NULL && strstr(says[i].pattern, "p99") != NULL))
			continue;
		p99 = strstr(says[i].pattern, "p99") != NULL ? r : p99;
		if (r->outcome == COMPARE_IMPROVED || r->outcome == COMPARE_REGRESSED ||
		    r->outcome == COMPARE_CHANGED) {
			join(&differs, "\n");
			add_difference(a, i, r, &differs);
		} else if (r->outcome == COMPARE_UNCHANGED) {
			join(&same, ", ");
			buf_addf(&same, "%s (%s)", says[i].name, compare_interval(a, r));
		} else {
			join(&unknown, ", ");
			buf_adds(&unknown, says[i].name);
		}
	}
	if (differs.len > 0) {
		buf_addf(b, "%s ", c->samples->variants[variant]);
		add_parts(buf_text(&differs), b);
		buf_addf(b, " than %s", c->samples->variants[0]);
	}
	if (same.len > 0 && differs.len > 0)
		buf_addf(b, "; no difference seen in %s", buf_text(&same));
	else if (same.len > 0)
		buf_addf(b, "no difference seen between %s and %s in %s", c->samples->variants[variant],
		         c->samples->variants[0], buf_text(&same));
	if (unknown.len > 0)
		buf_addf(b, "%s%s of %s cannot be told", differs.len + same.len > 0 ? "; " : "",
		         buf_text(&unknown), c->samples->variants[variant]);
	if (differs.len + same.len + unknown.len == 0)
		buf_addf(b, "nothing can be said of %s: no pair of runs ended as expected on both sides",
		         c->samples->variants[variant]);
	buf_deinit(&differs);
	buf_deinit(&same);
	buf_deinit(&unknown);
}

// "from 23 pairs of runs; time is known to 0.9 %"
static void add_sureness(const struct comparison *c, struct buf *b)
{
	const char *const *wanted = c->samples->service != NULL ? service_metrics : main_metrics;
	double worst = 0;
	const char *name = "";

	for (unsigned v = 1; v < c->samples->variant_count; v++) {
		const struct sample_test *t = speaker(c->samples, v);

		for (size_t k = 0; t != NULL && k < MAIN_METRICS; k++) {
			const struct compare_row *r = row_of(c, t->id, wanted[k]);
			const double width =
			        r != NULL && !r->exact ? stats_half_width(log(r->low), log(r->high)) : 0;

			if (width > worst) {
				worst = width;
				name = r->metric;
			}
		}
	}
	buf_addf(b, " (from %zu pair%s of runs; ", c->pairs, c->pairs == 1 ? "" : "s");
	if (worst <= c->samples->precision)
		buf_addf(b, "the intervals are within %.3g %%, as asked).", 100 * c->samples->precision);
	else if (isfinite(worst))
		buf_addf(b, "%s is known to %.2g %%, %.3g %% was asked).", name, 100 * worst,
		         100 * c->samples->precision);
	else
		buf_addf(b, "%u are the least that have an interval).", STATS_LEAST_LOOK);
}

void compare_variants_sentence(const struct comparison *c, struct buf *b)
{
	if (c->verdicts_worse > 0)
		buf_addf(b, "%zu test%s end%s as expected with %s alone. ", c->verdicts_worse,
		         c->verdicts_worse == 1 ? "" : "s", c->verdicts_worse == 1 ? "s" : "", c->names[0]);
	for (unsigned v = 1; v < c->samples->variant_count; v++) {
		buf_adds(b, v > 1 ? ". " : "");
		add_variant(c, v, b);
	}
	add_sureness(c, b);
}
