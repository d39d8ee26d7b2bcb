// Memory over time of variants that ran in turn: one invocation speaks for each.
#include "samples.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MOST_TESTS 12U
#define FEWEST_POINTS 5U // below that there is no course to be seen

static bool is_of(const struct result *r, const char *test, size_t variant)
{
	return r->of != NULL && r->phase != NULL && strcmp(r->phase, "screen") == 0 && r->as_expected &&
	       r->side != NULL && r->side[0] == (char)('a' + (int)variant) && r->side[1] == '\0' &&
	       strcmp(r->of, test) == 0 && r->point_count >= FEWEST_POINTS;
}

static int by_peak(const void *a, const void *b)
{
	const struct result *const *x = a, *const *y = b;

	if ((*x)->peak_rss_bytes != (*y)->peak_rss_bytes)
		return (*x)->peak_rss_bytes < (*y)->peak_rss_bytes ? -1 : 1;
	return ((*x)->pair > (*y)->pair) - ((*x)->pair < (*y)->pair);
}

// The points of the invocation with the median peak are copied: the run is gone before the report is made.
static int add_course(struct samples *s, const struct run *r, const char *test, size_t variant,
                      const struct result **room)
{
	struct sample_course *to = &s->courses[s->course_count];
	const struct result *chosen;
	struct result_point *points;
	size_t n = 0;

	for (size_t i = 0; i < r->count; i++)
		if (is_of(&r->results[i], test, variant))
			room[n++] = &r->results[i];
	if (n == 0)
		return 0;
	qsort(room, n, sizeof(const struct result *), by_peak);
	chosen = room[n / 2];
	points = arena_alloc(&s->arena, chosen->point_count * sizeof *points);
	*to = (struct sample_course){ samples_keep(s, test), variant, points, chosen->point_count };
	if (points == NULL || to->test == NULL)
		return -ENOMEM;
	memcpy(points, chosen->points, chosen->point_count * sizeof *points);
	s->course_count++;
	return 0;
}

static bool has_course(const struct samples *s, const char *test)
{
	for (size_t i = 0; i < s->course_count; i++)
		if (strcmp(s->courses[i].test, test) == 0)
			return true;
	return false;
}

int samples_add_courses(struct samples *s, const struct run *r)
{
	const struct result **room = calloc(r->count + 1, sizeof(const struct result *));
	size_t tests = 0;
	int rc = 0;

	s->courses = arena_alloc(&s->arena, MOST_TESTS * s->variant_count * sizeof *s->courses);
	if (room == NULL || s->courses == NULL)
		rc = -ENOMEM;
	for (size_t i = 0; rc == 0 && i < r->count && tests < MOST_TESTS; i++) {
		const struct result *one = &r->results[i];

		if (!is_of(one, one->of != NULL ? one->of : "", 0) || has_course(s, one->of))
			continue;
		for (size_t v = 0; rc == 0 && v < s->variant_count; v++)
			rc = add_course(s, r, one->of, v, room);
		tests++;
	}
	free(room);
	return rc;
}
