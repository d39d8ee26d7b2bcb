// A comparison as JSON, as docs/compare.schema.json describes it: every row with its figures, and of those that
// were judged every invocation's.
#include "compare_formats.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COMPARE_VERSION 1

static const char *const plans[] = { [STATS_TWO_STAGES] = "screened and confirmed",
	                             [STATS_ONE_STAGE] = "interleaved",
	                             [STATS_INTERVALS] = "intervals",
	                             [STATS_SEQUENTIAL] = "one after the other" };
static const char *const controls[] = {
	[COMPARE_CONTROL_NONE] = "none", [COMPARE_CONTROL_CLEAN] = "clean", [COMPARE_CONTROL_FAILED] = "failed"
};

// Left out where it is no number.
static void set_real(json_t *o, const char *key, double value)
{
	if (isfinite(value))
		json_object_set_new(o, key, json_real(value));
}

static void set_count(json_t *o, const char *key, size_t n)
{
	json_object_set_new(o, key, json_integer((json_int_t)n));
}

static void set_text(json_t *o, const char *key, const char *text)
{
	if (text != NULL && *text != '\0')
		json_object_set_new(o, key, json_string(text));
}

// [[pair, value], ...]
static json_t *readings(const struct sample_list *l)
{
	json_t *array = json_array();

	for (size_t i = 0; array != NULL && i < l->count; i++)
		if (isfinite(l->items[i].value))
			json_array_append_new(array,
			                      json_pack("[I,f]", (json_int_t)l->items[i].pair, l->items[i].value));
	return array;
}

static json_t *all_readings(const struct sample_metric *m)
{
	json_t *sides = json_object();

	for (unsigned side = 0; sides != NULL && side < SAMPLE_SIDES; side++) {
		json_t *phases = json_object();

		for (unsigned phase = 0; phases != NULL && phase < SAMPLE_PHASES; phase++)
			if (m->lists[side][phase].count > 0)
				json_object_set_new(phases, sample_phase_name((enum sample_phase)phase),
				                    readings(&m->lists[side][phase]));
		if (json_object_size(phases) > 0)
			json_object_set_new(sides, sample_side_name((enum sample_side)side), phases);
		else
			json_decref(phases);
	}
	return sides;
}

static json_t *row_to_json(const struct compare_row *r)
{
	json_t *o = json_pack("{s:s,s:s,s:s,s:s,s:s,s:b}", "test", r->test, "metric", r->metric, "unit", r->unit,
	                      "better", metric_better_name(r->better), "outcome", compare_outcome_name(r->outcome),
	                      "exact", r->exact);

	if (o == NULL)
		return NULL;
	set_real(o, "base", r->base);
	set_real(o, "head", r->head);
	set_real(o, "ratio", r->ratio);
	if (isfinite(r->high) && r->low > 0) {
		set_real(o, "low", r->low);
		set_real(o, "high", r->high);
	}
	set_real(o, "p", r->p);
	set_real(o, "noise", r->sigma);
	set_real(o, "detects", r->detectable);
	set_count(o, "pairs", r->pairs);
	set_text(o, "why", r->why);
	set_text(o, "accepted", r->accepted);
	if (r->pairs > 0)
		json_object_set_new(o, "readings", all_readings(r->sample));
	return o;
}

static json_t *rows_to_json(const struct compare_row *rows, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; array != NULL && i < count; i++)
		json_array_append_new(array, row_to_json(&rows[i]));
	return array;
}

static json_t *ends_to_json(const struct sample_ends *e)
{
	json_t *o = json_pack("{s:s,s:i,s:i}", "verdict", verdict_name(e->verdict), "count", (int)e->count,
	                      "unexpected", (int)e->unexpected);

	if (o != NULL)
		set_text(o, "evidence", e->evidence);
	return o;
}

static json_t *verdicts_to_json(const struct comparison *c)
{
	json_t *array = json_array();

	for (size_t i = 0; array != NULL && i < c->verdict_count; i++) {
		const struct compare_verdict *v = &c->verdicts[i];
		json_t *o = json_pack("{s:s,s:s,s:o,s:o}", "test", v->test, "outcome",
		                      compare_outcome_name(v->outcome), "base", ends_to_json(v->base), "head",
		                      ends_to_json(v->head));

		if (o == NULL)
			continue;
		set_real(o, "p", v->p);
		set_text(o, "accepted", v->accepted);
		json_array_append_new(array, o);
	}
	return array;
}

static json_t *cliffs_to_json(const struct comparison *c)
{
	json_t *array = json_array();

	for (size_t i = 0; array != NULL && i < c->cliff_count; i++)
		json_array_append_new(array, json_pack("{s:s,s:s,s:I,s:I}", "family", c->cliffs[i].family,
		                                       "outcome", compare_outcome_name(c->cliffs[i].outcome),
		                                       "base", (json_int_t)c->cliffs[i].base, "head",
		                                       (json_int_t)c->cliffs[i].head));
	return array;
}

static json_t *texts(const char *const *items, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; array != NULL && i < count; i++)
		json_array_append_new(array, json_string(items[i]));
	return array;
}

static json_t *counts_to_json(const struct comparison *c)
{
	json_t *o = json_object();

	for (unsigned i = 0; o != NULL && i < COMPARE_OUTCOMES; i++)
		set_count(o, compare_outcome_name((enum compare_outcome)i), c->counts[i]);
	if (o != NULL) {
		set_count(o, "accepted", c->accepted);
		set_count(o, "counters_changed", c->counters_changed);
		set_count(o, "counters_unchanged", c->counters_same);
	}
	return o;
}

static json_t *source_to_json(const struct sample_source *s)
{
	return json_pack("{s:s,s:i,s:s,s:s}", "dir", s->dir, "runs", (int)s->runs, "machine", s->machine, "suite",
	                 s->suite);
}

int compare_json(struct comparison *c, struct buf *out)
{
	const struct samples *s = c->samples;
	json_t *control =
	        json_pack("{s:s,s:i,s:o}", "state", controls[c->control], "metrics", (int)c->control_rows,
	                  "flagged", rows_to_json(c->control_flags, c->control_flag_count));
	json_t *report =
	        json_pack("{s:s,s:i,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:I}", "format",
	                  "stressgen-comparison", "version", COMPARE_VERSION, "sentence", c->sentence, "plan",
	                  plans[c->plan], "base", source_to_json(&s->sources[SAMPLE_BASE]), "head",
	                  source_to_json(&s->sources[SAMPLE_HEAD]), "counts", counts_to_json(c), "control",
	                  control, "notes", texts((const char *const *)c->notes.items, c->notes.count), "verdicts",
	                  verdicts_to_json(c), "cliffs", cliffs_to_json(c), "rows",
	                  rows_to_json(c->rows, c->count), "only_base", texts(c->only_base, c->only_base_count),
	                  "only_head", texts(c->only_head, c->only_head_count), "pairs", (json_int_t)c->pairs);
	char *text;

	if (report != NULL && s->intervals) {
		json_object_set_new(report, "variants", texts(s->variants, s->variant_count));
		set_real(report, "precision", s->precision);
	} else if (report != NULL) {
		set_real(report, "detects", c->detectable);
	}
	text = report != NULL ? json_dumps(report, JSON_INDENT(1)) : NULL;
	json_decref(report);
	if (text == NULL)
		return -ENOMEM;
	buf_adds(out, text);
	buf_addc(out, '\n');
	free(text);
	return out->failed ? -ENOMEM : 0;
}
