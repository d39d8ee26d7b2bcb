// Field sections judged by the rules of HTTP/2.
#include "wire_fields.h"

#include <stddef.h>
#include <string.h>

enum { STATUS = 1, METHOD = 2, SCHEME = 4, PATH = 8, AUTHORITY = 16 };

static bool is(const uint8_t *text, size_t len, const char *word, size_t word_len)
{
	return len == word_len && memcmp(text, word, len) == 0;
}

#define IS(text, len, word) is(text, len, word, sizeof(word) - 1)

static bool wrong(struct wire_fields *f, const char *why)
{
	if (!f->why)
		f->why = why;
	return false;
}

void wire_fields_begin(struct wire_fields *f, enum wire_section section, uint64_t max_bytes)
{
	*f = (struct wire_fields){ .section = section, .max_bytes = max_bytes, .content_length = -1 };
}

// ---- pseudo-header fields (8.3) -----------------------------------------------------------------------------

static bool take_status(struct wire_fields *f, const nghttp2_nv *nv)
{
	const uint8_t *v = nv->value;
	if (nv->valuelen != 3 || v[0] < '1' || v[0] > '9' || v[1] < '0' || v[1] > '9' || v[2] < '0' || v[2] > '9')
		return wrong(f, ":status is not three digits");
	f->status = (uint16_t)((v[0] - '0') * 100 + (v[1] - '0') * 10 + (v[2] - '0'));
	return f->status != 101 || wrong(f, "status 101, which HTTP/2 does not have");
}

static bool is_path(const nghttp2_nv *nv)
{
	return nghttp2_check_path(nv->value, nv->valuelen) &&
	       (nv->value[0] == '/' || IS(nv->value, nv->valuelen, "*"));
}

// Of RFC 3986, 3.1.
static bool is_scheme(const nghttp2_nv *nv)
{
	for (size_t i = 0; i < nv->valuelen; i++) {
		const uint8_t c = nv->value[i], lower = c | 0x20;
		const bool letter = lower >= 'a' && lower <= 'z';
		const bool other = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
		if (!letter && (i == 0 || !other))
			return false;
	}
	return nv->valuelen > 0;
}

static bool take_value(struct wire_fields *f, unsigned bit, const nghttp2_nv *nv)
{
	switch (bit) {
	case STATUS:
		return take_status(f, nv);
	case METHOD:
		f->connect = IS(nv->value, nv->valuelen, "CONNECT");
		return nghttp2_check_method(nv->value, nv->valuelen) || wrong(f, ":method is no token");
	case PATH:
		return (nv->valuelen > 0 && is_path(nv)) || wrong(f, ":path is no path");
	case SCHEME:
		return is_scheme(nv) || wrong(f, ":scheme is no scheme");
	default:
		return nghttp2_check_authority(nv->value, nv->valuelen) || wrong(f, ":authority is no authority");
	}
}

static unsigned pseudo_bit(enum wire_section section, const nghttp2_nv *nv)
{
	static const struct {
		const char *name;
		size_t len;
		enum wire_section section;
		unsigned bit;
	} rows[] = {
		{ ":status", 7, WIRE_RESPONSE, STATUS },       { ":method", 7, WIRE_REQUEST, METHOD },
		{ ":scheme", 7, WIRE_REQUEST, SCHEME },        { ":path", 5, WIRE_REQUEST, PATH },
		{ ":authority", 10, WIRE_REQUEST, AUTHORITY },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].section == section && is(nv->name, nv->namelen, rows[i].name, rows[i].len))
			return rows[i].bit;
	return 0;
}

static bool take_pseudo(struct wire_fields *f, const nghttp2_nv *nv)
{
	const unsigned bit = pseudo_bit(f->section, nv);
	if (f->section == WIRE_TRAILERS)
		return wrong(f, "a pseudo-header field in trailers");
	if (f->regular)
		return wrong(f, "a pseudo-header field behind a regular one");
	if (bit == 0)
		return wrong(f, "a pseudo-header field that does not belong there");
	if (f->pseudo & bit)
		return wrong(f, "a pseudo-header field twice");
	f->pseudo |= bit;
	return take_value(f, bit, nv);
}

// ---- regular fields (8.2) -----------------------------------------------------------------------------------

static bool is_of_connection(const nghttp2_nv *nv)
{
	return IS(nv->name, nv->namelen, "connection") || IS(nv->name, nv->namelen, "keep-alive") ||
	       IS(nv->name, nv->namelen, "proxy-connection") || IS(nv->name, nv->namelen, "transfer-encoding") ||
	       IS(nv->name, nv->namelen, "upgrade") ||
	       (IS(nv->name, nv->namelen, "te") && !IS(nv->value, nv->valuelen, "trailers"));
}

static bool take_content_length(struct wire_fields *f, const nghttp2_nv *nv)
{
	int64_t n = 0;
	if (f->content_length >= 0)
		return wrong(f, "content-length twice");
	for (size_t i = 0; i < nv->valuelen; i++) {
		if (nv->value[i] < '0' || nv->value[i] > '9' || n > (INT64_MAX - 9) / 10)
			return wrong(f, "content-length is no number");
		n = n * 10 + (nv->value[i] - '0');
	}
	if (nv->valuelen == 0)
		return wrong(f, "content-length is no number");
	f->content_length = n;
	// Servers are known to send 0 with 204, which harms nobody.
	if (f->section == WIRE_RESPONSE && (f->status < 200 || (f->status == 204 && n > 0)))
		return wrong(f, "content-length with a status that has no content");
	return true;
}

static bool take_host(struct wire_fields *f, const nghttp2_nv *nv)
{
	if (f->host)
		return wrong(f, "host twice");
	f->host = true;
	return nghttp2_check_authority(nv->value, nv->valuelen) || wrong(f, "host is no authority");
}

static bool take_regular(struct wire_fields *f, const nghttp2_nv *nv)
{
	f->regular = true;
	if (!nghttp2_check_header_name(nv->name, nv->namelen))
		return wrong(f, "a field name with a character that HTTP/2 does not allow");
	if (!nghttp2_check_header_value_rfc9113(nv->value, nv->valuelen))
		return wrong(f, "a field value with a character that HTTP/2 does not allow");
	if (is_of_connection(nv))
		return wrong(f, "a field of HTTP/1's connections");
	if (f->section != WIRE_TRAILERS && IS(nv->name, nv->namelen, "content-length"))
		return take_content_length(f, nv);
	if (f->section == WIRE_REQUEST && IS(nv->name, nv->namelen, "host"))
		return take_host(f, nv);
	return true;
}

bool wire_fields_take(struct wire_fields *f, const nghttp2_nv *nv)
{
	f->bytes += nv->namelen + nv->valuelen + 32;
	f->count++;
	if (f->bytes > f->max_bytes || f->count > WIRE_MAX_FIELDS)
		f->too_large = true;
	if (f->why || f->too_large) // nothing more is spent on it
		return false;
	if (nv->namelen > 0 && nv->name[0] == ':')
		return take_pseudo(f, nv);
	return take_regular(f, nv);
}

// ---- the whole ----------------------------------------------------------------------------------------------

static bool end_request(struct wire_fields *f)
{
	if (f->connect)
		return f->pseudo == (METHOD | AUTHORITY) || wrong(f, "CONNECT takes :authority alone");
	return (f->pseudo & (METHOD | SCHEME | PATH)) == (METHOD | SCHEME | PATH) ||
	       wrong(f, ":method, :scheme or :path is missing");
}

bool wire_fields_end(struct wire_fields *f)
{
	if (f->why)
		return false;
	if (f->section == WIRE_RESPONSE)
		return (f->pseudo & STATUS) || wrong(f, ":status is missing");
	return f->section == WIRE_TRAILERS || end_request(f);
}

bool wire_has_no_content(const char *method, unsigned status)
{
	return status == 204 || status == 304 || strcmp(method, "HEAD") == 0;
}
