// STRESSGEN_INTERPOSER. Read before main, so by hand: nothing here may allocate.
#include "interposer.h"

#include <stdlib.h>
#include <string.h>

struct options options = { .mode = MODE_SAMPLED, .timed_every = 64, .sample_bytes = 1U << 20 };

// A number behind which comes `end`, a blank or nothing; with k, M, G. False for anything else.
static bool read_number(const char **text, char end, uint64_t *out)
{
	static const char units[] = "KMG";
	const char *p = *text, *unit;
	uint64_t n = 0;

	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, (uint64_t)(*p - '0'), &n))
			return false;
	unit = *p != '\0' ? strchr(units, *p == 'k' ? 'K' : *p) : NULL;
	if (unit != NULL) {
		unsigned shift = 10U * (unsigned)(unit - units + 1);

		if (n > UINT64_MAX >> shift)
			return false;
		n <<= shift;
		p++;
	}
	if (*p != '\0' && *p != ' ' && *p != end)
		return false;
	*text = p;
	*out = n;
	return true;
}

// 0 to 1 as parts of 2^64: "1", "0.05".
static bool read_odds(const char **text, uint64_t *out)
{
	const char *p = *text;
	uint64_t digits = 0, scale = 1;

	if (*p != '0' && *p != '1')
		return false;
	if (*p++ == '1') {
		*out = UINT64_MAX;
		if (*p == '.')
			p += 1 + strspn(p + 1, "0");
	} else {
		if (*p == '.')
			for (p++; *p >= '0' && *p <= '9'; p++)
				if (scale < UINT64_C(1000000000000)) {
					digits = digits * 10 + (uint64_t)(*p - '0');
					scale *= 10;
				}
		*out = digits * (UINT64_MAX / scale);
	}
	if (*p != '\0' && *p != ' ' && *p != ',')
		return false;
	*text = p;
	return true;
}

static bool begins(const char **text, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*text, word, len) != 0)
		return false;
	*text += len;
	return true;
}

static bool ends(const char *text)
{
	return *text == '\0' || *text == ' ';
}

static bool read_fault(const char **text)
{
	if (begins(text, "nth:")) {
		options.fault = FAULT_NTH;
		return read_number(text, ' ', &options.fault_n) && options.fault_n > 0;
	}
	if (begins(text, "cap:")) {
		options.fault = FAULT_CAP;
		return read_number(text, ' ', &options.fault_n);
	}
	if (begins(text, "stacks")) {
		options.fault = FAULT_STACKS;
		return !begins(text, ":") || read_number(text, ' ', &options.fault_n);
	}
	if (begins(text, "prob:")) {
		options.fault = FAULT_PROBABILITY;
		options.seed = 1;
		return read_odds(text, &options.fault_odds) &&
		       (!begins(text, ",") || read_number(text, ' ', &options.seed));
	}
	return false;
}

static bool read_mode(const char **text)
{
	static const char *const names[] = {
		[MODE_COUNTERS] = "counters",
		[MODE_LIVE] = "live",
		[MODE_SAMPLED] = "sampled",
		[MODE_EVERY] = "every",
	};

	for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
		if (begins(text, names[i])) {
			options.mode = (enum mode)i;
			return true;
		}
	return false;
}

static bool read_word(const char **text)
{
	if (begins(text, "mode="))
		return read_mode(text);
	if (begins(text, "time="))
		return read_number(text, ' ', &options.timed_every) && options.timed_every > 0 &&
		       options.timed_every <= 1U << 20 && (options.timed_every & (options.timed_every - 1)) == 0;
	if (begins(text, "sample="))
		return read_number(text, ' ', &options.sample_bytes) && options.sample_bytes >= 1024 &&
		       options.sample_bytes <= UINT64_C(1) << 40;
	return begins(text, "fail=") && read_fault(text);
}

const char *options_read(const char *text)
{
	const char *word = text;

	while (*word != '\0') {
		const char *p = word;

		if (!ends(p) && (!read_word(&p) || !ends(p)))
			return word;
		word = p + strspn(p, " ");
	}
	if (options.mode == MODE_EVERY)
		options.timed_every = 1;
	return NULL;
}
