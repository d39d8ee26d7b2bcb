// buf: the growable byte string.
#include "harness.h"

#include "buf.h"

#include <stdlib.h>
#include <string.h>

CASE("buf: text is empty when nothing was added")
{
	struct buf b = { 0 };

	assert_string_equal(buf_text(&b), "");
	buf_deinit(&b);
}

CASE("buf: taken bytes are the caller's when the buffer is used again")
{
	struct buf b = { 0 };
	char *taken;

	buf_adds(&b, "one");
	taken = buf_take(&b);
	buf_adds(&b, "two");
	assert_string_equal(taken, "one");
	assert_string_equal(buf_text(&b), "two");
	free(taken);
	buf_deinit(&b);
}

CASE("buf: taking gives an empty string when nothing was added")
{
	struct buf b = { 0 };
	char *taken = buf_take(&b);

	assert_string_equal(taken, "");
	free(taken);
}

CASE("buf: bytes stay in order when it grows a byte at a time and by large pieces")
{
	struct buf b = { 0 };
	char piece[5000];

	memset(piece, 'p', sizeof piece);
	for (int i = 0; i < 1000; i++)
		buf_addc(&b, (char)('a' + i % 26));
	buf_add(&b, piece, sizeof piece);
	buf_addf(&b, "-%d-", 42);
	assert_int_equal(b.len, 1000 + sizeof piece + 4);
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(b.data[i], 'a' + (char)(i % 26));
	assert_string_equal(b.data + 1000 + sizeof piece, "-42-");
	buf_deinit(&b);
}

CASE("buf: NUL bytes are kept when they are added by length")
{
	struct buf b = { 0 };

	buf_add(&b, "a\0b", 3);
	assert_int_equal(b.len, 3);
	assert_memory_equal(b.data, "a\0b", 4);
	buf_deinit(&b);
}

CASE("buf: it is marked as failed and keeps what it has when memory cannot be had")
{
	struct buf b = { 0 };

	buf_adds(&b, "kept");
	buf_add(&b, "x", SIZE_MAX / 2 - 1);
	assert_true(b.failed);
	buf_adds(&b, "more");
	assert_string_equal(buf_text(&b), "kept");
	buf_clear(&b);
	assert_false(b.failed);
	buf_deinit(&b);
}
