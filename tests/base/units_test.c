// units: durations and sizes, in and out.
#include "harness.h"

#include "units.h"

#include <errno.h>
#include <string.h>

struct row {
	const char *text;
	int rc;
	uint64_t value;
};

static void check_rows(const struct row *rows, size_t count, int (*parse)(const char *, uint64_t *))
{
	for (size_t i = 0; i < count; i++) {
		uint64_t value = 0;
		int rc = parse(rows[i].text, &value);

		if (rc != rows[i].rc || (rc == 0 && value != rows[i].value))
			fail_msg("\"%s\": %d and %llu, expected %d and %llu", rows[i].text, rc,
			         (unsigned long long)value, rows[i].rc, (unsigned long long)rows[i].value);
	}
}

#define CHECK_ROWS(rows, parse) check_rows(rows, sizeof(rows) / sizeof(rows)[0], parse)

CASE("units: counts are read by powers of 1000")
{
	static const struct row rows[] = {
		{ "250", 0, 250 },       { "10k", 0, 10000 },  { "1M", 0, 1000000 },   { "1.5M", 0, 1500000 },
		{ "2G", 0, 2000000000 }, { "-1", -EINVAL, 0 }, { "1KiB", -EINVAL, 0 }, { "", -EINVAL, 0 },
	};

	CHECK_ROWS(rows, units_parse_count);
}

CASE("units: durations are read in every unit, and seconds when there is none")
{
	static const struct row rows[] = {
		{ "7ns", 0, 7 },
		{ "2us", 0, 2000 },
		{ "500ms", 0, 500000000 },
		{ "30s", 0, UINT64_C(30000000000) },
		{ "30", 0, UINT64_C(30000000000) },
		{ "10m", 0, UINT64_C(600000000000) },
		{ "8h", 0, UINT64_C(28800000000000) },
		{ "1.5s", 0, 1500000000 },
		{ "0.1", 0, 100000000 },
		{ "0", 0, 0 },
		{ "5 s", 0, UINT64_C(5000000000) },
		{ "584y", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ "s", -EINVAL, 0 },
		{ "-1s", -EINVAL, 0 },
		{ "+1s", -EINVAL, 0 },
		{ "1.s", -EINVAL, 0 },
		{ ".5s", -EINVAL, 0 },
		{ "1e3", -EINVAL, 0 },
		{ "ten", -EINVAL, 0 },
		{ " 1s", -EINVAL, 0 },
		{ "1s ", -EINVAL, 0 },
		{ "18446744073709551615ns", 0, UINT64_MAX },
		{ "18446744073709551616ns", -ERANGE, 0 },
		{ "99999999999s", -ERANGE, 0 },
	};

	CHECK_ROWS(rows, units_parse_duration);
}

CASE("units: sizes are powers of 1024 whatever the spelling")
{
	static const struct row rows[] = {
		{ "512", 0, 512 },
		{ "512B", 0, 512 },
		{ "100k", 0, 102400 },
		{ "1KiB", 0, 1024 },
		{ "64M", 0, UINT64_C(64) << 20 },
		{ "64mb", 0, UINT64_C(64) << 20 },
		{ "1.5GiB", 0, UINT64_C(3) << 29 },
		{ "2T", 0, UINT64_C(2) << 40 },
		{ "16777216T", -ERANGE, 0 },
		{ "16777215T", 0, UINT64_C(16777215) << 40 },
		{ "1X", -EINVAL, 0 },
		{ "M", -EINVAL, 0 },
		{ "1 M", 0, UINT64_C(1) << 20 },
		{ "-1M", -EINVAL, 0 },
		{ "0x10", -EINVAL, 0 },
	};

	CHECK_ROWS(rows, units_parse_bytes);
}

CASE("units: whole numbers are refused when anything else stands beside the digits")
{
	static const struct row rows[] = {
		{ "0", 0, 0 },
		{ "10000", 0, 10000 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "1e99", -EINVAL, 0 },
		{ "ten", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ "1.0", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 },
	};

	CHECK_ROWS(rows, units_parse_u64);
}

CASE("units: percentages are whole numbers, with and without their sign")
{
	static const struct row rows[] = {
		{ "75", 0, 75 },       { "75%", 0, 75 },       { "0%", 0, 0 },
		{ "%", -EINVAL, 0 },   { "75%%", -EINVAL, 0 }, { "7.5%", -EINVAL, 0 },
		{ "-1%", -EINVAL, 0 }, { "75 %", -EINVAL, 0 }, { "99999999999999999999%", -ERANGE, 0 },
	};

	CHECK_ROWS(rows, units_parse_percent);
}

CASE("units: durations have three digits when they are shown")
{
	char text[16];

	assert_string_equal(units_duration(text, sizeof text, 0), "0 ns");
	assert_string_equal(units_duration(text, sizeof text, 999), "999 ns");
	assert_string_equal(units_duration(text, sizeof text, 1000), "1.00 us");
	assert_string_equal(units_duration(text, sizeof text, 7900000), "7.90 ms");
	assert_string_equal(units_duration(text, sizeof text, 144000000), "144 ms");
	assert_string_equal(units_duration(text, sizeof text, 999600), "1.00 ms");
	assert_string_equal(units_duration(text, sizeof text, 999600000), "1.00 s");
	assert_string_equal(units_duration(text, sizeof text, 2050000000), "2.05 s");
	assert_string_equal(units_duration(text, sizeof text, 9996000000), "10.0 s");
	assert_string_equal(units_duration(text, sizeof text, UINT64_C(59960000000)), "1 m 0 s");
	assert_string_equal(units_duration(text, sizeof text, UINT64_C(200000000000)), "3 m 20 s");
	assert_string_equal(units_duration(text, sizeof text, UINT64_C(3600000000000)), "1 h 0 m");
	assert_string_equal(units_duration(text, sizeof text, UINT64_MAX), "5124095 h 34 m");
}

CASE("units: sizes have three digits when they are shown")
{
	char text[16];

	assert_string_equal(units_bytes(text, sizeof text, 0), "0 B");
	assert_string_equal(units_bytes(text, sizeof text, 512), "512 B");
	assert_string_equal(units_bytes(text, sizeof text, 1023), "1023 B");
	assert_string_equal(units_bytes(text, sizeof text, 1024), "1.00 KiB");
	assert_string_equal(units_bytes(text, sizeof text, UINT64_C(3) << 19), "1.50 MiB");
	assert_string_equal(units_bytes(text, sizeof text, UINT64_C(1048576) - 1), "1.00 MiB");
	assert_string_equal(units_bytes(text, sizeof text, UINT64_MAX), "16.0 EiB");
}

CASE("units: counts have commas at the thousands")
{
	char text[32];
	char small[5];

	assert_string_equal(units_count(text, sizeof text, 0), "0");
	assert_string_equal(units_count(text, sizeof text, 999), "999");
	assert_string_equal(units_count(text, sizeof text, 1000), "1,000");
	assert_string_equal(units_count(text, sizeof text, 1234567), "1,234,567");
	assert_string_equal(units_count(text, sizeof text, UINT64_MAX), "18,446,744,073,709,551,615");
	assert_string_equal(units_count(small, sizeof small, 1234567), "1,23");
}

CASE("units: what is shown is read back when it is a size or a short duration")
{
	static const uint64_t values[] = { 1, 77, 1024, 5 << 20, UINT64_C(7) << 30 };
	char text[16];
	uint64_t back;

	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
		assert_int_equal(units_parse_bytes(units_bytes(text, sizeof text, values[i]), &back), 0);
		assert_int_equal(back, values[i]);
		assert_int_equal(units_parse_duration(units_duration(text, sizeof text, values[i] % 1000), &back),
		                 0);
		assert_int_equal(back, values[i] % 1000);
	}
}
