// Text for people: safe, measured, cut.
#include "harness.h"

#include "text.h"

#include <string.h>

static struct arena arena;

CASE("text: what could harm a terminal or a document is escaped when text is made safe")
{
	static const char *const pairs[][2] = {
		{ "plain", "plain" },
		{ "a\nb\tc", "a\nb\tc" },
		{ "\033[31mred\033[0m", "\\x1b[31mred\\x1b[0m" },
		{ "bell\a null", "bell\\x07 null" },
		{ "\xff\xfe", "\\xff\\xfe" },
		{ "\xc3\xa4", "\xc3\xa4" }, // a with dots
		{ "\xc2\x9b"
		  "31m",
		  "\\u{9b}31m" }, // CSI in one character
		{ "a\xe2\x80\xae"
		  "b",
		  "a\\u{202e}b" }, // right-to-left override
		{ "a\xe2\x81\xa6"
		  "b",
		  "a\\u{2066}b" }, // isolate
		{ "a\xe2\x80\x8b"
		  "b",
		  "a\\u{200b}b" }, // invisible blank
		{ "a\xef\xbf\xbe"
		  "b",
		  "a\\u{fffe}b" },                     // no character; XML forbids it
		{ "\xef\xbb\xbf", "\\u{feff}" },       // byte order mark
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" }, // a surrogate is not UTF-8
		{ "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
	};

	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
		assert_string_equal(text_safe(&arena, pairs[i][0]), pairs[i][1]);
	assert_string_equal(text_safe(&arena, NULL), "");
	assert_string_equal(text_line(&arena, "a\nb\tc"), "a b c");
	arena_deinit(&arena);
}

CASE("text: columns are counted, and names cut in the middle to them")
{
	assert_int_equal(text_width("abc"), 3);
	assert_int_equal(text_width("µs ✓"), 4);
	assert_int_equal(text_width("漢字"), 4);
	assert_int_equal(text_width("e\xcc\x81"), 1); // a combining accent
	assert_int_equal(text_fit("漢字", 3), 3);
	assert_string_equal(text_cut(&arena, "countdown-10000", 15), "countdown-10000");
	assert_string_equal(text_cut(&arena, "countdown-10000", 9), "coun…0000");
	for (size_t columns = 1; columns < 12; columns++) {
		assert_true(text_width(text_cut(&arena, "countdown-10000", columns)) <= columns);
		assert_true(text_width(text_cut(&arena, "漢字漢字漢字漢字", columns)) <= columns);
	}
	arena_deinit(&arena);
}

CASE("text: figures are words")
{
	assert_string_equal(text_duration(&arena, 0), "0 ns");
	assert_string_equal(text_duration(&arena, 1200), "1.20 µs");
	assert_string_equal(text_duration(&arena, 1200000), "1.20 ms");
	assert_string_equal(text_bytes(&arena, 262144), "256 KiB");
	assert_string_equal(text_count(&arena, 1234567), "1,234,567");
	assert_string_equal(text_amount(&arena, 999.7), "1,000");
	assert_string_equal(text_amount(&arena, 3.14159), "3.14");
	assert_string_equal(text_amount(&arena, 1e300), "1e+300");
	assert_string_equal(text_number(&arena, 1, "test", "tests"), "1 test");
	assert_string_equal(text_number(&arena, 2000, "test", "tests"), "2,000 tests");
	arena_deinit(&arena);
}

CASE("text: a word is quoted when a shell would see more in it")
{
	assert_string_equal(text_shell_word(&arena, "gc/lists-100.lua@slab-fixed"), "gc/lists-100.lua@slab-fixed");
	assert_string_equal(text_shell_word(&arena, "a b"), "'a b'");
	assert_string_equal(text_shell_word(&arena, "$(reboot)"), "'$(reboot)'");
	assert_string_equal(text_shell_word(&arena, "it's"), "'it'\\''s'");
	assert_string_equal(text_shell_word(&arena, ""), "''");
	arena_deinit(&arena);
}
