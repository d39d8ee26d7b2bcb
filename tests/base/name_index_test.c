// Finding positions by name.
#include "name_index.h"

#include "harness.h"

#include <errno.h>
#include <stdio.h>

#define NAMES 5000

static char names[NAMES][8];

static const char *name_at(const void *list, size_t position)
{
	const char(*all)[8] = list;

	return all[position];
}

CASE("name_index: each of many names is found at its position, and nothing else is")
{
	struct name_index x = { 0 };

	assert_true(name_index_find(&x, name_at, names, "0") == NAME_INDEX_NONE);
	assert_int_equal(name_index_init(&x, NAMES), 0);
	for (size_t i = 0; i < NAMES; i++) {
		snprintf(names[i], sizeof names[i], "%zu", i);
		assert_int_equal(name_index_add(&x, name_at, names, i), 0);
	}
	for (size_t i = 0; i < NAMES; i++)
		assert_int_equal(name_index_find(&x, name_at, names, names[i]), i);
	assert_true(name_index_find(&x, name_at, names, "5000") == NAME_INDEX_NONE);
	assert_true(name_index_find(&x, name_at, names, "") == NAME_INDEX_NONE);
	assert_true(x.count <= 4 * NAMES);
	name_index_deinit(&x);
}

CASE("name_index: of two equal names the first stays")
{
	static const char twice[][8] = { "a", "b", "a" };
	struct name_index x = { 0 };

	assert_int_equal(name_index_init(&x, 3), 0);
	assert_int_equal(name_index_add(&x, name_at, twice, 0), 0);
	assert_int_equal(name_index_add(&x, name_at, twice, 1), 0);
	assert_int_equal(name_index_add(&x, name_at, twice, 2), -EEXIST);
	assert_int_equal(name_index_find(&x, name_at, twice, "a"), 0);
	assert_int_equal(name_index_init(&x, 0), 0); // and forgets
	assert_true(name_index_find(&x, name_at, twice, "a") == NAME_INDEX_NONE);
	name_index_deinit(&x);
}
