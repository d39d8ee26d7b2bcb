// UTF-8 as bytes come.
#include "utf8.h"

size_t utf8_length(const char *p, size_t len)
{
	// lead bytes, and the bounds of the byte behind them
	static const struct {
		unsigned char first, last, low, high;
		size_t len;
	} rows[] = {
		{ 0x00, 0x7F, 0x80, 0xBF, 1 }, { 0xC2, 0xDF, 0x80, 0xBF, 2 }, { 0xE0, 0xE0, 0xA0, 0xBF, 3 },
		{ 0xE1, 0xEC, 0x80, 0xBF, 3 }, { 0xED, 0xED, 0x80, 0x9F, 3 }, { 0xEE, 0xEF, 0x80, 0xBF, 3 },
		{ 0xF0, 0xF0, 0x90, 0xBF, 4 }, { 0xF1, 0xF3, 0x80, 0xBF, 4 }, { 0xF4, 0xF4, 0x80, 0x8F, 4 },
	};
	const unsigned char *s = (const unsigned char *)p;

	for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
		if (s[0] < rows[k].first || s[0] > rows[k].last)
			continue;
		if (rows[k].len > len || (rows[k].len > 1 && (s[1] < rows[k].low || s[1] > rows[k].high)))
			return 0;
		for (size_t i = 2; i < rows[k].len; i++)
			if ((s[i] & 0xC0) != 0x80)
				return 0;
		return rows[k].len;
	}
	return 0;
}

uint32_t utf8_decode(const char *p, size_t len)
{
	const unsigned char *s = (const unsigned char *)p;
	uint32_t code_point = len < 2 ? s[0] : s[0] & (0x7FU >> len); // the lead byte's own bits

	for (size_t i = 1; i < len; i++)
		code_point = code_point << 6 | (s[i] & 0x3FU);
	return code_point;
}

bool utf8_is_unprintable(uint32_t c)
{
	return (c >= 0x80 && c < 0xA0) || // C1: begins escape sequences on some terminals
	       (c >= 0xFDD0 && c <= 0xFDEF) || (c & 0xFFFEU) == 0xFFFE;
}
