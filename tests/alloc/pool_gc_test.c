// slab-gc: a denial at the mark, which asks for a collection.
#include "harness.h"
#include "pool.h"
#include "pool_walk.h"

#include <string.h>

#define PAGE 4096U
#define KIB UINT64_C(1024)

static struct pool *open_gc(uint64_t capacity, unsigned mark_percent, unsigned forgiven,
                            enum pool_asks_again again)
{
	const struct pool_config c = {
		.capacity_bytes = capacity, .mark_percent = mark_percent, .forgiven = forgiven, .asks_again = again
	};
	struct pool *p = NULL;
	struct err e = { 0 };

	if (pool_open(pool_policy_find("slab-gc", NULL), &c, &p, &e) < 0)
		fail_msg("%s", e.text);
	return p;
}

static void *take(struct pool *p, size_t bytes)
{
	return pool_resize(p, NULL, 0, bytes);
}

CASE("slab-gc: the request that passes the mark is denied once, and granted when it is repeated")
{
	struct pool *p = open_gc(100 * PAGE, 50, 1, POOL_ASKS_ALWAYS);

	for (int i = 0; i < 50; i++)
		assert_non_null(take(p, PAGE));
	assert_null(take(p, PAGE));
	assert_int_equal(p->pressed, 1);
	assert_int_equal(p->at_mark, 1);
	assert_int_equal(p->figures->exhausted, 0);
	assert_non_null(take(p, PAGE));
	assert_int_equal(p->figures->used, 51 * PAGE);
	pool_close(p);
}

CASE("slab-gc: what a collection leaves moves the mark to the middle of what is free, and the end is exhaustion")
{
	struct pool *p = open_gc(100 * PAGE, 50, 1, POOL_ASKS_ALWAYS);
	unsigned taken = 0;

	for (int denials = 0; denials < 2;) {
		if (take(p, PAGE) != NULL) {
			taken++;
			denials = 0;
		} else {
			denials++;
		}
	}
	assert_int_equal(taken, 100);
	assert_in_range(p->at_mark, 4, 8); // 50, 75, 87, 93, ...: not one for each page
	assert_int_equal(p->figures->exhausted, 1);
	assert_int_equal(p->figures->high_water, 100 * PAGE);
	pool_close(p);
}

CASE("slab-gc: when much has gone the mark is where it was at first")
{
	struct pool *p = open_gc(100 * PAGE, 50, 1, POOL_ASKS_ALWAYS);
	void *pages[60];

	for (int i = 0; i < 60; i++)
		if ((pages[i] = take(p, PAGE)) == NULL)
			pages[i] = take(p, PAGE);
	assert_int_equal(p->at_mark, 1);
	for (int i = 0; i < 60; i++)
		pool_resize(p, pages[i], PAGE, 0);
	for (int i = 0; i < 50; i++)
		assert_non_null(take(p, PAGE));
	assert_null(take(p, PAGE));
	assert_int_equal(p->at_mark, 2);
	pool_close(p);
}

CASE("slab-gc: who does not ask again is not denied at the mark: no forgiveness, a block that grows, none that is an object")
{
	struct pool *p = open_gc(100 * PAGE, 50, 0, POOL_ASKS_ALWAYS);
	void *block;

	for (int i = 0; i < 100; i++)
		assert_non_null(take(p, PAGE));
	pool_close(p);
	p = open_gc(100 * PAGE, 50, 1, POOL_ASKS_FOR_OBJECTS);
	assert_non_null(block = take(p, 40 * PAGE));
	assert_non_null(pool_resize(p, block, 40 * PAGE, 60 * PAGE));
	assert_non_null(take(p, 2 * PAGE));
	assert_null(pool_resize(p, NULL, 4, PAGE));
	assert_int_equal(p->at_mark, 1);
	pool_close(p);
}

CASE("slab-gc: blocks never overlap and keep their content over random operations")
{
	struct pool *p = open_gc(4096 * KIB, 10, 1, POOL_ASKS_ALWAYS);

	uint64_t denied = pool_walk(p, 7);

	assert_true(denied > 0);
	assert_int_equal(denied, p->at_mark);
	assert_int_equal(p->figures->exhausted, 0);
	pool_close(p);
}

CASE("slab-gc: a mark is 1 to 99 percent, and for this pool alone")
{
	struct pool_config c = { .capacity_bytes = 64 * KIB, .mark_percent = 100 };
	struct pool *p = NULL;
	struct err e = { 0 };

	assert_true(pool_open(pool_policy_find("slab-gc", NULL), &c, &p, &e) < 0);
	assert_non_null(strstr(e.text, "1 to 99 %"));
	e.text[0] = '\0';
	c.mark_percent = 50;
	assert_true(pool_open(pool_policy_find("slab-fixed", NULL), &c, &p, &e) < 0);
	assert_non_null(strstr(e.text, "takes no mark"));
}
