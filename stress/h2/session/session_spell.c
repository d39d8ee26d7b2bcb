// The session engine of the server: answers that are given again, spelled once. A field section that only refers
// to HPACK's tables means the same as long as no other one changes them, so its bytes are sent again verbatim.
// nghttp2 is only given the status of such an answer, and what it makes of that tells whether anything has come in
// between: then its bytes stand, with the other fields behind them as literals, which need no table.
#include "session_server.h"

#include <string.h>

#define SHORT_BYTES 32U     // nghttp2's status, and new sizes of the table in front of it
#define LITERAL_BYTES 1024U // the other fields, where they are to be written out
#define FRAME_BYTES (WIRE_HEAD + SHORT_BYTES + LITERAL_BYTES)
_Static_assert(SESSION_SPELLED <= SHORT_BYTES + LITERAL_BYTES, "one buffer for both");

// ---- literals (RFC 7541, 5.1, 5.2 and 6.2.2) ----------------------------------------------------------------

static size_t string_bytes(size_t len)
{
	return len + (len < 127 ? 1 : len < 127 + 128 ? 2 : 3); // of less than 16 KiB
}

static uint8_t *put_string(uint8_t *to, const uint8_t *text, size_t len)
{
	size_t rest = len < 127 ? len : 127;
	*to++ = (uint8_t)rest;
	if (rest == 127) {
		for (rest = len - 127; rest >= 128; rest >>= 7)
			*to++ = (uint8_t)(rest | 128);
		*to++ = (uint8_t)rest;
	}
	memcpy(to, text, len);
	return to + len;
}

// All but the status, which comes first.
static size_t literal_bytes(const struct session_memo *m)
{
	size_t n = 0;
	for (size_t i = 1; i < m->count && n <= LITERAL_BYTES; i++)
		n += 1 + string_bytes(m->nv[i].namelen) + string_bytes(m->nv[i].valuelen);
	return n;
}

static uint8_t *put_literals(uint8_t *to, const struct session_memo *m)
{
	for (size_t i = 1; i < m->count; i++) {
		*to++ = 0; // not indexed, with a new name
		to = put_string(to, m->nv[i].name, m->nv[i].namelen);
		to = put_string(to, m->nv[i].value, m->nv[i].valuelen);
	}
	return to;
}

// ---- spelling -----------------------------------------------------------------------------------------------

bool session_is_spelled(const struct h2_session *s, const struct session_memo *m)
{
	return m->spelled_len > 0 && m->table == s->table;
}

static void learn(const struct h2_session *s, struct session_memo *m, const uint8_t *block, size_t len)
{
	if (len > sizeof(m->spelled) || literal_bytes(m) > LITERAL_BYTES)
		return;
	memcpy(m->spelled, block, len);
	m->spelled_len = (uint32_t)len;
	m->table = s->table;
}

// The frame of the memo's answer, in the place of `frame`, which has its status alone. NULL without memory.
static const uint8_t *spell(struct h2_session *s, const struct session_memo *m, const uint8_t *frame, size_t *len,
                            bool is_same_table)
{
	if (!s->frame)
		s->frame = h2_pool_take(s->shared->pool, FRAME_BYTES);
	if (!s->frame || *len > WIRE_HEAD + SHORT_BYTES)
		return NULL;
	uint8_t *end = s->frame + WIRE_HEAD;
	if (is_same_table) {
		memcpy(end, m->spelled, m->spelled_len);
		end += m->spelled_len;
	} else {
		memcpy(end, frame + WIRE_HEAD, *len - WIRE_HEAD);
		end = put_literals(end + *len - WIRE_HEAD, m);
	}
	*len = (size_t)(end - s->frame);
	wire_put_head(s->frame, *len - WIRE_HEAD, frame[3], frame[4], wire_get32(frame + 5));
	return s->frame;
}

const uint8_t *session_spell(void *arg, const uint8_t *frame, size_t *len)
{
	struct h2_session *s = arg;
	if (frame[3] != NGHTTP2_HEADERS && frame[3] != NGHTTP2_CONTINUATION)
		return frame;
	const bool whole = frame[3] == NGHTTP2_HEADERS && (frame[4] & NGHTTP2_FLAG_END_HEADERS);
	const bool changes = !whole || wire_block_changes_table(frame + WIRE_HEAD, *len - WIRE_HEAD);
	struct session_memo *m = s->sent;
	s->table += changes;
	if (!m)
		return frame;
	s->sent = NULL;
	if (s->sent_short)
		frame = spell(s, m, frame, len, session_is_spelled(s, m));
	else if (!changes)
		learn(s, m, frame + WIRE_HEAD, *len - WIRE_HEAD);
	session_release(s, m);
	return frame;
}

void session_note_sent(struct h2_session *s, const struct request *r)
{
	session_release(s, s->sent);
	s->sent = r ? r->memo : NULL;
	s->sent_short = r && r->is_short;
	if (s->sent)
		s->sent->references++;
}
