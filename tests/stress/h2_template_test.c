// Texts with places: what each becomes, and what is wrong with those that are none.
#include "harness.h"
#include "template.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The text of the request of that number; borrowed until the next call.
static const char *made(const char *text, uint64_t seed, uint64_t number)
{
	static char to[16384];
	char why[H2_TEMPLATE_WHY];
	struct h2_template *t = NULL;
	struct h2_draw d;
	if (h2_template_parse(text, strlen(text), &t, why) < 0)
		fail_msg("%s: %s", text, why);
	h2_draw_init(&d, seed, number);
	assert_true(h2_template_most(t) < sizeof(to));
	const size_t len = h2_template_write(t, &d, to);
	assert_true(len <= h2_template_most(t));
	to[len] = '\0';
	h2_template_free(t);
	return to;
}

CASE("h2 template: counters count, from where and by what they are told")
{
	assert_string_equal(made("/u/%{n}", 1, 0), "/u/0");
	assert_string_equal(made("/u/%{n}", 1, 41), "/u/41");
	assert_string_equal(made("%{n:100}-%{n:5:10}", 1, 3), "103-35");
	assert_string_equal(made("%{n:18446744073709551615}", 1, 1), "0"); // it goes round
}

CASE("h2 template: the same seed and number make the same text, others make others")
{
	const char *const text = "%{random:1-1000000}/%{hex:8}/%{alnum:20}/%{uuid}/%{pick:a,b,c}";
	char first[256];
	snprintf(first, sizeof(first), "%s", made(text, 7, 3));
	assert_string_equal(made(text, 7, 3), first);
	assert_string_not_equal(made(text, 7, 4), first);
	assert_string_not_equal(made(text, 8, 3), first);
}

CASE("h2 template: random numbers are within their ends, and reach both")
{
	unsigned seen = 0;
	for (uint64_t i = 0; i < 1000; i++) {
		const long n = strtol(made("%{random:3-6}", 1, i), NULL, 10);
		assert_in_range(n, 3, 6);
		seen |= 1U << n;
	}
	assert_int_equal(seen, 0x78);
	assert_true(strtoull(made("%{random:0-18446744073709551615}", 1, 1), NULL, 10) > UINT32_MAX);
}

CASE("h2 template: picks take each of their words, empty ones too")
{
	unsigned seen = 0;
	for (uint64_t i = 0; i < 200; i++) {
		const char *word = made("<%{pick:a,bc,}>", 1, i);
		seen |= strcmp(word, "<a>") == 0    ? 1
		        : strcmp(word, "<bc>") == 0 ? 2
		        : strcmp(word, "<>") == 0   ? 4
		                                    : 8;
	}
	assert_int_equal(seen, 7);
}

CASE("h2 template: characters and UUIDs have the form that they shall have")
{
	const char *text = made("%{hex:32}", 1, 1);
	assert_int_equal(strspn(text, "0123456789abcdef"), 32);
	assert_int_equal(strlen(text), 32);
	text = made("%{alnum:4096}", 1, 1);
	assert_int_equal(strlen(text), 4096);
	for (const char *c = text; *c; c++)
		assert_true(isalnum((unsigned char)*c));
	text = made("%{uuid}", 1, 1);
	assert_int_equal(strlen(text), 36);
	assert_int_equal(text[14], '4');
	assert_non_null(strchr("89ab", text[19]));
	assert_int_equal(text[8] == '-' && text[13] == '-' && text[18] == '-' && text[23] == '-', 1);
}

CASE("h2 template: everything else is as it stands")
{
	assert_string_equal(made("100% {a} $b }", 1, 1), "100% {a} $b }");
	assert_string_equal(made("%%{n} %%%{n} %", 1, 1), "%{n} %%{n} %");
	assert_string_equal(made("", 1, 1), "");
}

CASE("h2 template: what is no place is said, with what to write")
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "a%{", "'%{' has no '}' behind it" },
		{ "%{m}", "'%{m}' is no place; known are n, random:LOW-HIGH" },
		{ "%{}", "'%{}' is no place" },
		{ "%{n:x}", "'%{n:x}' is not right; write %{n}, %{n:FROM} or %{n:FROM:STEP}" },
		{ "%{n:1:0}", "is not right" },
		{ "%{n:}", "is not right" },
		{ "%{n:18446744073709551616}", "is not right" },
		{ "%{random}", "write %{random:LOW-HIGH}" },
		{ "%{random:9-1}", "is not right" },
		{ "%{random:-1-1}", "is not right" },
		{ "%{hex}", "write %{hex:N}" },
		{ "%{hex:0}", "is not right" },
		{ "%{alnum:4097}", "N from 1 to 4096" },
		{ "%{uuid:4}", "write %{uuid}" },
		{ "%{pick:}", "write %{pick:a,b,c}" },
		{ "%{pick:a, b}", "words without blanks" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char why[H2_TEMPLATE_WHY] = "";
		struct h2_template *t = NULL;
		assert_int_equal(h2_template_parse(rows[i].text, strlen(rows[i].text), &t, why), -EINVAL);
		if (!strstr(why, rows[i].why))
			fail_msg("%s: \"%s\"", rows[i].text, why);
		assert_null(t);
	}
}

CASE("h2 template: at most 64 places, and they all fit")
{
	char text[4 * 65 + 1] = "", why[H2_TEMPLATE_WHY];
	struct h2_template *t = NULL;
	for (unsigned i = 0; i < 64; i++)
		strcat(text, "%{n}");
	assert_int_equal(strlen(made(text, 1, 7)), 64);
	strcat(text, "%{n}");
	assert_int_equal(h2_template_parse(text, strlen(text), &t, why), -EINVAL);
	assert_string_equal(why, "more than 64 places in one text");
}
