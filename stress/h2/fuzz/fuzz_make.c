// Right conversations: what a client may say, in any order that the rules allow.
#include "fuzz_parts.h"

#include "wire_frame.h"

#include <stdio.h>
#include <string.h>

#define MOST_STEPS 10U

struct maker {
	struct fuzz_case *c;
	struct rng *r;
	nghttp2_hd_deflater *deflater;
	uint32_t next_id;
};

static uint64_t below(struct maker *m, uint64_t n)
{
	return rng_below(m->r, n);
}

static void add(struct fuzz_frame *f, const void *bytes, size_t len)
{
	if (!f)
		return;
	buf_add(&f->bytes, bytes, len);
	fuzz_set_length(f);
}

static void add_u32(struct fuzz_frame *f, uint32_t n)
{
	uint8_t bytes[4];
	wire_put32(bytes, n);
	add(f, bytes, sizeof(bytes));
}

// ---- header blocks ------------------------------------------------------------------------------------------

static nghttp2_nv pair(const char *name, const char *value)
{
	return (nghttp2_nv){ .name = (uint8_t *)(uintptr_t)name,
		             .value = (uint8_t *)(uintptr_t)value,
		             .namelen = strlen(name),
		             .valuelen = strlen(value) };
}

// A request's fields, or those of trailers where `method` is NULL.
static size_t encode(struct maker *m, const char *method, uint8_t *to, size_t room)
{
	static const char *const paths[] = { "/", "/bytes/100", "/bytes/20000", "/reflect/a?b=c", "/delay/1ms" };
	static const char *const names[] = { "accept", "cookie", "x-a", "user-agent", "x-long-name-of-a-field" };
	static const char *const values[] = { "*/*", "a=b; c=d", "", "stressgen",
		                              "a longer value, so that not every field is a few bytes only" };
	nghttp2_nv fields[12];
	size_t n = 0;
	if (method) {
		fields[n++] = pair(":method", method);
		fields[n++] = pair(":scheme", "http");
		fields[n++] = pair(":path", paths[below(m, 5)]);
		fields[n++] = pair(":authority", "localhost");
	}
	for (uint64_t more = below(m, 8); more > 0; more--)
		fields[n++] = pair(names[below(m, 5)], values[below(m, 5)]);
	const ssize_t len = nghttp2_hd_deflate_hd(m->deflater, to, room, fields, n);
	return len < 0 ? 0 : (size_t)len;
}

// What PRIORITY says of a stream (RFC 7540, 6.3): another one or none, for itself alone or not, and a weight.
static void add_dependency(struct maker *m, struct fuzz_frame *f, uint32_t id)
{
	const uint32_t on = below(m, 4) ? (uint32_t)(1 + 2 * below(m, m->next_id / 2 + 2)) : 0;
	const uint32_t exclusive = below(m, 2) ? 0x80000000 : 0;
	add_u32(f, (on == id ? 0 : on) | exclusive);
	add(f, &(uint8_t){ (uint8_t)below(m, 256) }, 1);
}

// HEADERS, sometimes with padding, priority, and in pieces.
static uint32_t add_headers(struct maker *m, const char *method, bool end)
{
	uint8_t block[2048], flags = end ? NGHTTP2_FLAG_END_STREAM : 0;
	const uint8_t zeros[8] = { 0 };
	size_t len = encode(m, method, block, sizeof(block));
	const bool in_pieces = len > 2 && below(m, 4) == 0, padded = below(m, 6) == 0, depends = below(m, 6) == 0;
	const size_t first = in_pieces ? 1 + below(m, len - 1) : len;
	const uint32_t id = m->next_id;
	m->next_id += 2;
	flags = (uint8_t)(flags | (in_pieces ? 0 : NGHTTP2_FLAG_END_HEADERS) | (padded ? NGHTTP2_FLAG_PADDED : 0) |
	                  (depends ? NGHTTP2_FLAG_PRIORITY : 0));
	struct fuzz_frame *f = fuzz_add_frame(m->c, NGHTTP2_HEADERS, flags, id);
	if (padded)
		add(f, &(uint8_t){ sizeof(zeros) }, 1);
	if (depends)
		add_dependency(m, f, id);
	add(f, block, first);
	if (padded)
		add(f, zeros, sizeof(zeros));
	if (in_pieces)
		add(fuzz_add_frame(m->c, NGHTTP2_CONTINUATION, NGHTTP2_FLAG_END_HEADERS, id), block + first,
		    len - first);
	return id;
}

// ---- steps --------------------------------------------------------------------------------------------------

static void add_upload(struct maker *m)
{
	static const uint8_t body[600] = "a body, and zeros behind it";
	const uint32_t id = add_headers(m, "POST", false);
	const bool trailers = below(m, 4) == 0;
	for (uint64_t pieces = 1 + below(m, 4); pieces > 0; pieces--)
		add(fuzz_add_frame(m->c, NGHTTP2_DATA, pieces == 1 && !trailers ? NGHTTP2_FLAG_END_STREAM : 0, id),
		    body, below(m, sizeof(body)));
	if (trailers) {
		uint8_t block[2048];
		const size_t len = encode(m, NULL, block, sizeof(block));
		add(fuzz_add_frame(m->c, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM | NGHTTP2_FLAG_END_HEADERS, id),
		    block, len);
	}
}

static void add_settings(struct maker *m)
{
	static const struct {
		uint16_t id;
		uint32_t values[4];
	} rows[] = {
		{ NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, { 0, 1, 4096, 65536 } },
		{ NGHTTP2_SETTINGS_ENABLE_PUSH, { 0, 1, 0, 1 } },
		{ NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, { 0, 1, 100, UINT32_MAX } },
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, { 0, 1, 65535, INT32_MAX } },
		{ NGHTTP2_SETTINGS_MAX_FRAME_SIZE, { 16384, 16385, 65536, 16777215 } },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, { 0, 1, 65536, UINT32_MAX } },
	};
	struct fuzz_frame *f = fuzz_add_frame(m->c, NGHTTP2_SETTINGS, 0, 0);
	for (uint64_t n = below(m, 4); n > 0; n--) {
		const size_t row = below(m, sizeof(rows) / sizeof(rows[0]));
		add(f, &(uint8_t[]){ 0, (uint8_t)rows[row].id }, 2);
		add_u32(f, rows[row].values[below(m, 4)]);
	}
}

// A stream that was begun, or the connection before there is one.
static uint32_t known_stream(struct maker *m)
{
	return m->next_id == 1 ? 0 : (uint32_t)(1 + 2 * below(m, (m->next_id - 1) / 2));
}

static void add_window(struct maker *m)
{
	const uint32_t id = below(m, 2) ? 0 : known_stream(m);
	add_u32(fuzz_add_frame(m->c, NGHTTP2_WINDOW_UPDATE, 0, id), (uint32_t)(1 + below(m, 100000)));
}

static void add_priority(struct maker *m)
{
	const uint32_t id = (uint32_t)(1 + 2 * below(m, m->next_id / 2 + 2));
	add_dependency(m, fuzz_add_frame(m->c, NGHTTP2_PRIORITY, 0, id), id);
}

static void add_step(struct maker *m)
{
	switch (below(m, 12)) {
	case 0:
		add(fuzz_add_frame(m->c, NGHTTP2_PING, 0, 0), "stressgn", 8);
		break;
	case 1:
		add_settings(m);
		break;
	case 2:
		add_window(m);
		break;
	case 3:
		add_priority(m);
		break;
	case 4:
		if (known_stream(m))
			add_u32(fuzz_add_frame(m->c, NGHTTP2_RST_STREAM, 0, known_stream(m)), NGHTTP2_CANCEL);
		break;
	case 5:
		add(fuzz_add_frame(m->c, (uint8_t)(10 + below(m, 246)), (uint8_t)below(m, 256), 0), "?", 1);
		break;
	case 6:
	case 7:
		add_upload(m);
		break;
	default:
		add_headers(m, below(m, 5) ? "GET" : "HEAD", true);
	}
}

void fuzz_make_conversation(struct fuzz_case *c, struct rng *r)
{
	struct maker m = { .c = c, .r = r, .next_id = 1 };
	if (nghttp2_hd_deflate_new(&m.deflater, NGHTTP2_DEFAULT_HEADER_TABLE_SIZE) != 0)
		return;
	for (uint64_t steps = 1 + below(&m, MOST_STEPS); steps > 0; steps--)
		add_step(&m);
	if (c->count == 0)
		add_headers(&m, "GET", true);
	nghttp2_hd_deflate_del(m.deflater);
}
