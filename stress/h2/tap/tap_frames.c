// Frames as lines of text. Nothing is refused: what is no frame, and no HPACK, is to be seen as what it is.
#include "tap_parts.h"

#include "wire_frame.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TEXT_A_FRAME 4096U // of decoded fields; the rest is counted

// ---- words --------------------------------------------------------------------------------------------------

static void add_flag(struct buf *out, const char *name, bool *any)
{
	buf_addf(out, "%s%s", *any ? "|" : " ", name);
	*any = true;
}

static void add_flags(uint8_t type, uint8_t flags, struct buf *out)
{
	static const struct {
		uint16_t types; // bit by type
		uint8_t bit;
		const char *name;
	} rows[] = {
		{ 1 << 0 | 1 << 1, 1, "END_STREAM" },
		{ 1 << 4 | 1 << 6, 1, "ACK" },
		{ 1 << 1 | 1 << 5 | 1 << 9, 4, "END_HEADERS" },
		{ 1 << 0 | 1 << 1 | 1 << 5, 8, "PADDED" },
		{ 1 << 1, 32, "PRIORITY" },
	};
	bool any = false;
	char rest[16];
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (type < 16 && rows[i].types >> type & 1 && flags & rows[i].bit) {
			add_flag(out, rows[i].name, &any);
			flags = (uint8_t)(flags & ~rows[i].bit);
		}
	if (flags == 0)
		return;
	snprintf(rest, sizeof(rest), "0x%02x", flags);
	add_flag(out, rest, &any);
}

static void add_text(struct buf *out, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf_addf(out, isprint(bytes[i]) && bytes[i] != '"' && bytes[i] != '\\' ? "%c" : "\\x%02x",
		         bytes[i]);
}

static void add_code(struct buf *out, uint32_t code)
{
	const char *name = nghttp2_http2_strerror(code);
	if (strcmp(name, "unknown") == 0)
		buf_addf(out, " code %" PRIu32, code);
	else
		buf_addf(out, " %s", name);
}

static void add_settings(const uint8_t *bytes, size_t len, struct buf *out)
{
	static const char *const names[] = { NULL,
		                             "HEADER_TABLE_SIZE",
		                             "ENABLE_PUSH",
		                             "MAX_CONCURRENT_STREAMS",
		                             "INITIAL_WINDOW_SIZE",
		                             "MAX_FRAME_SIZE",
		                             "MAX_HEADER_LIST_SIZE" };
	const size_t room = out->len + TEXT_A_FRAME;
	size_t i = 0;
	for (; i + 6 <= len && out->len < room; i += 6) {
		const unsigned id = (unsigned)bytes[i] << 8 | bytes[i + 1];
		if (id < sizeof(names) / sizeof(names[0]) && names[id])
			buf_addf(out, " %s=%" PRIu32, names[id], wire_get32(bytes + i + 2));
		else
			buf_addf(out, " %u=%" PRIu32, id, wire_get32(bytes + i + 2));
	}
	if (i + 6 <= len)
		buf_addf(out, " ... and %zu more", (len - i) / 6);
}

// ---- header blocks ------------------------------------------------------------------------------------------

static void add_field(const nghttp2_nv *nv, struct buf *out)
{
	buf_addc(out, ' ');
	add_text(out, nv->name, nv->namelen);
	buf_adds(out, "=\"");
	add_text(out, nv->value, nv->valuelen);
	buf_addc(out, '"');
}

static void break_hpack(struct tap_frames *f, int code, struct buf *out)
{
	f->undecodable = true;
	buf_addf(out, " HPACK: %s", nghttp2_strerror(code));
}

static void add_block(struct tap_frames *f, const uint8_t *bytes, size_t len, bool last, struct buf *out)
{
	const size_t room = out->len + TEXT_A_FRAME;
	uint64_t more = 0, more_bytes = 0;
	if (!f->undecodable && !f->inflater && nghttp2_hd_inflate_new(&f->inflater) != 0)
		f->undecodable = true;
	if (f->undecodable) {
		buf_addf(out, " %zu bytes of HPACK, not decoded", len);
		return;
	}
	for (;;) {
		nghttp2_nv nv;
		int what = 0;
		const ssize_t n = nghttp2_hd_inflate_hd2(f->inflater, &nv, &what, bytes, len, last);
		if (n < 0) {
			break_hpack(f, (int)n, out);
			break;
		}
		bytes += n;
		len -= (size_t)n;
		if (what & NGHTTP2_HD_INFLATE_EMIT && out->len < room && nv.namelen + nv.valuelen < TEXT_A_FRAME) {
			add_field(&nv, out);
		} else if (what & NGHTTP2_HD_INFLATE_EMIT) {
			more++;
			more_bytes += nv.namelen + nv.valuelen;
		}
		if (what & NGHTTP2_HD_INFLATE_FINAL) {
			nghttp2_hd_inflate_end_headers(f->inflater);
			break;
		}
		if (!(what & NGHTTP2_HD_INFLATE_EMIT) && len == 0)
			break;
	}
	if (more > 0)
		buf_addf(out, " ... and %" PRIu64 " more fields of %" PRIu64 " bytes", more, more_bytes);
}

static void add_headers(struct tap_frames *f, const struct wire_frame *frame, const uint8_t *bytes, size_t len,
                        struct buf *out)
{
	if (frame->type == NGHTTP2_HEADERS && frame->flags & NGHTTP2_FLAG_PRIORITY) {
		const size_t at = frame->flags & NGHTTP2_FLAG_PADDED ? 1 : 0;
		if (len >= at + 5)
			buf_addf(out, " behind %" PRIu32 " weight %u", wire_get32(bytes + at) & WIRE_MAX_ID,
			         bytes[at + 4] + 1U);
	}
	if (frame->type != NGHTTP2_CONTINUATION) {
		const struct wire_fault fault = wire_strip_headers(frame, &bytes, &len);
		if (fault.why) {
			buf_addf(out, " wrong: %s", fault.why);
			f->undecodable = true;
			return;
		}
	}
	if (frame->type == NGHTTP2_PUSH_PROMISE && len >= 4) {
		buf_addf(out, " promises %" PRIu32, wire_get32(bytes) & WIRE_MAX_ID);
		bytes += 4;
		len -= 4;
	}
	add_block(f, bytes, len, frame->flags & NGHTTP2_FLAG_END_HEADERS, out);
}

// ---- frames -------------------------------------------------------------------------------------------------

// A larger table than before: the other side may use it from now on.
static void follow_settings(struct tap_frames *other, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i + 6 <= len; i += 6) {
		const uint32_t value = wire_get32(bytes + i + 2);
		if (bytes[i] != 0 || bytes[i + 1] != NGHTTP2_SETTINGS_HEADER_TABLE_SIZE ||
		    value <= NGHTTP2_DEFAULT_HEADER_TABLE_SIZE || value <= other->table_size || other->undecodable)
			continue;
		if (!other->inflater && nghttp2_hd_inflate_new(&other->inflater) != 0)
			return;
		other->table_size = value;
		nghttp2_hd_inflate_change_table_size(other->inflater, value);
	}
}

static void add_payload(struct tap_frames *f, struct tap_frames *other, const struct wire_frame *frame,
                        struct buf *out)
{
	const uint8_t *bytes = (const uint8_t *)buf_text(&f->payload);
	const size_t len = f->payload.len;
	if (frame->type != NGHTTP2_DATA && f->payload.failed) {
		buf_adds(out, " (not decoded: out of memory)");
		f->undecodable = true;
	} else if (frame->type == NGHTTP2_HEADERS || frame->type == NGHTTP2_PUSH_PROMISE ||
	           frame->type == NGHTTP2_CONTINUATION) {
		add_headers(f, frame, bytes, len, out);
	} else if (frame->type == NGHTTP2_SETTINGS) {
		add_settings(bytes, len, out);
		follow_settings(other, bytes, len);
	} else if (frame->type == NGHTTP2_PRIORITY && len == 5) {
		buf_addf(out, " behind %" PRIu32 " weight %u", wire_get32(bytes) & WIRE_MAX_ID, bytes[4] + 1U);
	} else if (frame->type == NGHTTP2_RST_STREAM && len == 4) {
		add_code(out, wire_get32(bytes));
	} else if (frame->type == NGHTTP2_WINDOW_UPDATE && len == 4) {
		buf_addf(out, " +%" PRIu32, wire_get32(bytes) & WIRE_MAX_ID);
	} else if (frame->type == NGHTTP2_GOAWAY && len >= 8) {
		buf_addf(out, " last %" PRIu32, wire_get32(bytes) & WIRE_MAX_ID);
		add_code(out, wire_get32(bytes + 4));
		buf_adds(out, len > 8 ? " \"" : "");
		add_text(out, bytes + 8, len - 8 < 256 ? len - 8 : 256);
		buf_adds(out, len > 8 ? "\"" : "");
	} else if (frame->type == NGHTTP2_PING && len == 8) {
		buf_adds(out, " \"");
		add_text(out, bytes, len);
		buf_addc(out, '"');
	}
}

static struct wire_frame frame_of(const struct tap_frames *f)
{
	return (struct wire_frame){ .length = f->length,
		                    .stream = wire_get32(f->head + 5) & WIRE_MAX_ID,
		                    .type = f->head[3],
		                    .flags = f->head[4] };
}

// "PREFIX HEADERS stream 1 length 12 END_STREAM", as far as the head tells.
static void add_head(const struct wire_frame *frame, const char *prefix, struct buf *out)
{
	if (frame->type <= NGHTTP2_CONTINUATION)
		buf_addf(out, "%s %s", prefix, wire_type_name(frame->type));
	else
		buf_addf(out, "%s type-0x%02x", prefix, frame->type);
	buf_addf(out, " stream %" PRIu32 " length %" PRIu32, frame->stream, frame->length);
	add_flags(frame->type, frame->flags, out);
}

static void tell(struct tap_frames *f, struct tap_frames *other, const char *prefix, struct buf *out)
{
	const struct wire_frame frame = frame_of(f);
	add_head(&frame, prefix, out);
	add_payload(f, other, &frame, out);
	buf_addc(out, '\n');
	buf_clear(&f->payload);
	f->in_payload = false;
	f->head_len = 0;
}

// The preface's bytes; a direction that does not begin with it goes on as frames from its first byte.
static size_t take_preface(struct tap_frames *f, const char *prefix, const uint8_t *bytes, size_t len,
                           struct buf *out)
{
	size_t n = 0;
	while (n < len && f->preface_due) {
		if (bytes[n] != (uint8_t)WIRE_PREFACE[f->preface_len]) {
			if (f->preface_len > 0)
				buf_addf(out, "%s preface, wrong from byte %u on\n", prefix, f->preface_len);
			f->preface_due = false;
			break;
		}
		n++;
		if (++f->preface_len < WIRE_PREFACE_BYTES)
			continue;
		buf_addf(out, "%s preface\n", prefix);
		f->preface_due = false;
	}
	return n;
}

static size_t take_payload(struct tap_frames *f, const uint8_t *bytes, size_t len)
{
	const size_t left = f->length - f->seen, n = len < left ? len : left;
	if (f->head[3] != NGHTTP2_DATA && n > 0)
		buf_add(&f->payload, bytes, n);
	f->seen += (uint32_t)n;
	return n;
}

void tap_frames_take(struct tap_frames *f, struct tap_frames *other, const char *prefix, const uint8_t *bytes,
                     size_t len, struct buf *out)
{
	size_t used = take_preface(f, prefix, bytes, len, out);
	while (used < len) {
		if (!f->in_payload) {
			f->head[f->head_len++] = bytes[used++];
			if (f->head_len < WIRE_HEAD)
				continue;
			f->in_payload = true;
			f->length = wire_get32(f->head) >> 8;
			f->seen = 0;
		}
		used += take_payload(f, bytes + used, len - used);
		if (f->seen == f->length)
			tell(f, other, prefix, out);
	}
}

void tap_frames_rest(const struct tap_frames *f, const char *prefix, struct buf *out)
{
	if (f->preface_due && f->preface_len > 0)
		buf_addf(out, "%s preface, cut off after %u bytes\n", prefix, f->preface_len);
	if (f->in_payload) {
		const struct wire_frame frame = frame_of(f);
		add_head(&frame, prefix, out);
		buf_addf(out, " cut off after %" PRIu32 " bytes\n", f->seen);
	} else if (f->head_len > 0) {
		buf_addf(out, "%s %u bytes of a frame's head, cut off\n", prefix, f->head_len);
	}
}

void tap_frames_deinit(struct tap_frames *f)
{
	buf_deinit(&f->payload);
	if (f->inflater)
		nghttp2_hd_inflate_del(f->inflater);
	*f = (struct tap_frames){ 0 };
}
