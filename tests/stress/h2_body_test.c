// Bodies: reading and comparing, in pieces of any size.
#include "body.h"
#include "harness.h"

#include <string.h>

CASE("h2 body: the pattern is the same in pieces of any size")
{
	const struct h2_body b = { NULL, 1000 };
	char whole[1000], piece[1000];
	assert_int_equal(h2_body_read(&b, 0, whole, sizeof(whole)), 1000);
	for (size_t room = 1; room < 200; room++) {
		size_t at = 0, n;
		while ((n = h2_body_read(&b, at, piece + at, room)) > 0)
			at += n;
		assert_int_equal(at, 1000);
		assert_memory_equal(piece, whole, 1000);
	}
	assert_memory_equal(whole, whole + H2_PATTERN_PERIOD, 1000 - H2_PATTERN_PERIOD);
	for (size_t i = 1; i < H2_PATTERN_PERIOD; i++) // no shorter period
		assert_memory_not_equal(whole, whole + i, H2_PATTERN_PERIOD);
}

CASE("h2 body: a long piece of the pattern is the pattern at each of its bytes, wherever it begins")
{
	const struct h2_body b = { NULL, 40000 };
	static char piece[20000], byte;
	for (uint64_t from = 0; from <= 3 * H2_PATTERN_PERIOD; from++) {
		assert_int_equal(h2_body_read(&b, from, piece, sizeof(piece)), sizeof(piece));
		for (size_t i = 0; i < sizeof(piece); i += 1 + i / 200) {
			h2_body_read(&b, from + i, &byte, 1);
			if (piece[i] != byte)
				fail_msg("byte %zu from %llu on", i, (unsigned long long)from);
		}
		assert_int_equal(h2_body_compare(&b, from, piece, sizeof(piece)), sizeof(piece));
		assert_int_equal(h2_body_compare(&b, from + 1, piece, sizeof(piece)), 0);
	}
}

CASE("h2 body: nothing is read beyond the end")
{
	const struct h2_body pattern = { NULL, 10 }, text = { "hello", 5 };
	char to[16];
	assert_int_equal(h2_body_read(&pattern, 8, to, sizeof(to)), 2);
	assert_int_equal(h2_body_read(&pattern, 10, to, sizeof(to)), 0);
	assert_int_equal(h2_body_read(&pattern, UINT64_MAX, to, sizeof(to)), 0);
	assert_int_equal(h2_body_read(&text, 3, to, sizeof(to)), 2);
	assert_memory_equal(to, "lo", 2);
	assert_int_equal(h2_body_read(&text, 0, to, 0), 0);
}

CASE("h2 body: the first byte that differs is found, wherever it is")
{
	const struct h2_body b = { NULL, 300 };
	char bytes[300];
	h2_body_read(&b, 0, bytes, sizeof(bytes));
	assert_int_equal(h2_body_compare(&b, 0, bytes, 300), 300);
	for (size_t i = 0; i < 300; i++) {
		bytes[i] ^= 1;
		assert_int_equal(h2_body_compare(&b, 0, bytes, 300), i);
		if (i >= 7)
			assert_int_equal(h2_body_compare(&b, 7, bytes + 7, 293), i - 7);
		bytes[i] ^= 1;
	}
}

CASE("h2 body: bytes behind the end do not agree")
{
	const struct h2_body text = { "abc", 3 }, empty = { "", 0 };
	assert_int_equal(h2_body_compare(&text, 0, "abcd", 4), 3);
	assert_int_equal(h2_body_compare(&text, 3, "d", 1), 0);
	assert_int_equal(h2_body_compare(&empty, 0, "x", 1), 0);
	assert_int_equal(h2_body_compare(&empty, 0, "", 0), 0);
}

CASE("h2 body: random bytes and events are the same at any offset, and are compared as they are read")
{
	const struct h2_body all[] = { { h2_body_random, 1000 }, { h2_body_events, 25 * H2_EVENT_BYTES + 3 } };
	for (size_t k = 0; k < 2; k++) {
		char whole[1100], piece[1100];
		const size_t n = h2_body_read(&all[k], 0, whole, sizeof(whole));
		assert_int_equal(n, all[k].length);
		for (size_t at = 0; at < n; at += 13) {
			assert_int_equal(h2_body_read(&all[k], at, piece, 29), n - at < 29 ? n - at : 29);
			assert_memory_equal(piece, whole + at, n - at < 29 ? n - at : 29);
		}
		assert_int_equal(h2_body_compare(&all[k], 0, whole, n), n);
		assert_int_equal(h2_body_compare(&all[k], 5, whole + 5, n - 5), n - 5);
		whole[900] ^= 1;
		assert_int_equal(h2_body_compare(&all[k], 0, whole, n), 900);
	}
}
