// Rows of numbers in few bytes.
#include "pack.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define WHOLE 8U                      // codes above are whole numbers
#define MOST_WHOLE 9007199254740992.0 // 2^53
#define NAN_BITS UINT64_C(0x7ff8000000000000)

static uint64_t bits_of(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof bits);
	return isnan(value) ? NAN_BITS : bits;
}

static unsigned whole_bytes(double value)
{
	return (unsigned)(64 - __builtin_clzll((uint64_t)value) + 7) / 8;
}

static unsigned code_of(double value)
{
	uint64_t bits = bits_of(value);
	unsigned as_double = bits == 0 ? 0 : (unsigned)(64 - __builtin_ctzll(bits) + 7) / 8;

	if (value >= 1 && value < MOST_WHOLE && trunc(value) == value && whole_bytes(value) < as_double)
		return WHOLE + whole_bytes(value);
	return as_double;
}

static unsigned length_of(unsigned code)
{
	return code > WHOLE ? code - WHOLE : code;
}

static void add_value(double value, unsigned code, struct buf *out)
{
	uint64_t bits = code > WHOLE ? (uint64_t)value : bits_of(value);

	for (unsigned i = 0; i < length_of(code); i++)
		buf_addc(out, (char)(code > WHOLE ? bits >> (8 * i) : bits >> (56 - 8 * i)));
}

void pack_values(const double *values, size_t count, struct buf *out)
{
	for (size_t i = 0; i < count; i += 2) {
		unsigned high = i + 1 < count ? code_of(values[i + 1]) : 0;

		buf_addc(out, (char)(high << 4U | code_of(values[i])));
	}
	for (size_t i = 0; i < count; i++)
		add_value(values[i], code_of(values[i]), out);
}

static unsigned code_at(const unsigned char *codes, size_t i)
{
	return i % 2 == 0 ? codes[i / 2] & 15U : codes[i / 2] >> 4U;
}

static double read_value(const unsigned char *p, unsigned code)
{
	uint64_t bits = 0;
	double value;

	if (code > WHOLE) {
		for (unsigned i = 0; i < code - WHOLE; i++)
			bits |= (uint64_t)p[i] << (8 * i);
		return (double)bits;
	}
	for (unsigned i = 0; i < code; i++)
		bits |= (uint64_t)p[i] << (56 - 8 * i);
	memcpy(&value, &bits, sizeof value);
	return value;
}

int pack_read(const void *bytes, size_t len, size_t count, double *values)
{
	const unsigned char *codes = bytes;
	size_t at = count / 2 + count % 2;

	if (at > len)
		return -EINVAL;
	for (size_t i = 0; i < count; i++) {
		unsigned code = code_at(codes, i);

		if (length_of(code) > len - at)
			return -EINVAL;
		values[i] = read_value(codes + at, code);
		at += length_of(code);
	}
	return at == len ? 0 : -EINVAL;
}

int pack_read_one(const void *bytes, size_t len, size_t count, size_t index, double *value)
{
	const unsigned char *codes = bytes;
	size_t at = count / 2 + count % 2;

	if (at > len || index >= count)
		return -EINVAL;
	for (size_t i = 0; i < index; i++)
		at += length_of(code_at(codes, i));
	if (at > len || length_of(code_at(codes, index)) > len - at)
		return -EINVAL;
	*value = read_value(codes + at, code_at(codes, index));
	return 0;
}
