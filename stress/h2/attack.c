// Reads attacks.
#include "attack.h"

#include "clock.h"
#include "units.h"
#include "wire_frame.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_TIME (10 * SG_NS_PER_S)

struct reader {
	const struct sexp_doc *doc;
	struct err *e;
	struct h2_attack *a;
};

#define FAIL(r, at, ...) sexp_err((r)->doc, (at), (r)->e, __VA_ARGS__)

struct word {
	const char *name;
	uint32_t value;
};

static const struct word types[] = {
	{ "DATA", 0 },         { "HEADERS", 1 }, { "PRIORITY", 2 }, { "RST_STREAM", 3 },    { "SETTINGS", 4 },
	{ "PUSH_PROMISE", 5 }, { "PING", 6 },    { "GOAWAY", 7 },   { "WINDOW_UPDATE", 8 }, { "CONTINUATION", 9 },
};
static const struct word flags[] = {
	{ "END_STREAM", 1 }, { "ACK", 1 }, { "END_HEADERS", 4 }, { "PADDED", 8 }, { "PRIORITY", 32 },
};
static const struct word codes[] = {
	{ "NO_ERROR", 0 },           { "PROTOCOL_ERROR", 1 },     { "INTERNAL_ERROR", 2 },
	{ "FLOW_CONTROL_ERROR", 3 }, { "SETTINGS_TIMEOUT", 4 },   { "STREAM_CLOSED", 5 },
	{ "FRAME_SIZE_ERROR", 6 },   { "REFUSED_STREAM", 7 },     { "CANCEL", 8 },
	{ "COMPRESSION_ERROR", 9 },  { "ENHANCE_YOUR_CALM", 11 },
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

// A word of the table, or a number up to `max`.
static int read_word(struct reader *r, const struct sexp *at, const struct word *table, size_t count, uint32_t max,
                     uint32_t *value)
{
	for (size_t i = 0; i < count; i++)
		if (sexp_is_symbol(at, table[i].name)) {
			*value = table[i].value;
			return 0;
		}
	if (!at || at->kind != SEXP_INT || at->number < 0 || at->number > max)
		return FAIL(r, at, "a name such as %s, or a number from 0 to %" PRIu32 ", was expected",
		            table[0].name, max);
	*value = (uint32_t)at->number;
	return 0;
}

// "(NAME N)" of `list`; `value` stays as it is where there is none.
static int read_number(struct reader *r, const struct sexp *list, const char *name, uint64_t max, uint64_t *value)
{
	const struct sexp *field = sexp_field(list, name);
	int64_t n;
	if (!field)
		return 0;
	if (field->count != 2)
		return FAIL(r, field, "one number was expected, e.g. (%s 10)", name);
	int rc = sexp_get_int(r->doc, field, 1, 0, (int64_t)max, &n, r->e);
	if (rc == 0)
		*value = (uint64_t)n;
	return rc;
}

// ---- bytes --------------------------------------------------------------------------------------------------

static int digit(char c)
{
	const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) : -1;
}

// "82 86 84": pairs of hexadecimal digits in lower case, with blanks between them as one likes.
static int read_hex(struct reader *r, const struct sexp *field)
{
	const char *text;
	if (field->count != 2)
		return FAIL(r, field, "one string was expected, e.g. (%s \"82 86 84\")", field->items[0]->text);
	int rc = sexp_get_string(r->doc, field, 1, &text, r->e);
	while (rc == 0 && *text) {
		if (*text == ' ') {
			text++;
			continue;
		}
		const int high = digit(text[0]), low = high < 0 ? -1 : digit(text[1]);
		if (low < 0)
			return FAIL(r, field->items[1], "bytes are pairs of 0-9 a-f, e.g. \"82 86 84\"");
		buf_addc(&r->a->bytes, (char)(high * 16 + low));
		text += 2;
	}
	return rc;
}

// (repeat "be" 3000): the bytes again and again.
static int read_repeat(struct reader *r, const struct sexp *field)
{
	int64_t times;
	const size_t at = r->a->bytes.len;
	struct sexp one = *field;
	if (field->count != 3)
		return FAIL(r, field, "bytes and a number were expected, e.g. (repeat \"be\" 1000)");
	one.count = 2;
	int rc = sexp_get_int(r->doc, field, 2, 1, (int64_t)WIRE_MOST_FRAME, &times, r->e);
	if (rc == 0)
		rc = read_hex(r, &one);
	const size_t len = r->a->bytes.len - at;
	if (rc == 0 && (uint64_t)times * len > WIRE_MOST_FRAME)
		return FAIL(r, field, "more than 16777215 bytes in a frame");
	for (int64_t i = 1; rc == 0 && i < times && !r->a->bytes.failed; i++) {
		char copy[256];
		if (len > sizeof(copy))
			return FAIL(r, field, "at most 256 bytes can be repeated");
		memcpy(copy, r->a->bytes.data + at, len);
		buf_add(&r->a->bytes, copy, len);
	}
	return rc;
}

static int read_payload(struct reader *r, const struct sexp *form)
{
	int rc = 0;
	for (size_t i = 1; rc == 0 && i < form->count; i++) {
		if (sexp_is_form(form->items[i], "hex"))
			rc = read_hex(r, form->items[i]);
		else if (sexp_is_form(form->items[i], "repeat"))
			rc = read_repeat(r, form->items[i]);
	}
	return rc;
}

// ---- frames -------------------------------------------------------------------------------------------------

static int read_flags(struct reader *r, const struct sexp *field, uint8_t *value)
{
	for (size_t i = 1; field && i < field->count; i++) {
		uint32_t one = 0;
		int rc = read_word(r, field->items[i], flags, COUNT(flags), 255, &one);
		if (rc < 0)
			return rc;
		*value = (uint8_t)(*value | one);
	}
	return 0;
}

static int read_stream(struct reader *r, const struct sexp *field, struct h2_piece *p, uint32_t *id)
{
	if (!field)
		return 0;
	const struct sexp *at = sexp_at(field, 1);
	if (field->count != 2)
		return FAIL(r, field, "(stream next), (stream same) or (stream N) was expected");
	if (sexp_is_symbol(at, "next"))
		p->rule = STREAM_NEXT;
	else if (sexp_is_symbol(at, "same"))
		p->rule = STREAM_SAME;
	else
		return read_word(r, at, &(struct word){ "next", 0 }, 1, WIRE_MAX_ID, id);
	return 0;
}

static int read_frame(struct reader *r, const struct sexp *form, struct h2_piece *p)
{
	static const char *const fields[] = { "flags", "stream", "*hex", "*repeat", "length", NULL };
	struct buf *bytes = &r->a->bytes;
	const char zeros[WIRE_HEAD] = { 0 };
	uint32_t type = 0, id = 0;
	uint8_t bits = 0;
	if (form->count < 2)
		return FAIL(r, form, "a frame has a type, e.g. (frame PING)");
	int rc = sexp_check_fields(r->doc, form, 2, fields, r->e);
	if (rc == 0)
		rc = read_word(r, sexp_at(form, 1), types, COUNT(types), 255, &type);
	if (rc == 0)
		rc = read_flags(r, sexp_field(form, "flags"), &bits);
	if (rc == 0)
		rc = read_stream(r, sexp_field(form, "stream"), p, &id);
	buf_add(bytes, zeros, sizeof(zeros));
	if (rc == 0)
		rc = read_payload(r, form);
	uint64_t length = bytes->len - p->at - WIRE_HEAD;
	if (rc == 0) // one that is not the payload's is said, if that is asked for
		rc = read_number(r, form, "length", WIRE_MOST_FRAME, &length);
	if (rc < 0 || bytes->failed)
		return rc < 0 ? rc : -ENOMEM;
	wire_put_head((uint8_t *)bytes->data + p->at, length, (uint8_t)type, bits, id);
	return 0;
}

static int read_piece(struct reader *r, const struct sexp *form, struct h2_piece *p)
{
	*p = (struct h2_piece){ .at = r->a->bytes.len, .rule = STREAM_FIXED };
	int rc = sexp_is_form(form, "frame")   ? read_frame(r, form, p)
	         : sexp_is_form(form, "bytes") ? read_hex(r, form)
	                                       : FAIL(r, form, "(frame TYPE ...) or (bytes \"...\") was expected");
	p->len = r->a->bytes.len - p->at;
	return rc < 0 ? rc : r->a->bytes.failed ? -ENOMEM : 0;
}

// (send [(times N)] PIECE ...)
static int read_step(struct reader *r, const struct sexp *form)
{
	struct h2_attack *a = r->a;
	struct h2_step *s = &a->steps[a->step_count];
	*s = (struct h2_step){ .first = a->piece_count, .times = 1 };
	int rc = read_number(r, form, "times", H2_ATTACK_TIMES, &s->times);
	const size_t at = a->bytes.len;
	for (size_t i = 1; rc == 0 && i < form->count; i++)
		if (!sexp_is_form(form->items[i], "times"))
			rc = read_piece(r, form->items[i], &a->pieces[a->piece_count++]);
	s->count = a->piece_count - s->first;
	a->step_count++;
	if (rc == 0 && (a->bytes.len - at) * s->times > H2_ATTACK_BYTES)
		return FAIL(r, form, "more than 256 MiB in one step");
	return rc;
}

static int read_steps(struct reader *r, const struct sexp *form)
{
	size_t pieces = 0, steps = 0;
	for (size_t i = 1; i < form->count; i++)
		if (sexp_is_form(form->items[i], "send")) {
			pieces += form->items[i]->count;
			steps++;
		}
	if (steps == 0)
		return FAIL(r, form, "an attack has one (send ...) at least");
	r->a->pieces = calloc(pieces, sizeof(*r->a->pieces));
	r->a->steps = calloc(steps, sizeof(*r->a->steps));
	if (!r->a->pieces || !r->a->steps)
		return -ENOMEM;
	int rc = 0;
	for (size_t i = 1; rc == 0 && i < form->count; i++)
		if (sexp_is_form(form->items[i], "send"))
			rc = read_step(r, form->items[i]);
	return rc;
}

// ---- what is right ------------------------------------------------------------------------------------------

// goaway, close, reset, alive, (goaway CODE) or (reset CODE).
static int read_reaction(struct reader *r, const struct sexp *at, struct h2_reaction *x)
{
	static const char *const names[] = { "goaway", "close", "reset", "alive" };
	const bool coded = at->kind == SEXP_LIST;
	const struct sexp *name = coded ? sexp_at(at, 0) : at;
	for (unsigned i = 0; i < COUNT(names); i++) {
		if (!name || !sexp_is_symbol(name, names[i]))
			continue;
		x->kind = (enum h2_reaction_kind)i;
		x->has_code = coded;
		if (!coded)
			return 0;
		if (at->count == 2 && (x->kind == REACTION_GOAWAY || x->kind == REACTION_RESET))
			return read_word(r, at->items[1], codes, COUNT(codes), UINT32_MAX, &x->code);
	}
	return FAIL(r, at, "known are goaway, close, reset, alive, (goaway CODE), (reset CODE)");
}

static int read_right(struct reader *r, const struct sexp *form)
{
	const struct sexp *field = sexp_field(form, "right");
	if (!field || field->count < 2 || field->count > H2_MAX_REACTIONS + 1)
		return FAIL(r, field ? field : form, "(right goaway close ...) says what the server may do");
	for (size_t i = 1; i < field->count; i++) {
		int rc = read_reaction(r, field->items[i], &r->a->right[r->a->right_count++]);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int read_time(struct reader *r, const struct sexp *form)
{
	const struct sexp *field = sexp_field(form, "time"), *at = sexp_at(field, 1);
	r->a->time_ns = DEFAULT_TIME;
	if (!field)
		return 0;
	if (field->count != 2 || at->kind != SEXP_SYMBOL || units_parse_duration(at->text, &r->a->time_ns) < 0 ||
	    r->a->time_ns == 0)
		return FAIL(r, field, "a time was expected, e.g. (time 10s)");
	return 0;
}

int h2_attack_read(const struct sexp_doc *doc, const struct sexp *form, struct h2_attack *a, struct err *e)
{
	static const char *const fields[] = { "right", "time", "no-preface", "*send", NULL };
	struct reader r = { doc, e, a };
	int rc = sexp_check_fields(doc, form, 1, fields, e);
	a->no_preface = rc == 0 && sexp_field(form, "no-preface");
	if (rc == 0)
		rc = read_right(&r, form);
	if (rc == 0)
		rc = read_time(&r, form);
	if (rc == 0)
		rc = read_steps(&r, form);
	return rc == -ENOMEM ? err_set(e, ENOMEM, "out of memory") : rc;
}

void h2_attack_deinit(struct h2_attack *a)
{
	buf_deinit(&a->bytes);
	free(a->pieces);
	free(a->steps);
	*a = (struct h2_attack){ 0 };
}

uint64_t h2_attack_frames(const struct h2_attack *a)
{
	uint64_t n = 0;
	for (size_t i = 0; i < a->step_count; i++)
		n += a->steps[i].count * a->steps[i].times;
	return n;
}
