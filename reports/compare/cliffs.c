// Cliffs as text and as JSON.
#include "cliffs.h"

#include "table.h"
#include "text.h"
#include "units.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void free_cliff(struct cliff *c)
{
	free(c->kernel);
	free(c->param);
	free(c->target);
	free(c->why);
	free(c->evidence);
	free(c->slab);
	free(c->heap);
	free(c->suite);
	free(c->again);
	free(c->points);
}

void cliffs_deinit(struct cliffs *c)
{
	for (size_t i = 0; i < c->count; i++)
		free_cliff(&c->items[i]);
	free(c->items);
	free(c->command);
	free(c->allocator);
	*c = (struct cliffs){ 0 };
}

const char *cliff_state_name(enum cliff_state s)
{
	static const char *const names[] = {
#define X(name, text) text,
		CLIFF_STATES(X)
#undef X
	};

	return names[s];
}

const char *cliff_name(struct arena *a, const struct cliff *c)
{
	const char *kernel = text_line(a, c->kernel);

	return strcmp(c->kernel, "http2") == 0 ? text_make(a, "%s %s", kernel, text_line(a, c->param)) : kernel;
}

const struct cliff_point *cliff_at(const struct cliff *c, int64_t value)
{
	const struct cliff_point *best = NULL;
	const bool passed = value == c->passes;

	for (size_t i = 0; i < c->point_count; i++)
		if (c->points[i].value == value && (c->points[i].verdict == VERDICT_PASSED) == passed)
			best = &c->points[i];
	return best;
}

const char *cliff_what_broke(const struct cliff *c)
{
	if (c->fails == 0)
		return "";
	switch (c->verdict) {
	case VERDICT_STACK_OVERFLOW:
		return "stack";
	case VERDICT_OUT_OF_MEMORY:
		return "heap";
	case VERDICT_SLAB_EXHAUSTED:
		return "slab";
	case VERDICT_TIMEOUT:
		return "time";
	case VERDICT_CRASHED:
		return "crash";
	default:
		return "result";
	}
}

// ---- text ---------------------------------------------------------------------------------------------------

static const char *count_of(struct arena *a, int64_t value)
{
	return value > 0 ? text_count(a, (uint64_t)value) : "-";
}

// "997 passes, 1,007 does not".
static const char *boundary(struct arena *a, const struct cliff *c)
{
	const char *passes = count_of(a, c->passes), *fails = count_of(a, c->fails);

	switch (c->state) {
	case CLIFF_STATE_FOUND:
		return text_make(a, "%s passes, %s does not%s", passes, fails,
		                 c->sharp ? "" : "; between them it is sometimes one, sometimes the other");
	case CLIFF_STATE_NONE:
		return text_make(a, "none: %s, the most that is tried, passes", passes);
	case CLIFF_STATE_AT_ONCE:
		return text_make(a, "even %s fails", fails);
	case CLIFF_STATE_LACKS:
		return text_make(a, "cannot be written: %s", text_line(a, c->why));
	default:
		return text_make(a, "%s passes; not looked further: %s", passes, text_line(a, c->why));
	}
}

static const char *how(struct arena *a, const struct cliff *c)
{
	if (c->fails == 0)
		return "";
	return text_make(a, "%s%s%s", verdict_name(c->verdict), c->clean ? ", clean" : "",
	                 c->sharp ? "" : ", not sharp");
}

static void print_points(const struct cliff *c, struct arena *a, const struct term_style *style, FILE *out)
{
	static const struct table_column columns[] = { { "value", true, 0, false },
		                                       { "ended", false, 0, false },
		                                       { "time", true, 0, false },
		                                       { "CPU", true, 1, false },
		                                       { "peak memory", true, 0, false } };
	struct table *t = table_new(a, columns, sizeof columns / sizeof columns[0]);

	for (size_t i = 0; t != NULL && i < c->point_count; i++) {
		const struct cliff_point *p = &c->points[i];
		const bool passed = p->verdict == VERDICT_PASSED;
		table_row(t);
		table_cell(t, STYLE_PLAIN, count_of(a, p->value));
		table_cell(t, passed ? STYLE_GOOD : STYLE_BAD,
		           text_make(a, "%s %s", text_mark(p->verdict), verdict_name(p->verdict)));
		table_cell(t, STYLE_PLAIN, text_duration(a, p->wall_ns));
		table_cell(t, STYLE_PLAIN, text_duration(a, p->cpu_ns));
		table_cell(t, STYLE_PLAIN, p->peak_rss_bytes > 0 ? text_bytes(a, p->peak_rss_bytes) : "");
	}
	if (t != NULL)
		table_print(t, style, out);
	table_free(t);
}

static void print_one(const struct cliff *c, struct arena *a, const struct term_style *style, FILE *out)
{
	table_wrap(style,
	           text_make(a, "%s on %s: %s %s", text_line(a, c->kernel), text_line(a, c->target), c->param,
	                     boundary(a, c)),
	           0, 4, out);
	if (c->fails > 0) {
		table_wrap(style,
		           text_make(a, "it breaks by: %s, %s%s%s", cliff_what_broke(c), how(a, c),
		                     c->slab[0] != '\0' ? ", " : "", text_line(a, c->slab)),
		           2, 4, out);
		if (c->heap[0] != '\0')
			table_wrap(style, text_line(a, c->heap), 2, 4, out);
		table_wrap(style, text_make(a, "evidence: %s", text_line(a, c->evidence)), 2, 4, out);
		if (c->again != NULL)
			table_wrap(style, text_make(a, "see it: %s", text_line(a, c->again)), 2, 4, out);
	}
	fputc('\n', out);
	print_points(c, a, style, out);
}

static void print_many(const struct cliffs *all, struct arena *a, const struct term_style *style, FILE *out)
{
	static const struct table_column columns[] = {
		{ "kernel", false, 0, true },    { "target", false, 0, true }, { "passes", true, 0, false },
		{ "fails", true, 0, false },     { "by", false, 0, false },    { "ended", false, 2, false },
		{ "time there", true, 1, false }
	};
	struct table *t = table_new(a, columns, sizeof columns / sizeof columns[0]);

	for (size_t i = 0; t != NULL && i < all->count; i++) {
		const struct cliff *c = &all->items[i];
		const struct cliff_point *at = c->passes > 0 ? cliff_at(c, c->passes) : NULL;
		const bool bad = c->fails > 0 && !c->clean && c->verdict != VERDICT_TIMEOUT;
		if (c->state == CLIFF_STATE_LACKS)
			continue;
		table_row(t);
		table_cell(t, STYLE_PLAIN, cliff_name(a, c));
		table_cell(t, STYLE_PLAIN, text_line(a, c->target));
		table_cell(t, STYLE_PLAIN, count_of(a, c->passes));
		table_cell(t, STYLE_PLAIN, count_of(a, c->fails));
		table_cell(t, bad ? STYLE_BAD : STYLE_PLAIN,
		           c->fails > 0 ? cliff_what_broke(c) : cliff_state_name(c->state));
		table_cell(t, STYLE_PLAIN, how(a, c));
		table_cell(t, STYLE_PLAIN, at != NULL ? text_duration(a, at->wall_ns) : "");
	}
	if (t != NULL)
		table_print(t, style, out);
	table_free(t);
}

int cliffs_text(const struct cliffs *c, const struct term_style *style, FILE *out)
{
	struct arena a = { 0 };

	if (c->count == 1)
		print_one(&c->items[0], &a, style, out);
	else
		print_many(c, &a, style, out);
	arena_deinit(&a);
	return ferror(out) ? -EIO : 0;
}

// ---- JSON ---------------------------------------------------------------------------------------------------

static json_t *points_to_json(const struct cliff *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->point_count; i++) {
		const struct cliff_point *p = &c->points[i];
		json_array_append_new(list, json_pack("{s:I, s:s, s:I, s:I, s:I}", "value", (json_int_t)p->value,
		                                      "verdict", verdict_name(p->verdict), "wall_ns",
		                                      (json_int_t)p->wall_ns, "cpu_ns", (json_int_t)p->cpu_ns,
		                                      "peak_rss_bytes", (json_int_t)p->peak_rss_bytes));
	}
	return list;
}

static void set_text(json_t *o, const char *key, const char *text)
{
	if (text != NULL && text[0] != '\0')
		json_object_set_new(o, key, json_string(text));
}

static json_t *cliff_to_json(const struct cliff *c)
{
	json_t *o = json_pack("{s:s, s:s, s:s}", "kernel", c->kernel, "target", c->target, "state",
	                      cliff_state_name(c->state));

	set_text(o, "param", c->param);
	set_text(o, "why", c->why);
	if (c->passes > 0)
		json_object_set_new(o, "passes", json_integer(c->passes));
	if (c->fails > 0) {
		json_object_set_new(o, "fails", json_integer(c->fails));
		json_object_set_new(o, "verdict", json_string(verdict_name(c->verdict)));
		json_object_set_new(o, "clean", json_boolean(c->clean));
		set_text(o, "broke", cliff_what_broke(c));
		set_text(o, "evidence", c->evidence);
		set_text(o, "slab", c->slab);
		set_text(o, "heap", c->heap);
		set_text(o, "suite", c->suite);
		set_text(o, "again", c->again);
	}
	if (c->state == CLIFF_STATE_FOUND)
		json_object_set_new(o, "sharp", json_boolean(c->sharp));
	json_object_set_new(o, "tried", points_to_json(c));
	return o;
}

json_t *cliffs_to_json(const struct cliffs *c)
{
	json_t *list = json_array();
	json_t *limits = json_pack("{s:I, s:I}", "timeout_ns", (json_int_t)c->timeout_ns, "slab_bytes",
	                           (json_int_t)c->slab_bytes);

	if (c->memory_bytes > 0)
		json_object_set_new(limits, "memory_bytes", json_integer((json_int_t)c->memory_bytes));
	for (size_t i = 0; i < c->count; i++)
		json_array_append_new(list, cliff_to_json(&c->items[i]));
	return json_pack("{s:i, s:s, s:s*, s:o, s:o}", "version", 1, "command", c->command, "allocator",
	                 c->allocator, "limits", limits, "cliffs", list);
}
