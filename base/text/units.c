// Durations and sizes, read and written. No locale takes part: a decimal point is always '.'.
#include "units.h"

#include "clock.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct unit {
	const char *name;
	uint64_t scale;
};

// 64 bits times 64 bits: the product of a number and its unit cannot overflow in here.
typedef unsigned __int128 wide;

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

// A decimal number as whole + fraction / 10^9 (further digits are cut off). Moves *text behind it.
static int read_number(const char **text, uint64_t *whole, uint64_t *fraction)
{
	const char *p = *text;
	uint64_t place = 100000000;

	*whole = 0;
	*fraction = 0;
	if (!is_digit(*p))
		return -EINVAL;
	for (; is_digit(*p); p++)
		if (__builtin_mul_overflow(*whole, 10U, whole) ||
		    __builtin_add_overflow(*whole, (uint64_t)(*p - '0'), whole))
			return -ERANGE;
	if (*p == '.') {
		if (!is_digit(*++p))
			return -EINVAL;
		for (; is_digit(*p); p++, place /= 10)
			*fraction += (uint64_t)(*p - '0') * place;
	}
	*text = p;
	return 0;
}

static int scale_up(uint64_t whole, uint64_t fraction, uint64_t scale, uint64_t *value)
{
	wide product = (wide)whole * scale + (wide)fraction * scale / 1000000000U;

	if (product > UINT64_MAX)
		return -ERANGE;
	*value = (uint64_t)product;
	return 0;
}

static int parse_with_unit(const char *text, const struct unit *units, size_t count, uint64_t *value)
{
	uint64_t whole, fraction;
	int rc = read_number(&text, &whole, &fraction);

	if (rc < 0)
		return rc;
	while (*text == ' ')
		text++;
	for (size_t i = 0; i < count; i++)
		if (strcasecmp(text, units[i].name) == 0)
			return scale_up(whole, fraction, units[i].scale, value);
	return -EINVAL;
}

int units_parse_duration(const char *text, uint64_t *ns)
{
	static const struct unit units[] = {
		{ "", SG_NS_PER_S },          { "ns", 1 },
		{ "us", SG_NS_PER_US },       { "ms", SG_NS_PER_MS },
		{ "s", SG_NS_PER_S },         { "m", 60 * SG_NS_PER_S },
		{ "min", 60 * SG_NS_PER_S },  { "h", 3600 * SG_NS_PER_S },
		{ "d", 86400 * SG_NS_PER_S },
	};

	return parse_with_unit(text, units, sizeof units / sizeof units[0], ns);
}

int units_parse_bytes(const char *text, uint64_t *bytes)
{
	static const struct unit units[] = {
		{ "", 1 },
		{ "B", 1 },
		{ "k", UINT64_C(1) << 10 },
		{ "kB", UINT64_C(1) << 10 },
		{ "KiB", UINT64_C(1) << 10 },
		{ "M", UINT64_C(1) << 20 },
		{ "MB", UINT64_C(1) << 20 },
		{ "MiB", UINT64_C(1) << 20 },
		{ "G", UINT64_C(1) << 30 },
		{ "GB", UINT64_C(1) << 30 },
		{ "GiB", UINT64_C(1) << 30 },
		{ "T", UINT64_C(1) << 40 },
		{ "TB", UINT64_C(1) << 40 },
		{ "TiB", UINT64_C(1) << 40 },
	};

	return parse_with_unit(text, units, sizeof units / sizeof units[0], bytes);
}

int units_parse_count(const char *text, uint64_t *value)
{
	static const struct unit units[] = {
		{ "", 1 },
		{ "k", 1000 },
		{ "M", 1000000 },
		{ "G", 1000000000 },
	};

	return parse_with_unit(text, units, sizeof units / sizeof units[0], value);
}

// A whole number with nothing, or `unit`, behind it.
static int parse_whole(const char *text, const char *unit, uint64_t *value)
{
	uint64_t whole, fraction;
	int rc;

	if (strchr(text, '.') != NULL)
		return -EINVAL;
	rc = read_number(&text, &whole, &fraction);
	if (rc < 0)
		return rc;
	if (*text != '\0' && strcmp(text, unit) != 0)
		return -EINVAL;
	*value = whole;
	return 0;
}

int units_parse_u64(const char *text, uint64_t *value)
{
	return parse_whole(text, "", value);
}

int units_parse_percent(const char *text, uint64_t *value)
{
	return parse_whole(text, "%", value);
}

// Three significant digits of value/scale, which is at least 1 (or the unit is the smallest there is).
static void put_scaled(char *text, size_t size, uint64_t value, uint64_t scale, const char *unit)
{
	double scaled = (double)value / (double)scale;
	int decimals = scaled < 9.995 ? 2 : scaled < 99.95 ? 1 : 0;

	snprintf(text, size, "%.*f %s", scale == 1 ? 0 : decimals, scaled, unit);
}

char *units_duration(char *text, size_t size, uint64_t ns)
{
	uint64_t seconds = ns / SG_NS_PER_S + (ns % SG_NS_PER_S >= SG_NS_PER_S / 2);

	// The borders are where rounding to three digits would say "1000".
	if (ns < 1000)
		put_scaled(text, size, ns, 1, "ns");
	else if (ns < UINT64_C(999500))
		put_scaled(text, size, ns, SG_NS_PER_US, "us");
	else if (ns < UINT64_C(999500000))
		put_scaled(text, size, ns, SG_NS_PER_MS, "ms");
	else if (ns < UINT64_C(59950000000))
		put_scaled(text, size, ns, SG_NS_PER_S, "s");
	else if (seconds < 3600)
		snprintf(text, size, "%u m %u s", (unsigned)(seconds / 60), (unsigned)(seconds % 60));
	else
		snprintf(text, size, "%llu h %u m", (unsigned long long)(seconds / 3600),
		         (unsigned)(seconds % 3600 / 60));
	return text;
}

char *units_bytes(char *text, size_t size, uint64_t bytes)
{
	static const char *const names[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	unsigned i = 0;

	// 1023.5 and more would be shown as 1024.
	while (i + 1 < sizeof names / sizeof names[0] &&
	       (double)bytes >= 1023.5 * (double)(UINT64_C(1) << (10 * i)))
		i++;
	put_scaled(text, size, bytes, UINT64_C(1) << (10 * i), names[i]);
	return text;
}

char *units_count(char *text, size_t size, uint64_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
	size_t used = 0;

	if (size == 0)
		return text;
	for (int i = 0; i < len && used + 1 < size; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			text[used++] = ',';
		if (used + 1 < size)
			text[used++] = digits[i];
	}
	text[used] = '\0';
	return text;
}
