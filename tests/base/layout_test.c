// Where the heap begins, by the length of STRESSGEN_LAYOUT.
#include "harness.h"

#include "layout.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void pad(size_t bytes)
{
	char text[4200];

	memset(text, 'x', bytes);
	text[bytes] = '\0';
	assert_int_equal(setenv(SG_LAYOUT_ENV, text, 1), 0);
}

CASE("layout: the heap moves by as much as the invocation's environment was padded, in steps that malloc keeps")
{
	static const size_t paddings[][2] = { { 0, 0 }, { 15, 0 }, { 16, 16 }, { 100, 96 }, { 4095, 4080 } };

	for (size_t i = 0; i < sizeof paddings / sizeof paddings[0]; i++) {
		uintptr_t before;

		pad(paddings[i][0]);
		assert_int_equal(layout_bytes(), paddings[i][1]);
		before = (uintptr_t)sbrk(0);
		layout_move_heap();
		assert_int_equal((uintptr_t)sbrk(0) - before, paddings[i][1]);
	}
	unsetenv(SG_LAYOUT_ENV);
	assert_int_equal(layout_bytes(), 0);
}
