// gRPC in a scenario: messages, unary and streams of them, and the response that is right
// (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
#include "scenario_parts.h"
#include "template.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TYPE "application/grpc"
#define MAX_STATUS 16       // the codes of gRPC
#define MAX_FIELD 536870911 // the highest number of a field in protobuf

// ---- messages -----------------------------------------------------------------------------------------------

static void put_varint(struct buf *b, uint64_t n)
{
	for (; n >= 0x80; n >>= 7)
		buf_addc(b, (char)(n | 0x80));
	buf_addc(b, (char)n);
}

// Bytes that are the same each time.
static int add_bytes(struct h2_reader *r, const struct sexp *at, struct scenario *s, struct h2_request *q,
                     struct buf *bytes)
{
	struct h2_part part = { .kind = H2_PART_BODY, .len = bytes->len };
	part.bytes = h2_keep(s, bytes);
	if (!part.bytes)
		return err_set(r->e, ENOMEM, "out of memory");
	return h2_add_part(r, at, q, &part) ? 0 : -EINVAL;
}

// (field NUMBER "text") or (field NUMBER INT): protobuf's types string and bytes, or int64 and those like it.
static int read_field(struct h2_reader *r, struct scenario *s, const struct sexp *v, struct h2_request *q)
{
	const struct sexp *value = sexp_at(v, 2);
	struct buf b = { 0 };
	int64_t number = 0;
	int rc = sexp_get_int(r->doc, v, 1, 1, MAX_FIELD, &number, r->e);
	if (rc < 0)
		return rc;
	if (v->count != 3 || (value->kind != SEXP_STRING && value->kind != SEXP_INT))
		return FAIL(r, v, "a field is (field NUMBER \"text\") or (field NUMBER INT)");
	if (value->kind == SEXP_STRING && h2_template_has_places(value->text, value->len))
		return h2_add_text(r, value, q, H2_PART_FIELD, (size_t)number, value->text, value->len);
	put_varint(&b, (uint64_t)number << 3 | (value->kind == SEXP_STRING ? 2 : 0));
	put_varint(&b, value->kind == SEXP_STRING ? value->len : (uint64_t)value->number);
	if (value->kind == SEXP_STRING)
		buf_add(&b, value->text, value->len);
	return add_bytes(r, v, s, q, &b);
}

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c | 0x20) : NULL;
	return at ? (int)(at - digits) : -1;
}

// (hex "0a 03 61 62 63")
static int read_hex(struct h2_reader *r, struct scenario *s, const struct sexp *v, struct h2_request *q)
{
	const char *text;
	struct buf b = { 0 };
	int rc = sexp_get_string(r->doc, v, 1, &text, r->e);
	while (rc == 0 && *(text += strspn(text, " \t\n"))) {
		const int high = hex_digit(text[0]), low = high < 0 ? -1 : hex_digit(text[1]);
		if (low < 0)
			rc = FAIL(r, v, "bytes are pairs of hexadecimal digits, e.g. (hex \"0a 03 61 62 63\")");
		else
			buf_addc(&b, (char)(high << 4 | low));
		text += 2;
	}
	if (rc == 0)
		return add_bytes(r, v, s, q, &b);
	buf_deinit(&b);
	return rc;
}

static int read_file(struct h2_reader *r, struct scenario *s, const struct sexp *v, struct h2_request *q)
{
	struct h2_body body = { 0 };
	int rc = h2_read_file(r, v, s, &body);
	if (rc < 0)
		return rc;
	const struct h2_part part = { .kind = H2_PART_BODY, .bytes = body.text, .len = body.length };
	return h2_add_part(r, v, q, &part) ? 0 : -EINVAL;
}

static int read_text(struct h2_reader *r, const struct sexp *v, struct h2_request *q)
{
	const struct h2_part part = { .kind = H2_PART_BODY, .bytes = v->text, .len = v->len };
	if (h2_template_has_places(v->text, v->len))
		return h2_add_text(r, v, q, H2_PART_BODY, 0, v->text, v->len);
	return h2_add_part(r, v, q, &part) ? 0 : -EINVAL;
}

// (message PIECE ...)
static int read_message(struct h2_reader *r, struct scenario *s, const struct sexp *message, struct h2_request *q)
{
	int rc = h2_add_part(r, message, q, &(struct h2_part){ .kind = H2_PART_MESSAGE, .bytes = "" }) ? 0
	                                                                                               : -EINVAL;
	for (size_t i = 1; rc == 0 && i < message->count; i++) {
		const struct sexp *v = message->items[i];
		if (v->kind == SEXP_STRING)
			rc = read_text(r, v, q);
		else if (sexp_is_form(v, "field"))
			rc = read_field(r, s, v, q);
		else if (sexp_is_form(v, "hex"))
			rc = read_hex(r, s, v, q);
		else if (sexp_is_form(v, "file") && v->count == 2)
			rc = read_file(r, s, v, q);
		else
			rc = FAIL(
			        r, v,
			        "a message is of \"text\", (hex \"...\"), (file \"NAME\"), (field NUMBER \"text\") and "
			        "(field NUMBER INT)");
	}
	return rc;
}

// ---- the request --------------------------------------------------------------------------------------------

static bool varies(const struct h2_request *q)
{
	for (size_t i = 0; i < q->part_count; i++)
		if (q->parts[i].text)
			return true;
	return false;
}

// All of its exchanges have the same body: it is put together here.
static int make_body(struct h2_reader *r, struct scenario *s, struct h2_request *q)
{
	struct buf b = { 0 };
	for (size_t i = 0; i < q->part_count; i++) {
		uint64_t len = 0;
		if (q->parts[i].kind != H2_PART_MESSAGE) {
			buf_add(&b, q->parts[i].bytes, q->parts[i].len);
			continue;
		}
		for (size_t k = i + 1; k < q->part_count && q->parts[k].kind != H2_PART_MESSAGE; k++)
			len += q->parts[k].len;
		const uint8_t prefix[] = { 0, (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8),
			                   (uint8_t)len };
		buf_add(&b, prefix, sizeof(prefix));
	}
	q->body.length = b.len;
	q->body.text = h2_keep(s, &b);
	h2_request_deinit(q);
	return q->body.text ? 0 : err_set(r->e, ENOMEM, "out of memory");
}

static int add_header(struct h2_reader *r, const struct sexp *form, struct h2_request *q, const char *name,
                      const char *value)
{
	for (size_t i = 0; i < q->header_count; i++)
		if (strcmp(q->headers[i].name, name) == 0)
			return 0;
	if (q->header_count == H2_MAX_HEADERS)
		return FAIL(r, form, "more than %u headers, with gRPC's own", H2_MAX_HEADERS);
	q->headers[q->header_count++] = (struct h2_header){
		.name = name, .value = value, .name_len = strlen(name), .value_len = strlen(value)
	};
	return 0;
}

static int read_method(struct h2_reader *r, const struct sexp *form, const struct sexp *grpc, struct h2_request *q)
{
	static const char *const said[] = { "method", "path", "body" };
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
		if (sexp_field(form, said[i]))
			return FAIL(r, sexp_field(form, said[i]), "(grpc ...) says the %s; leave this out",
			            said[i]);
	int rc = sexp_get_string(r->doc, grpc, 1, &q->path, r->e);
	if (rc == 0 &&
	    (grpc->count != 2 || q->path[0] != '/' || !strchr(q->path + 1, '/') || !h2_is_visible(q->path)))
		rc = FAIL(r, grpc, "gRPC calls are (grpc \"/PACKAGE.SERVICE/METHOD\")");
	if (rc == 0 && h2_template_has_places(q->path, strlen(q->path)))
		rc = h2_add_text(r, grpc, q, H2_PART_PATH, 0, q->path, strlen(q->path));
	q->method = "POST";
	q->is_grpc = q->has_body = true;
	return rc;
}

int h2_read_grpc(struct h2_reader *r, struct scenario *s, const struct sexp *form, struct h2_request *q)
{
	const struct sexp *grpc = sexp_field(form, "grpc"), *message = sexp_field(form, "message");
	size_t messages = 0;
	if (!grpc)
		return message ? FAIL(r, message,
		                      "a message is gRPC's: (grpc \"/PACKAGE.SERVICE/METHOD\") is missing")
		               : 0;
	int rc = read_method(r, form, grpc, q);
	if (rc == 0)
		rc = add_header(r, form, q, "content-type", TYPE);
	if (rc == 0)
		rc = add_header(r, form, q, "te", "trailers");
	for (size_t i = 2; rc == 0 && i < form->count; i++)
		if (sexp_is_form(form->items[i], "message"))
			rc = ++messages > H2_MAX_MESSAGES
			             ? FAIL(r, form->items[i], "more than %u messages", H2_MAX_MESSAGES)
			             : read_message(r, s, form->items[i], q);
	return rc == 0 && !varies(q) ? make_body(r, s, q) : rc;
}

// ---- the response -------------------------------------------------------------------------------------------

static int read_messages(struct h2_reader *r, const struct sexp *field, int64_t *n)
{
	if (sexp_is_symbol(sexp_at(field, 1), "any") && field->count == 2) {
		*n = H2_MESSAGES_ANY;
		return 0;
	}
	if (field->count != 2)
		return FAIL(r, field, "one number was expected, e.g. (messages 10), or (messages any)");
	return sexp_get_int(r->doc, field, 1, 0, INT64_MAX, n, r->e);
}

int h2_read_grpc_expect(struct h2_reader *r, struct scenario *s, const struct sexp *expect, struct h2_request *q)
{
	const struct sexp *status = sexp_field(expect, "grpc-status"), *messages = sexp_field(expect, "messages");
	struct h2_expect *x = &q->expect;
	struct buf code = { 0 };
	int64_t n = 0;
	if (!q->is_grpc)
		return status || messages ? FAIL(r, status ? status : messages,
		                                 "the request is not gRPC's: it has no (grpc ...)")
		                          : 0;
	int rc = status ? sexp_get_int(r->doc, status, 1, 0, MAX_STATUS, &n, r->e) : 0;
	x->messages = n == 0 ? 1 : H2_MESSAGES_ANY;
	if (rc == 0 && messages)
		rc = read_messages(r, messages, &x->messages);
	if (rc < 0)
		return rc;
	if (x->header_count == H2_MAX_EXPECTED)
		return FAIL(r, expect, "more than %u headers, with gRPC's own", H2_MAX_EXPECTED - 1);
	buf_addf(&code, "%d", (int)n);
	const char *text = h2_keep(s, &code);
	if (!text)
		return err_set(r->e, ENOMEM, "out of memory");
	x->headers[x->header_count++] = (struct h2_header){ "content-type", TYPE, 12, sizeof(TYPE) - 1, true };
	x->trailers[x->trailer_count++] = (struct h2_header){ "grpc-status", text, 11, strlen(text), false };
	return 0;
}
