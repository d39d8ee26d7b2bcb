// The page's table of targets: what a reader wants to know first of a run in which several were compared.
#include "html.h"

#include "text.h"

#include <math.h>
#include <string.h>

// One target; the sums of logarithms are against the same tests on the first target.
struct target {
	const char *name;
	size_t tests, passed, failed, time_pairs, memory_pairs;
	uint64_t wall_ns;
	double log_time, log_memory;
};

static struct target *find(struct target *targets, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(targets[i].name, name) == 0)
			return &targets[i];
	return NULL;
}

static bool passed(const struct view_test *t)
{
	return t->r->as_expected && verdict_did_run(t->r->verdict);
}

static uint64_t median(const struct view_test *t)
{
	return t->hist != NULL && passed(t) ? hist_percentile(t->hist, 50) : 0;
}

static void add_ratio(double *sum, size_t *pairs, uint64_t value, uint64_t base)
{
	if (value == 0 || base == 0)
		return;
	*sum += log((double)value / (double)base);
	++*pairs;
}

static void count_test(struct target *target, const struct view_test *t, const struct view_test *base)
{
	target->tests++;
	target->failed += result_failed(t->r);
	target->passed += passed(t);
	target->wall_ns += t->r->wall_ns;
	if (base == NULL || !passed(t) || !passed(base))
		return;
	add_ratio(&target->log_time, &target->time_pairs, median(t), median(base));
	add_ratio(&target->log_memory, &target->memory_pairs, t->r->peak_rss_bytes, base->r->peak_rss_bytes);
}

static void sum_up(const struct view *v, struct target *targets)
{
	size_t same;

	for (size_t i = 0; i < v->target_count; i++)
		targets[i].name = v->targets[i];
	for (size_t first = 0; first < v->count; first += same) {
		const struct view_test *base = NULL;

		same = view_same_name(v, first);
		for (size_t i = first; i < first + same; i++)
			if (strcmp(v->tests[i].target, targets[0].name) == 0)
				base = &v->tests[i];
		for (size_t i = first; i < first + same; i++) {
			struct target *t = find(targets, v->target_count, v->tests[i].target);

			if (t != NULL)
				count_test(t, &v->tests[i], base);
		}
	}
}

static double mean_ratio(double sum, size_t pairs)
{
	return pairs > 0 ? exp(sum / (double)pairs) : (double)NAN;
}

static void ratio_cell(struct page *p, double ratio)
{
	html_real_cell(p, ratio, text_ratio(p->arena, ratio));
}

static void add_target(struct page *p, const struct target *t)
{
	struct arena *a = p->arena;

	buf_adds(&p->b, "<tr><th scope=\"row\">");
	html_text(p, t->name);
	buf_adds(&p->b, "</th>");
	html_figure_cell(p, t->passed, text_count(a, t->passed));
	buf_addf(&p->b, "<td class=\"n%s\"><data value=\"%zu\">%s%zu</data></td>", t->failed > 0 ? " bad" : "",
	         t->failed, t->failed > 0 ? "✗ " : "", t->failed);
	html_figure_cell(p, t->wall_ns, text_duration(a, t->wall_ns));
	ratio_cell(p, mean_ratio(t->log_time, t->time_pairs));
	ratio_cell(p, mean_ratio(t->log_memory, t->memory_pairs));
	html_figure_cell(p, t->time_pairs, text_count(a, t->time_pairs));
	buf_adds(&p->b, "</tr>\n");
}

void html_targets(struct page *p)
{
	struct arena *a = p->arena;
	const struct view *v = p->view;
	struct target *targets = arena_alloc(a, (v->target_count + 1) * sizeof *targets);

	if (v->target_count < 2 || targets == NULL)
		return;
	sum_up(v, targets);
	html_section(
	        p, "targets", "Targets",
	        text_make(a,
	                  "Median latency and peak memory as multiples of those on %s: geometric means over the "
	                  "tests that both passed. One run shows, it does not judge: stressgen compare does.",
	                  targets[0].name));
	html_head(p, (const char *const[]){ "Target", ">Passed", ">Failed", ">Time in tests", ">Median",
	                                    ">Peak memory", ">Tests compared", NULL });
	for (size_t i = 0; i < v->target_count; i++)
		add_target(p, &targets[i]);
	html_head_end(p);
	html_section_end(p);
}
