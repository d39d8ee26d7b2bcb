// A soak's drift, in words and as JSON.
#include "soaked.h"

#include "metrics.h"
#include "reports.h"
#include "soak.h"
#include "text.h"

#include <math.h>
#include <string.h>

struct length {
	uint64_t passes, ms;
	bool enough; // for any figure to be judged
};

static struct length length_of(const struct run *r)
{
	struct length l = { 0 };
	struct trend t;

	for (size_t i = 0; i < r->soak_count; i++) {
		const struct run_soak *s = &r->soaks[i];

		l.passes = s->passes > l.passes ? s->passes : l.passes;
		l.ms = s->at_ms > l.ms ? s->at_ms : l.ms;
		soak_drifts(&s->rows, SOAK_RSS, &t);
		l.enough = l.enough || t.count > 0;
	}
	return l;
}

size_t report_soak_drifts(const struct run *r)
{
	struct trend t;
	size_t n = 0;

	for (size_t i = 0; i < r->soak_count; i++)
		for (enum soak_column c = SOAK_FIRST_FIGURE; c < SOAK_COLUMNS; c++)
			n += soak_drifts(&r->soaks[i].rows, c, &t);
	return n;
}

static const char *verdict_of(const struct length *l, size_t drifts)
{
	return drifts > 0 ? "drift" : l->enough ? "steady" : "too short";
}

// ---- words ----

static const char *amount(struct arena *a, enum soak_column c, double value)
{
	const char *unit = soak_figure_unit(c), *sign = value < 0 ? "-" : "";

	if (strcmp(unit, "permille") == 0)
		return text_make(a, "%.1f %%", value / 10);
	if (strcmp(unit, "bytes") == 0)
		return text_make(a, "%s%s", sign, text_bytes(a, (uint64_t)fabs(value)));
	return text_make(a, "%.2f", value);
}

static const char *drift_words(struct arena *a, const struct run_soak *s, enum soak_column c,
                               const struct trend *t)
{
	return text_make(a, "%s: %s grows by %s a pass (95 %% interval %s to %s), from %s to %s",
	                 text_line(a, s->id), soak_figure_name(c), amount(a, c, t->slope), amount(a, c, t->low),
	                 amount(a, c, t->high), amount(a, c, t->before), amount(a, c, t->after));
}

// The n-th drift, counted over all tests; NULL behind the last.
static const char *drift_line(struct view *v, size_t n)
{
	const struct run *r = v->run;
	struct trend t;

	for (size_t i = 0; i < r->soak_count; i++)
		for (enum soak_column c = SOAK_FIRST_FIGURE; c < SOAK_COLUMNS; c++)
			if (soak_drifts(&r->soaks[i].rows, c, &t) && n-- == 0)
				return text_make(&v->arena, "✗ %s", drift_words(&v->arena, &r->soaks[i], c, &t));
	return NULL;
}

const char *soaked_line(struct view *v, size_t i)
{
	const size_t drifts = report_soak_drifts(v->run);
	const struct length l = length_of(v->run);

	if (v->run->soak_count == 0 || i > drifts)
		return NULL;
	if (i < drifts)
		return drift_line(v, i);
	return text_make(&v->arena, "soak: %s in %s: %s", text_number(&v->arena, l.passes, "pass", "passes"),
	                 text_duration(&v->arena, l.ms * 1000000),
	                 drifts > 0 ? "drift, see above"
	                 : l.enough
	                         ? "steady: no growth of memory, live bytes, fragmentation, descriptors or threads"
	                         : "too few passes to tell a drift");
}

void soaked_print(struct view *v, const struct term_style *style, FILE *out)
{
	const char *line;

	for (size_t i = 0; (line = soaked_line(v, i)) != NULL; i++)
		table_wrap(style, line, 0, 2, out);
}

// ---- JSON ----

static json_t *real(double value)
{
	return json_real(isfinite(value) ? value : 0);
}

static void add_drifts(json_t *array, const struct run_soak *s)
{
	struct trend t;

	for (enum soak_column c = SOAK_FIRST_FIGURE; c < SOAK_COLUMNS; c++)
		if (soak_drifts(&s->rows, c, &t))
			json_array_append_new(array, json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "id",
			                                       s->id, "figure", soak_figure_name(c), "unit",
			                                       soak_figure_unit(c), "slope", real(t.slope), "low",
			                                       real(t.low), "high", real(t.high), "before",
			                                       real(t.before), "after", real(t.after)));
}

json_t *soaked_to_json(const struct run *r)
{
	const struct length l = length_of(r);
	json_t *drifts, *tests;

	if (r->soak_count == 0)
		return NULL;
	drifts = json_array();
	tests = json_array();
	for (size_t i = 0; i < r->soak_count; i++) {
		json_t *test = json_pack("{s:s}", "id", r->soaks[i].id);

		add_drifts(drifts, &r->soaks[i]);
		number_rows_write(test, "figures", &r->soaks[i].rows, SOAK_COLUMNS);
		json_array_append_new(tests, test);
	}
	return json_pack("{s:I, s:I, s:s, s:o, s:o}", "passes", (json_int_t)l.passes, "duration_ms",
	                 (json_int_t)l.ms, "verdict", verdict_of(&l, json_array_size(drifts)), "drifts", drifts,
	                 "tests", tests);
}
