// The page's comparison of allocators under the same program.
#include "html_arrows.h"

#include <string.h>

#define FEWEST_ARROWS 3U
#define MOST_PAIRS 12U

static bool has_both(const struct view_test *t)
{
	return t->r->as_expected && t->hist != NULL && hist_percentile(t->hist, 50) > 0 &&
	       t->r->peak_rss_bytes > 0;
}

// "lua" of "lua@jemalloc"; the length is 0 where there is no policy behind it.
static size_t dialect_length(const char *target)
{
	const char *at = strchr(target, '@');

	return at != NULL ? (size_t)(at - target) : 0;
}

static bool same_dialect(const char *a, const char *b)
{
	size_t len = dialect_length(a);

	return len > 0 && len == dialect_length(b) && strncmp(a, b, len) == 0;
}

static struct arrow arrow_of(const struct view_test *a, const struct view_test *b)
{
	return (struct arrow){ b->id,
		               b->name,
		               { (double)hist_percentile(a->hist, 50), (double)hist_percentile(b->hist, 50) },
		               { (double)a->r->peak_rss_bytes, (double)b->r->peak_rss_bytes } };
}

// The tests that ended as expected on both targets; returns how many.
static size_t collect(const struct view *v, const char *a, const char *b, struct arrow *arrows)
{
	size_t count = 0, same;

	for (size_t first = 0; first < v->count; first += same) {
		const struct view_test *from = NULL, *to = NULL;

		same = view_same_name(v, first);
		for (size_t i = first; i < first + same; i++) {
			if (has_both(&v->tests[i]) && strcmp(v->tests[i].target, a) == 0)
				from = &v->tests[i];
			if (has_both(&v->tests[i]) && strcmp(v->tests[i].target, b) == 0)
				to = &v->tests[i];
		}
		if (from != NULL && to != NULL)
			arrows[count++] = arrow_of(from, to);
	}
	return count;
}

static void open_section(struct page *p)
{
	html_section(
	        p, "allocators", "Allocators",
	        "The same program on two allocators: one arrow a test, from the one to the other. To the right is "
	        "slower (median), upwards is more memory (the peak of the whole process), both on logarithmic "
	        "axes.");
	html_charts(p);
}

// The first target of each dialect against its others.
void html_allocators(struct page *p)
{
	const struct view *v = p->view;
	struct arrow *arrows = arena_alloc(p->arena, (v->count + 1) * sizeof *arrows);
	size_t charts = 0;

	for (size_t i = 0; arrows != NULL && i < v->target_count && charts < MOST_PAIRS; i++) {
		size_t first = 0, count;

		while (first < i && !same_dialect(v->targets[first], v->targets[i]))
			first++;
		if (first == i)
			continue;
		count = collect(v, v->targets[first], v->targets[i], arrows);
		if (count < FEWEST_ARROWS)
			continue;
		if (charts++ == 0)
			open_section(p);
		html_arrows(p, v->targets[first], v->targets[i], arrows, count);
	}
	if (charts == 0)
		return;
	html_charts_end(p);
	html_section_end(p);
}
