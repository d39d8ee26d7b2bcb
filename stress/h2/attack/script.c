// Reads and plays scripts of frames.
#include "script.h"

#include "units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	const struct sexp_doc *doc;
	struct err *e;
	struct h2_script *s;
};

#define FAIL(r, at, ...) sexp_err((r)->doc, (at), (r)->e, __VA_ARGS__)

static const struct h2_word types[] = {
	{ "DATA", 0 },         { "HEADERS", 1 }, { "PRIORITY", 2 }, { "RST_STREAM", 3 },    { "SETTINGS", 4 },
	{ "PUSH_PROMISE", 5 }, { "PING", 6 },    { "GOAWAY", 7 },   { "WINDOW_UPDATE", 8 }, { "CONTINUATION", 9 },
};
static const struct h2_word flags[] = {
	{ "END_STREAM", 1 }, { "ACK", 1 }, { "END_HEADERS", 4 }, { "PADDED", 8 }, { "PRIORITY", 32 },
};
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

int h2_script_word(const struct sexp_doc *doc, const struct sexp *at, const struct h2_word *table, size_t count,
                   uint32_t max, uint32_t *value, struct err *e)
{
	for (size_t i = 0; i < count; i++)
		if (sexp_is_symbol(at, table[i].name)) {
			*value = table[i].value;
			return 0;
		}
	if (!at || at->kind != SEXP_INT || at->number < 0 || at->number > max)
		return sexp_err(doc, at, e, "a name such as %s, or a number from 0 to %" PRIu32 ", was expected",
		                table[0].name, max);
	*value = (uint32_t)at->number;
	return 0;
}

int h2_script_time(const struct sexp_doc *doc, const struct sexp *list, const char *name, uint64_t *ns,
                   struct err *e)
{
	const struct sexp *field = sexp_field(list, name), *at = sexp_at(field, 1);
	if (!field)
		return 0;
	if (field->count != 2 || at->kind != SEXP_SYMBOL || units_parse_duration(at->text, ns) < 0 || *ns == 0 ||
	    *ns > H2_SCRIPT_TIME)
		return sexp_err(doc, field, e, "a time up to 10m was expected, e.g. (%s 10s)", name);
	return 0;
}

// "(NAME N)" of `list`, from 0 on; `value` stays as it is where there is none.
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
		buf_addc(&r->s->bytes, (char)(high * 16 + low));
		text += 2;
	}
	return rc;
}

// (text "abc"): a string's bytes as they are.
static int read_text(struct reader *r, const struct sexp *field)
{
	const char *text;
	if (field->count != 2)
		return FAIL(r, field, "one string was expected, e.g. (text \"hello\")");
	int rc = sexp_get_string(r->doc, field, 1, &text, r->e);
	if (rc == 0)
		buf_add(&r->s->bytes, text, field->items[1]->len);
	return rc;
}

// (string "/path"): a string of HPACK's, its length in front, without Huffman's code.
static int read_string(struct reader *r, const struct sexp *field)
{
	uint8_t head[8];
	size_t left = field->count == 2 ? field->items[1]->len : 0, n = 0;
	if (field->count != 2 || left > WIRE_MOST_FRAME / 2)
		return FAIL(r, field, "one string was expected, e.g. (string \"/path\")");
	if (left < 127) {
		head[n++] = (uint8_t)left;
	} else {
		head[n++] = 127;
		for (left -= 127; left >= 128; left /= 128)
			head[n++] = (uint8_t)(128 + left % 128);
		head[n++] = (uint8_t)left;
	}
	buf_add(&r->s->bytes, head, n);
	return read_text(r, field);
}

// (repeat "be" 3000): the bytes again and again.
static int read_repeat(struct reader *r, const struct sexp *field)
{
	int64_t times;
	const size_t at = r->s->bytes.len;
	struct sexp one = *field;
	if (field->count != 3)
		return FAIL(r, field, "bytes and a number were expected, e.g. (repeat \"be\" 1000)");
	one.count = 2;
	int rc = sexp_get_int(r->doc, field, 2, 1, (int64_t)WIRE_MOST_FRAME, &times, r->e);
	if (rc == 0)
		rc = read_hex(r, &one);
	const size_t len = r->s->bytes.len - at;
	if (rc == 0 && (uint64_t)times * len > WIRE_MOST_FRAME)
		return FAIL(r, field, "more than 16777215 bytes in a frame");
	for (int64_t i = 1; rc == 0 && i < times && !r->s->bytes.failed; i++) {
		char copy[256];
		if (len > sizeof(copy))
			return FAIL(r, field, "at most 256 bytes can be repeated");
		memcpy(copy, r->s->bytes.data + at, len);
		buf_add(&r->s->bytes, copy, len);
	}
	return rc;
}

// (id): four bytes, the id of the stream that is the same.
static int read_id(struct reader *r, const struct sexp *field, struct h2_piece *p)
{
	const char zeros[4] = { 0 };
	if (field->count != 1 || p->id_at != 0)
		return FAIL(r, field, "(id) stands once in a frame, and takes nothing");
	p->id_at = r->s->bytes.len - p->at;
	buf_add(&r->s->bytes, zeros, sizeof(zeros));
	return 0;
}

static int read_payload(struct reader *r, const struct sexp *form, struct h2_piece *p)
{
	int rc = 0;
	for (size_t i = 1; rc == 0 && i < form->count; i++) {
		if (sexp_is_form(form->items[i], "id"))
			rc = read_id(r, form->items[i], p);
		else if (sexp_is_form(form->items[i], "text"))
			rc = read_text(r, form->items[i]);
		else if (sexp_is_form(form->items[i], "string"))
			rc = read_string(r, form->items[i]);
		else if (sexp_is_form(form->items[i], "hex"))
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
		int rc = h2_script_word(r->doc, field->items[i], flags, COUNT(flags), 255, &one, r->e);
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
		return h2_script_word(r->doc, at, &(struct h2_word){ "next", 0 }, 1, WIRE_MAX_ID, id, r->e);
	return 0;
}

static int read_frame(struct reader *r, const struct sexp *form, struct h2_piece *p)
{
	static const char *const fields[] = { "flags",   "stream", "*hex",   "*text", "*string",
		                              "*repeat", "id",     "length", NULL };
	struct buf *bytes = &r->s->bytes;
	const char zeros[WIRE_HEAD] = { 0 };
	uint32_t type = 0, id = 0;
	uint8_t bits = 0;
	if (form->count < 2)
		return FAIL(r, form, "a frame has a type, e.g. (frame PING)");
	int rc = sexp_check_fields(r->doc, form, 2, fields, r->e);
	if (rc == 0)
		rc = h2_script_word(r->doc, sexp_at(form, 1), types, COUNT(types), 255, &type, r->e);
	if (rc == 0)
		rc = read_flags(r, sexp_field(form, "flags"), &bits);
	if (rc == 0)
		rc = read_stream(r, sexp_field(form, "stream"), p, &id);
	buf_add(bytes, zeros, sizeof(zeros));
	if (rc == 0)
		rc = read_payload(r, form, p);
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
	*p = (struct h2_piece){ .at = r->s->bytes.len, .rule = STREAM_FIXED };
	int rc = sexp_is_form(form, "frame")   ? read_frame(r, form, p)
	         : sexp_is_form(form, "bytes") ? read_hex(r, form)
	         : sexp_is_form(form, "text")
	                 ? read_text(r, form)
	                 : FAIL(r, form, "(frame TYPE ...), (bytes \"...\") or (text \"...\") was expected");
	p->len = r->s->bytes.len - p->at;
	return rc < 0 ? rc : r->s->bytes.failed ? -ENOMEM : 0;
}

// ---- steps --------------------------------------------------------------------------------------------------

// (send [(times N)] [(every TIME)] PIECE ...)
static int read_send(struct reader *r, const struct sexp *form, struct h2_step *s)
{
	struct h2_script *script = r->s;
	*s = (struct h2_step){ .kind = STEP_SEND, .first = script->piece_count, .times = 1 };
	int rc = read_number(r, form, "times", H2_SCRIPT_TIMES, &s->times);
	if (rc == 0)
		rc = h2_script_time(r->doc, form, "every", &s->wait_ns, r->e);
	script->has_every |= s->wait_ns > 0;
	const size_t at = script->bytes.len;
	for (size_t i = 1; rc == 0 && i < form->count; i++)
		if (!sexp_is_form(form->items[i], "times") && !sexp_is_form(form->items[i], "every"))
			rc = read_piece(r, form->items[i], &script->pieces[script->piece_count++]);
	s->count = script->piece_count - s->first;
	if (rc == 0 && (script->bytes.len - at) * s->times > H2_SCRIPT_BYTES)
		return FAIL(r, form, "more than 256 MiB in one step");
	return rc;
}

static bool is_step(const struct sexp *form)
{
	return sexp_is_form(form, "send") || sexp_is_form(form, "wait") || sexp_is_form(form, "close");
}

static int read_step(struct reader *r, const struct sexp *form, struct h2_step *s)
{
	if (sexp_is_form(form, "send"))
		return read_send(r, form, s);
	if (sexp_is_form(form, "close")) {
		*s = (struct h2_step){ .kind = STEP_CLOSE };
		return form->count == 1 ? 0 : FAIL(r, form, "(close) takes nothing");
	}
	const struct sexp *items[] = { form };
	const struct sexp list = {
		.kind = SEXP_LIST, .line = form->line, .column = form->column, .items = items, .count = 1
	};
	*s = (struct h2_step){ .kind = STEP_WAIT };
	return h2_script_time(r->doc, &list, "wait", &s->wait_ns, r->e);
}

int h2_script_read(const struct sexp_doc *doc, const struct sexp *form, struct h2_script *script, struct err *e)
{
	struct reader r = { doc, e, script };
	size_t pieces = 1, steps = 0;
	for (size_t i = 1; i < form->count; i++)
		if (is_step(form->items[i])) {
			pieces += form->items[i]->count;
			steps++;
		}
	if (steps == 0)
		return sexp_err(doc, form, e, "it has one (send ...) at least");
	script->pieces = calloc(pieces, sizeof(*script->pieces));
	script->steps = calloc(steps, sizeof(*script->steps));
	if (!script->pieces || !script->steps)
		return -ENOMEM;
	int rc = 0;
	for (size_t i = 1; rc == 0 && i < form->count; i++)
		if (is_step(form->items[i]))
			rc = read_step(&r, form->items[i], &script->steps[script->step_count++]);
	return rc;
}

void h2_script_deinit(struct h2_script *s)
{
	buf_deinit(&s->bytes);
	free(s->pieces);
	free(s->steps);
	*s = (struct h2_script){ 0 };
}

uint64_t h2_script_frames(const struct h2_script *s)
{
	uint64_t n = 0;
	for (size_t i = 0; i < s->step_count; i++)
		n += s->steps[i].kind == STEP_SEND ? s->steps[i].count * s->steps[i].times : 0;
	return n;
}

uint64_t h2_script_volume(const struct h2_script *s)
{
	uint64_t n = 0;
	for (size_t i = 0; i < s->step_count; i++)
		for (size_t p = 0; s->steps[i].kind == STEP_SEND && p < s->steps[i].count; p++)
			n += s->pieces[s->steps[i].first + p].len * s->steps[i].times;
	return n;
}

// ---- played -------------------------------------------------------------------------------------------------

static uint32_t stream_of(struct h2_player *p, enum h2_stream_rule rule)
{
	if (rule == STREAM_NEXT) {
		p->id = p->next_id;
		p->next_id += 2;
	}
	return p->id;
}

static void send_piece(struct h2_player *p, const struct h2_step *s, struct wire_out *out)
{
	const struct h2_piece *piece = &p->script->pieces[s->first + p->piece];
	const size_t at = out->bytes.len;
	buf_add(&out->bytes, p->script->bytes.data + piece->at, piece->len);
	if (out->bytes.failed)
		return;
	uint8_t *bytes = (uint8_t *)out->bytes.data + at;
	if (piece->rule != STREAM_FIXED)
		wire_put32(bytes + 5, stream_of(p, piece->rule));
	if (piece->id_at != 0)
		wire_put32(bytes + piece->id_at, p->id);
	p->frames++;
}

static void next_step(struct h2_player *p)
{
	p->piece = 0;
	p->round = 0;
	p->step++;
}

// One piece, or the wait behind a round.
static enum h2_played play_send(struct h2_player *p, const struct h2_step *s, struct wire_out *out)
{
	if (s->count > 0 && s->times > 0)
		send_piece(p, s, out);
	if (++p->piece < s->count)
		return H2_PLAYED;
	p->piece = 0;
	if (++p->round >= s->times)
		next_step(p);
	p->wait_ns = s->wait_ns;
	return s->wait_ns > 0 ? H2_WAITS : H2_PLAYED;
}

enum h2_played h2_player_next(struct h2_player *p, struct wire_out *out)
{
	if (p->step >= p->script->step_count)
		return H2_PLAYED_OUT;
	const struct h2_step *s = &p->script->steps[p->step];
	if (s->kind == STEP_SEND)
		return play_send(p, s, out);
	next_step(p);
	p->wait_ns = s->wait_ns;
	return s->kind == STEP_WAIT ? H2_WAITS : H2_CLOSES;
}
