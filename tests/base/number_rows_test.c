// Tables of numbers.
#include "harness.h"
#include "number_rows.h"

#include <string.h>

CASE("number_rows: thinning keeps even distances, the first and the last")
{
	struct number_rows t = { 0 };

	for (uint64_t i = 0; i < 101; i++)
		number_rows_add(&t, 2)[0] = i;
	number_rows_thin(&t, 2, 30);
	assert_in_range(t.count, 10, 30);
	assert_int_equal(t.values[0], 0);
	assert_int_equal(t.values[2], 4);
	assert_int_equal(t.values[4], 8);
	assert_int_equal(t.values[2 * (t.count - 1)], 100);
	number_rows_deinit(&t);
}

CASE("number_rows: what is no table of that width is refused in words")
{
	static const char *const wrong[] = { "{\"t\": 3}", "{\"t\": [1]}", "{\"t\": [[1]]}",
		                             "{\"t\": [[1, -1]]}" };

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		json_t *j = json_loads(wrong[i], 0, NULL);
		struct number_rows t = { 0 };
		struct err e = { 0 };

		assert_true(number_rows_read(j, "t", &t, 2, &e) < 0);
		assert_true(e.text[0] != '\0');
		number_rows_deinit(&t);
		json_decref(j);
	}
}
