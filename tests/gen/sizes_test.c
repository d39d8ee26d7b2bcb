#include "harness.h"

#include "sizes.h"

#include <stdio.h>
#include <string.h>

static size_t sizes(const char *fields, unsigned count, int64_t *out)
{
	char text[512];
	struct kernel *k;
	struct err e = { 0 };

	snprintf(text, sizeof text, "(kernel gc/k (summary \"s\") %s (measure t (repeat 1) n))", fields);
	assert_int_equal(kernel_parse("k.kernel", text, strlen(text), &k, &e), 0);
	size_t n = sizes_of(k, 10000, count, out);
	kernel_free(k);
	return n;
}

CASE("sizes: they lie a constant factor apart between the kernel's own")
{
	int64_t out[SIZES_MOST];

	assert_int_equal(
	        sizes("(param n 10 (range 1 100000)) (instance (n 100)) (instance (n --depth)) (growth \"n\")", 3,
	              out),
	        3);
	assert_int_equal(out[0], 100);
	assert_int_equal(out[1], 1000);
	assert_int_equal(out[2], 10000);
}

CASE("sizes: from a sixteenth of the only one, within the range, each once")
{
	int64_t out[SIZES_MOST];

	assert_int_equal(sizes("(param n 1600 (range 1 100000)) (growth \"n\")", 5, out), 5);
	assert_int_equal(out[0], 100);
	assert_int_equal(out[4], 1600);
	assert_int_equal(sizes("(param n 4 (range 2 10)) (growth \"n\")", 20, out), 3);
	assert_int_equal(out[0], 2);
	assert_int_equal(out[2], 4);
}

CASE("sizes: what doubles with each further one gets the last ones")
{
	int64_t out[SIZES_MOST];

	assert_int_equal(sizes("(param n 20 (range 0 30)) (growth \"2^n\")", 4, out), 4);
	assert_int_equal(out[0], 17);
	assert_int_equal(out[3], 20);
}

CASE("sizes: a kernel that does not grow, or does not say how, keeps its own")
{
	int64_t out[SIZES_MOST];

	assert_int_equal(sizes("(param n 20 (range 0 30))", 4, out), 0);
	assert_int_equal(sizes("(param n 20 (range 0 30)) (growth \"1\")", 4, out), 0);
	assert_int_equal(sizes("(param n 20 (range 0 30)) (growth \"n\")", 0, out), 0);
}
