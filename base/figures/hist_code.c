// HdrHistogram's V2 compressed encoding, to and from base64.
//
//   outer: u32 0x1c849314, u32 length, a zlib stream of that many bytes
//   inner: u32 0x1c849313, u32 payload length, u32 index offset, u32 digits, i64 lowest, i64 highest, f64 ratio,
//          payload: counts of the slots from 0 as ZigZag LEB128 of at most 9 bytes; -n stands for n empty slots
//   All big-endian.
#include "hist.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define COOKIE_OUTER 0x1c849314U
#define COOKIE_INNER 0x1c849313U
#define OUTER_BYTES 8U
#define INNER_BYTES 40U
#define WORD_BYTES 9U                          // the longest LEB128 word
#define RATIO_ONE UINT64_C(0x3ff0000000000000) // 1.0
// The most slots that a histogram of 63-bit values has, in 3 digits.
#define FOREIGN_SLOTS ((63U - 10U + 1U) << 10)
#define INNER_LIMIT (INNER_BYTES + (size_t)FOREIGN_SLOTS * WORD_BYTES)

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// ---- writing ------------------------------------------------------------------------------------------------

static void put_be(struct buf *b, uint64_t value, unsigned bytes)
{
	while (bytes-- > 0)
		buf_addc(b, (char)(value >> (8U * bytes)));
}

static void put_word(struct buf *b, int64_t value)
{
	uint64_t z = ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);

	for (unsigned n = 1; n < WORD_BYTES && z >= 0x80; n++, z >>= 7)
		buf_addc(b, (char)(z | 0x80));
	buf_addc(b, (char)z); // the ninth has all its 8 bits for the value
}

static int put_counts(const struct hist *h, struct buf *b)
{
	size_t first = h->total > 0 ? hist_index(h, h->min) : 0;
	size_t limit = hist_index(h, h->max) + 1;
	size_t next;

	if (first > 0) // the pages below the least value are not even read
		put_word(b, first > 1 ? -(int64_t)first : 0);
	for (size_t i = first; i < limit; i = next) {
		next = i + 1;
		if (h->counts[i] > INT64_MAX)
			return -ERANGE;
		while (h->counts[i] == 0 && next < limit && h->counts[next] == 0)
			next++;
		put_word(b, next - i > 1 ? -(int64_t)(next - i) : (int64_t)h->counts[i]);
	}
	return 0;
}

static int put_inner(const struct hist *h, struct buf *b)
{
	struct buf payload = { 0 };
	int rc = put_counts(h, &payload);

	put_be(b, COOKIE_INNER, 4);
	put_be(b, payload.len, 4);
	put_be(b, 0, 4);
	put_be(b, h->digits, 4);
	put_be(b, 1, 8);
	put_be(b, (uint64_t)SG_HIST_MAX_VALUE, 8);
	put_be(b, RATIO_ONE, 8);
	buf_add(b, buf_text(&payload), payload.len);
	if (rc == 0 && (payload.failed || b->failed))
		rc = -ENOMEM;
	buf_deinit(&payload);
	return rc;
}

static void put_base64(struct buf *out, const unsigned char *p, size_t len)
{
	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		unsigned v = (unsigned)p[i] << 16;
		char four[4];

		v |= left > 1 ? (unsigned)p[i + 1] << 8 : 0;
		v |= left > 2 ? (unsigned)p[i + 2] : 0;
		four[0] = base64_digits[v >> 18];
		four[1] = base64_digits[v >> 12 & 63U];
		four[2] = left > 1 ? base64_digits[v >> 6 & 63U] : '=';
		four[3] = left > 2 ? base64_digits[v & 63U] : '=';
		buf_add(out, four, sizeof four);
	}
}

// What deflate needs, in bytes, is (1 << (WINDOW_BITS + 2)) + (1 << (MEMORY_LEVEL + 9)): 64 KiB here, from the
// heap. compress() would take 256 KiB, mapped and faulted in anew for each histogram, which costs more than the
// packing.
#define WINDOW_BITS 13
#define MEMORY_LEVEL 6

// Packs into `packed`, of *packed_len bytes, and says how many it took. 0 or -ENOMEM.
static int deflate_all(struct buf *plain, unsigned char *packed, size_t *packed_len)
{
	z_stream z = { 0 };
	int rc = -ENOMEM;

	if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, WINDOW_BITS, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) !=
	    Z_OK)
		return rc;
	z.next_in = (Bytef *)plain->data;
	z.avail_in = (uInt)plain->len;
	z.next_out = packed;
	z.avail_out = (uInt)*packed_len;
	if (deflate(&z, Z_FINISH) == Z_STREAM_END) {
		*packed_len = z.total_out;
		rc = 0;
	}
	deflateEnd(&z);
	return rc;
}

int hist_encode(const struct hist *h, struct buf *out)
{
	struct buf inner = { 0 }, outer = { 0 };
	unsigned char *packed = NULL;
	size_t packed_len;
	int rc = put_inner(h, &inner);

	if (rc < 0)
		goto out;
	// compressBound is for compress()'s parameters; zlib's bound for any others is an eighth more.
	packed_len = compressBound(inner.len) + inner.len / 8 + 64;
	packed = malloc(packed_len);
	rc = packed == NULL ? -ENOMEM : deflate_all(&inner, packed, &packed_len);
	if (rc < 0)
		goto out;
	put_be(&outer, COOKIE_OUTER, 4);
	put_be(&outer, packed_len, 4);
	buf_add(&outer, packed, packed_len);
	if (!outer.failed)
		put_base64(out, (const unsigned char *)buf_text(&outer), outer.len);
	rc = outer.failed || out->failed ? -ENOMEM : 0;
out:
	free(packed);
	buf_deinit(&outer);
	buf_deinit(&inner);
	return rc;
}

// ---- reading ------------------------------------------------------------------------------------------------

// What is left to read.
struct reader {
	const unsigned char *at;
	size_t left;
};

static uint64_t get_be(struct reader *r, unsigned bytes)
{
	uint64_t v = 0;

	while (bytes-- > 0) {
		v = v << 8 | *r->at++;
		r->left--;
	}
	return v;
}

static bool get_word(struct reader *r, int64_t *value)
{
	uint64_t z = 0;

	for (unsigned n = 0; n < WORD_BYTES; n++) {
		uint64_t byte;

		if (r->left == 0)
			return false;
		byte = get_be(r, 1);
		if (n == WORD_BYTES - 1) {
			z |= byte << (7U * n);
			break;
		}
		z |= (byte & 0x7fU) << (7U * n);
		if (byte < 0x80)
			break;
	}
	*value = (int64_t)(z >> 1) ^ -(int64_t)(z & 1U);
	return true;
}

static int base64_value(char c)
{
	const char *at = c != '\0' ? strchr(base64_digits, c) : NULL;

	return at != NULL ? (int)(at - base64_digits) : -1;
}

// Decodes `len` (a multiple of 4) characters into `out`. False where one does not belong.
static bool get_base64(const char *text, size_t len, unsigned char *out, size_t *out_len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i += 4) {
		bool last = i + 4 == len;
		size_t pad = last && text[i + 3] == '=' ? 1U + (text[i + 2] == '=') : 0;
		unsigned v = 0;

		for (size_t k = 0; k < 4; k++) {
			int digit = k < 4 - pad ? base64_value(text[i + k]) : 0;

			if (digit < 0)
				return false;
			v = v << 6 | (unsigned)digit;
		}
		for (size_t k = 0; k < 3 - pad; k++)
			out[n++] = (unsigned char)(v >> (16U - 8U * k));
	}
	*out_len = n;
	return true;
}

static int get_outer(const char *text, size_t len, unsigned char *bytes, struct reader *packed, struct err *e)
{
	size_t n;

	if (len % 4 != 0 || !get_base64(text, len, bytes, &n))
		return err_set(e, EINVAL, "not base64");
	*packed = (struct reader){ bytes, n };
	if (n < OUTER_BYTES || get_be(packed, 4) != COOKIE_OUTER)
		return err_set(e, EINVAL, "not a V2 compressed histogram (base64 of one begins HISTFAAA)");
	if (get_be(packed, 4) != packed->left)
		return err_set(e, EINVAL, "the histogram is cut off or has something behind it");
	return 0;
}

// Inflates into `inner` (INNER_LIMIT bytes), and no further, whatever the stream would make.
static int inflate_bounded(const struct reader *packed, unsigned char *inner, size_t *inner_len, struct err *e)
{
	uLongf len = INNER_LIMIT;
	uLong used = packed->left;
	int rc = uncompress2(inner, &len, packed->at, &used);

	if (rc == Z_MEM_ERROR)
		return err_set(e, ENOMEM, "out of memory");
	if (rc != Z_OK || used != packed->left)
		return err_set(e, EINVAL, "the histogram's zlib stream is damaged or too long");
	*inner_len = len;
	return 0;
}

// Checks the inner header and makes the histogram that it describes.
static int get_shape(struct reader *r, struct hist **out, struct err *e)
{
	uint64_t payload, offset, digits, lowest, highest, ratio;

	if (r->left < INNER_BYTES || get_be(r, 4) != COOKIE_INNER)
		return err_set(e, EINVAL, "not a V2 histogram inside");
	payload = get_be(r, 4);
	offset = get_be(r, 4);
	digits = get_be(r, 4);
	lowest = get_be(r, 8);
	highest = get_be(r, 8);
	ratio = get_be(r, 8);
	if (payload != r->left)
		return err_set(e, EINVAL, "the histogram's payload is cut off or has something behind it");
	if (digits != 2 && digits != 3)
		return err_set(e, EINVAL, "a histogram of %llu digits; 2 and 3 can be read",
		               (unsigned long long)digits);
	if (lowest != 1 || highest < 2 || highest > INT64_MAX)
		return err_set(e, EINVAL,
		               "a histogram whose lowest value is not 1, or whose highest is no number");
	// hdr-histogram-js writes the integer 1 into both fields, and means 0 and 1.0.
	if (!(offset == 0 && ratio == RATIO_ONE) && !(offset == 1 && ratio == 1))
		return err_set(e, EINVAL, "a shifted or scaled histogram cannot be read");
	*out = hist_new((unsigned)digits);
	return *out != NULL ? 0 : err_set(e, ENOMEM, "out of memory");
}

// Counts `n` values of the slot `index`, which may lie beyond our highest.
static int take_count(struct hist *h, size_t index, uint64_t n)
{
	uint64_t low, high;

	if (n > INT64_MAX - h->total)
		return -ERANGE;
	if (n == 0)
		return 0;
	if (index >= h->slots)
		index = h->slots - 1;
	low = hist_slot_low(h, index);
	high = hist_slot_high(h, index);
	h->counts[index] += n;
	h->total += n;
	h->sum += ((double)low + (double)(high - low + 1) / 2 * (high > low)) * (double)n;
	h->min = low < h->min ? low : h->min;
	h->max = high > h->max ? high : h->max;
	return 0;
}

static int get_counts(struct reader *r, struct hist *h, struct err *e)
{
	size_t index = 0;
	int64_t word;

	while (r->left > 0) {
		if (!get_word(r, &word))
			return err_set(e, EINVAL, "the histogram's last count is cut off");
		if (index >= FOREIGN_SLOTS || (word < 0 && word < -(int64_t)(FOREIGN_SLOTS - index)))
			return err_set(e, EINVAL, "the histogram has more slots than values of 63 bits need");
		if (word < 0) {
			index += (size_t)-word;
		} else if (take_count(h, index++, (uint64_t)word) < 0) {
			return err_set(e, EINVAL, "the histogram holds more values than can be counted");
		}
	}
	return 0;
}

int hist_decode(const char *text, size_t len, struct hist **out, struct err *e)
{
	unsigned char *bytes = malloc(len / 4 * 3 + 3);
	unsigned char *inner = malloc(INNER_LIMIT);
	struct reader r = { 0 };
	struct hist *h = NULL;
	size_t inner_len = 0;
	int rc;

	*out = NULL;
	if (bytes == NULL || inner == NULL)
		rc = err_set(e, ENOMEM, "out of memory");
	else
		rc = get_outer(text, len, bytes, &r, e);
	if (rc == 0)
		rc = inflate_bounded(&r, inner, &inner_len, e);
	if (rc == 0) {
		r = (struct reader){ inner, inner_len };
		rc = get_shape(&r, &h, e);
	}
	if (rc == 0)
		rc = get_counts(&r, h, e);
	if (rc == 0) {
		*out = h;
		h = NULL;
	}
	hist_free(h);
	free(inner);
	free(bytes);
	return rc;
}
