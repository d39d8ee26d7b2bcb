// The line of tests that wait, as a linked list: taking one out of its middle costs nothing.
#include "schedule.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

// How many of those that wait are looked at: with 100,000 tests that all own one resource, looking at each of them
// whenever one has ended would take longer than the tests.
#define LOOK_AHEAD 1000U

static const struct test_meta *meta_at(const struct schedule *s, size_t position)
{
	return &s->suite->tests[s->plan->order[position]].meta;
}

static void append(struct schedule *s, size_t position)
{
	struct schedule_place *p = &s->places[position];

	p->state = SCHEDULE_WAITING;
	p->previous = s->last;
	p->next = SCHEDULE_NONE;
	if (s->last != SCHEDULE_NONE)
		s->places[s->last].next = position;
	else
		s->first = position;
	s->last = position;
}

static void prepend(struct schedule *s, size_t position)
{
	struct schedule_place *p = &s->places[position];

	p->state = SCHEDULE_WAITING;
	p->previous = SCHEDULE_NONE;
	p->next = s->first;
	if (s->first != SCHEDULE_NONE)
		s->places[s->first].previous = position;
	else
		s->last = position;
	s->first = position;
}

int schedule_init(struct schedule *s, const struct suite *suite, const struct plan *plan, size_t workers)
{
	memset(s, 0, sizeof *s);
	s->suite = suite;
	s->plan = plan;
	s->first = s->last = SCHEDULE_NONE;
	s->places = calloc(plan->count + 1, sizeof *s->places);
	s->position_of = calloc(suite->count + 1, sizeof *s->position_of);
	s->running = calloc(workers + 1, sizeof *s->running);
	if (s->places == NULL || s->position_of == NULL || s->running == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < suite->count; i++)
		s->position_of[i] = SCHEDULE_NONE;
	for (size_t i = 0; i < plan->count; i++) {
		s->position_of[plan->order[i]] = i;
		s->places[i].alone = meta_at(s, i)->serial;
		append(s, i);
	}
	return 0;
}

void schedule_deinit(struct schedule *s)
{
	free(s->places);
	free(s->position_of);
	free(s->running);
	memset(s, 0, sizeof *s);
}

static bool share_a_resource(const struct test_meta *a, const struct test_meta *b)
{
	for (size_t i = 0; i < a->resources.count; i++)
		for (size_t k = 0; k < b->resources.count; k++)
			if (strcmp(a->resources.items[i], b->resources.items[k]) == 0)
				return true;
	return false;
}

static bool dependencies_settled(const struct schedule *s, size_t position)
{
	const struct strings *ids = &meta_at(s, position)->depends_on;

	for (size_t i = 0; i < ids->count; i++) {
		const struct suite_test *t = suite_find(s->suite, ids->items[i]);
		size_t at = t != NULL ? s->position_of[t - s->suite->tests] : SCHEDULE_NONE;
		if (at != SCHEDULE_NONE && s->places[at].state != SCHEDULE_SETTLED)
			return false;
	}
	return true;
}

static bool may_start(const struct schedule *s, size_t position)
{
	if (!dependencies_settled(s, position))
		return false;
	for (size_t i = 0; i < s->running_count; i++)
		if (share_a_resource(meta_at(s, position), meta_at(s, s->running[i])))
			return false;
	return true;
}

size_t schedule_next(const struct schedule *s)
{
	size_t at = s->first;

	if (s->running_count > 0 && s->places[s->running[0]].alone)
		return SCHEDULE_NONE;
	for (size_t looked = 0; at != SCHEDULE_NONE && looked < LOOK_AHEAD; looked++) {
		// One that must be alone is not overtaken, or it would wait for ever.
		if (s->places[at].alone)
			return s->running_count == 0 && dependencies_settled(s, at) ? at : SCHEDULE_NONE;
		if (may_start(s, at))
			return at;
		at = s->places[at].next;
	}
	return SCHEDULE_NONE;
}

void schedule_start(struct schedule *s, size_t position)
{
	struct schedule_place *p = &s->places[position];

	if (p->previous != SCHEDULE_NONE)
		s->places[p->previous].next = p->next;
	else
		s->first = p->next;
	if (p->next != SCHEDULE_NONE)
		s->places[p->next].previous = p->previous;
	else
		s->last = p->previous;
	p->state = SCHEDULE_RUNNING;
	s->running[s->running_count++] = position;
}

static void take_from_running(struct schedule *s, size_t position)
{
	for (size_t i = 0; i < s->running_count; i++)
		if (s->running[i] == position) {
			s->running[i] = s->running[--s->running_count];
			return;
		}
}

void schedule_settle(struct schedule *s, size_t position)
{
	take_from_running(s, position);
	s->places[position].state = SCHEDULE_SETTLED;
}

void schedule_again(struct schedule *s, size_t position, bool alone)
{
	take_from_running(s, position);
	s->places[position].alone = s->places[position].alone || alone;
	if (alone)
		append(s, position);
	else
		prepend(s, position);
}

bool schedule_is_over(const struct schedule *s)
{
	return s->first == SCHEDULE_NONE && s->running_count == 0;
}
