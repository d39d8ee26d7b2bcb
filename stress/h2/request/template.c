// Texts with places: parsed once, written for each request.
#include "template.h"

#include "units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_BYTES 20U // of a 64-bit number in decimal
#define UUID_BYTES 36U

enum kind { LITERAL, COUNTER, RANDOM, HEX, ALNUM, UUID, PICK };

struct piece {
	enum kind kind;
	const char *text;   // LITERAL, and of PICK the words with commas between them
	size_t len;         // of it; of HEX and ALNUM how many characters
	uint64_t low, high; // RANDOM; of COUNTER the first and the step; of PICK `high` words
};

struct h2_template {
	size_t most, count;
	struct piece pieces[2 * H2_TEMPLATE_PLACES + 1];
	char text[];
};

void h2_draw_init(struct h2_draw *d, uint64_t seed, uint64_t number)
{
	d->number = number;
	rng_init(&d->rng, seed ^ (number + 1) * UINT64_C(0x9e3779b97f4a7c15));
}

bool h2_template_has_places(const char *text, size_t len)
{
	return memmem(text, len, "%{", 2) != NULL;
}

// ---- parsing ------------------------------------------------------------------------------------------------

static bool number_in(const char *text, size_t len, uint64_t *n)
{
	char word[NUMBER_BYTES + 2];
	if (len == 0 || len >= sizeof(word))
		return false;
	memcpy(word, text, len);
	word[len] = '\0';
	return units_parse_u64(word, n) == 0;
}

// "FROM" or "FROM:STEP"
static bool read_counter(const char *args, size_t len, struct piece *p)
{
	const char *colon = memchr(args, ':', len);
	const size_t first = colon ? (size_t)(colon - args) : len;
	p->low = 0;
	p->high = 1;
	if (len == 0)
		return true;
	return number_in(args, first, &p->low) &&
	       (!colon || (number_in(colon + 1, len - first - 1, &p->high) && p->high > 0));
}

static bool read_range(const char *args, size_t len, struct piece *p)
{
	const char *dash = memchr(args, '-', len);
	return dash && number_in(args, (size_t)(dash - args), &p->low) &&
	       number_in(dash + 1, len - (size_t)(dash + 1 - args), &p->high) && p->low <= p->high;
}

static bool read_chars(const char *args, size_t len, struct piece *p)
{
	uint64_t n;
	const bool right = number_in(args, len, &n) && n > 0 && n <= H2_TEMPLATE_CHARS;
	p->len = right ? (size_t)n : 0;
	return right;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

// Words may be empty, but not begin or end with a blank: a header's value must not either.
static bool read_words(const char *args, size_t len, struct piece *p)
{
	p->text = args;
	p->len = len;
	p->high = 1;
	for (size_t i = 0; i < len; i++) {
		const bool at_end = i == 0 || i + 1 == len || args[i - 1] == ',' || args[i + 1] == ',';
		if (is_blank(args[i]) && at_end)
			return false;
		p->high += args[i] == ',';
	}
	return len > 0;
}

static size_t longest_word(const struct piece *p)
{
	size_t most = 0, from = 0;
	for (size_t i = 0; i <= p->len; i++)
		if (i == p->len || p->text[i] == ',') {
			most = i - from > most ? i - from : most;
			from = i + 1;
		}
	return most;
}

static size_t most_of(const struct piece *p)
{
	switch (p->kind) {
	case COUNTER:
	case RANDOM:
		return NUMBER_BYTES;
	case UUID:
		return UUID_BYTES;
	case PICK:
		return longest_word(p);
	default:
		return p->len;
	}
}

static bool read_uuid(__attribute__((unused)) const char *args, size_t len,
                      __attribute__((unused)) struct piece *p)
{
	return len == 0;
}

static const struct form {
	const char *name, *write;
	enum kind kind;
	bool bare; // may go without arguments
	bool (*read)(const char *args, size_t len, struct piece *p);
} forms[] = {
	{ "n", "%{n}, %{n:FROM} or %{n:FROM:STEP}", COUNTER, true, read_counter },
	{ "random", "%{random:LOW-HIGH}, e.g. %{random:1-100}", RANDOM, false, read_range },
	{ "hex", "%{hex:N}, N from 1 to 4096", HEX, false, read_chars },
	{ "alnum", "%{alnum:N}, N from 1 to 4096", ALNUM, false, read_chars },
	{ "uuid", "%{uuid}", UUID, true, read_uuid },
	{ "pick", "%{pick:a,b,c}, words without blanks at their ends", PICK, false, read_words },
};

// What stands between "%{" and "}".
static int read_place(const char *text, size_t len, struct piece *p, char why[H2_TEMPLATE_WHY])
{
	const char *colon = memchr(text, ':', len);
	const size_t name = colon ? (size_t)(colon - text) : len;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const struct form *f = &forms[i];
		if (strlen(f->name) != name || memcmp(f->name, text, name) != 0)
			continue;
		p->kind = f->kind;
		if ((colon || f->bare) && (!colon || len > name + 1) &&
		    f->read(colon ? colon + 1 : "", colon ? len - name - 1 : 0, p))
			return 0;
		snprintf(why, H2_TEMPLATE_WHY, "'%%{%.*s}' is not right; write %s", (int)(len < 40 ? len : 40),
		         text, f->write);
		return -EINVAL;
	}
	snprintf(
	        why, H2_TEMPLATE_WHY,
	        "'%%{%.*s}' is no place; known are n, random:LOW-HIGH, hex:N, alnum:N, uuid, pick:a,b (%%%%{ is %%{)",
	        (int)(len < 40 ? len : 40), text);
	return -EINVAL;
}

static void add_literal(struct h2_template *t, const char *text, size_t len)
{
	if (len > 0)
		t->pieces[t->count++] = (struct piece){ .kind = LITERAL, .text = text, .len = len };
}

// The next "%{" or "%%{" from `at` on; `end` where there is none.
static const char *next_sign(const char *at, const char *end)
{
	const char *sign = memmem(at, (size_t)(end - at), "%{", 2);
	if (!sign)
		return end;
	return sign > at && sign[-1] == '%' ? sign - 1 : sign;
}

static int parse(struct h2_template *t, size_t len, char why[H2_TEMPLATE_WHY])
{
	const char *at = t->text, *end = t->text + len;
	for (size_t places = 0; at < end; places++) {
		const char *sign = next_sign(at, end), *close;
		add_literal(t, at, (size_t)(sign - at));
		if (sign == end)
			break;
		if (places == H2_TEMPLATE_PLACES) {
			snprintf(why, H2_TEMPLATE_WHY, "more than %u places in one text", H2_TEMPLATE_PLACES);
			return -EINVAL;
		}
		if (sign[1] == '%') {
			add_literal(t, sign + 1, 2);
			at = sign + 3;
			continue;
		}
		close = memchr(sign, '}', (size_t)(end - sign));
		if (!close) {
			snprintf(why, H2_TEMPLATE_WHY,
			         "'%%{' has no '}' behind it; write %%%%{ for the characters themselves");
			return -EINVAL;
		}
		const int rc = read_place(sign + 2, (size_t)(close - sign - 2), &t->pieces[t->count++], why);
		if (rc < 0)
			return rc;
		at = close + 1;
	}
	for (size_t i = 0; i < t->count; i++)
		t->most += most_of(&t->pieces[i]);
	return 0;
}

int h2_template_parse(const char *text, size_t len, struct h2_template **out, char why[H2_TEMPLATE_WHY])
{
	struct h2_template *t = calloc(1, sizeof(*t) + len + 1);
	if (!t)
		return -ENOMEM;
	memcpy(t->text, text, len);
	const int rc = parse(t, len, why);
	if (rc < 0)
		h2_template_free(t);
	else
		*out = t;
	return rc;
}

void h2_template_free(struct h2_template *t)
{
	free(t);
}

size_t h2_template_most(const struct h2_template *t)
{
	return t->most;
}

// ---- writing ------------------------------------------------------------------------------------------------

static size_t write_number(char *to, uint64_t n)
{
	char digits[NUMBER_BYTES];
	size_t len = 0;
	do {
		digits[len++] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	for (size_t i = 0; i < len; i++)
		to[i] = digits[len - 1 - i];
	return len;
}

// `len` characters of an alphabet of at most 64, each from 6 bits or more of a random word.
static size_t write_chars(char *to, size_t len, const char *alphabet, unsigned letters, struct rng *r)
{
	for (size_t i = 0; i < len; i++)
		to[i] = alphabet[rng_below(r, letters)];
	return len;
}

static size_t write_uuid(char *to, struct rng *r)
{
	static const char hex[] = "0123456789abcdef";
	static const char form[] = "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx";
	_Static_assert(sizeof(form) - 1 == UUID_BYTES, "a UUID's characters");
	uint64_t bits = 0;
	unsigned left = 0;
	for (size_t i = 0; i < UUID_BYTES; i++) {
		if (left == 0) {
			bits = rng_next(r);
			left = 16;
		}
		to[i] = form[i];
		if (form[i] != 'x' && form[i] != 'y')
			continue;
		to[i] = hex[form[i] == 'y' ? 8 + (bits & 3) : (bits & 15)];
		bits >>= 4;
		left--;
	}
	return UUID_BYTES;
}

static size_t write_word(char *to, const struct piece *p, struct rng *r)
{
	uint64_t which = rng_below(r, p->high);
	const char *at = p->text, *end = p->text + p->len;
	for (; which > 0; which--)
		at = (const char *)memchr(at, ',', (size_t)(end - at)) + 1;
	const char *comma = memchr(at, ',', (size_t)(end - at));
	const size_t len = (size_t)((comma ? comma : end) - at);
	memcpy(to, at, len);
	return len;
}

static size_t write_piece(char *to, const struct piece *p, struct h2_draw *d)
{
	static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	const uint64_t span = p->high - p->low;
	switch (p->kind) {
	case COUNTER:
		return write_number(to, p->low + d->number * p->high);
	case RANDOM:
		return write_number(to, span == UINT64_MAX ? rng_next(&d->rng)
		                                           : p->low + rng_below(&d->rng, span + 1));
	case HEX:
		return write_chars(to, p->len, letters, 16, &d->rng);
	case ALNUM:
		return write_chars(to, p->len, letters, sizeof(letters) - 1, &d->rng);
	case UUID:
		return write_uuid(to, &d->rng);
	case PICK:
		return write_word(to, p, &d->rng);
	default:
		memcpy(to, p->text, p->len);
		return p->len;
	}
}

size_t h2_template_write(const struct h2_template *t, struct h2_draw *d, char *to)
{
	size_t len = 0;
	for (size_t i = 0; i < t->count; i++)
		len += write_piece(to + len, &t->pieces[i], d);
	return len;
}
