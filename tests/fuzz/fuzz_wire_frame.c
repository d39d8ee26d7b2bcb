// The frame reader on any bytes: in whatever pieces they come, the frames are the same, and no content is lost.
#include "wire_frame.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// What was read: frames by their heads, and all payloads and contents in a row.
struct seen {
	struct buf heads, bytes;
	struct wire_fault fault;
};

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void take(struct seen *s, const struct wire_event *e)
{
	must(e->frame.length <= WIRE_MAX_FRAME && e->frame.stream <= WIRE_MAX_ID);
	must(e->kind == WIRE_WHOLE ? e->len == e->frame.length : e->len <= e->frame.length);
	if (e->kind == WIRE_WHOLE || e->last)
		buf_add(&s->heads, &e->frame, sizeof(e->frame));
	if (e->len > 0)
		buf_add(&s->bytes, e->bytes, e->len);
}

// `step` changes the size of the pieces; 0: all in one.
static void read_all(struct seen *s, const uint8_t *data, size_t size, unsigned step)
{
	struct h2_pool *pool = h2_pool_new();
	struct wire_reader r;
	struct wire_event e = { .kind = WIRE_MORE };
	unsigned state = step;
	must(pool != NULL);
	wire_reader_init(&r, pool);
	for (size_t at = 0; at < size && e.kind != WIRE_FAULT;) {
		state = state * 1103515245U + step;
		const size_t piece = step ? 1 + (state >> 16) % 23 : size, left = size - at;
		const size_t len = piece < left ? piece : left;
		const size_t n = wire_read(&r, data + at, len, &e);
		must(n <= len && (n > 0 || e.kind == WIRE_FAULT));
		at += n;
		if (e.kind == WIRE_WHOLE || e.kind == WIRE_CONTENT)
			take(s, &e);
	}
	s->fault = e.kind == WIRE_FAULT ? e.fault : (struct wire_fault){ 0 };
	wire_reader_deinit(&r);
	must(h2_pool_live(pool) == 0);
	h2_pool_free(pool);
}

// What has come of an unfinished DATA frame depends on the pieces: the shorter one must begin the longer one.
static bool agree(const struct buf *a, const struct buf *b)
{
	const size_t n = a->len < b->len ? a->len : b->len;
	return n == 0 || memcmp(a->data, b->data, n) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen whole = { 0 };
	read_all(&whole, data, size, 0);
	for (unsigned step = 1; step <= 5; step += 2) {
		struct seen pieces = { 0 };
		read_all(&pieces, data, size, step);
		must(pieces.fault.code == whole.fault.code && pieces.fault.why == whole.fault.why);
		must(pieces.heads.len == whole.heads.len && agree(&pieces.heads, &whole.heads));
		must(agree(&pieces.bytes, &whole.bytes) && pieces.bytes.len == whole.bytes.len);
		buf_deinit(&pieces.heads);
		buf_deinit(&pieces.bytes);
	}
	buf_deinit(&whole.heads);
	buf_deinit(&whole.bytes);
	return 0;
}
