// Reading and checking allocation traces.
#include "trace.h"

#include "io.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <zlib.h>

#include "trace_format.h"

#define FILE_MAX ((size_t)4 << 30)
#define ALIGN_MAX 30U

static uint32_t get_u32(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

// ---- the header -----------------------------------------------------------------------------------------------

static int read_header(const char *name, const uint8_t *data, size_t len, struct trace *t, size_t *blocks,
                       struct err *e)
{
	struct trace_cursor c;
	uint64_t lanes, slots, text;
	uint32_t header;

	if (len < TRACE_PREFIX || memcmp(data, SG_TRACE_MAGIC, 8) != 0)
		return err_set(e, EINVAL, "%s: is no allocation trace of this version; stressgen record makes one",
		               name);
	header = get_u32(data + 8);
	if (header > len - TRACE_PREFIX || crc32(0, data + TRACE_PREFIX, header) != get_u32(data + 12))
		return err_set(e, EINVAL, "%s: its header is damaged", name);
	c = (struct trace_cursor){ data + TRACE_PREFIX, data + TRACE_PREFIX + header, 0 };
	t->stopped = (trace_varint(&c) & 1U) != 0;
	lanes = trace_varint(&c);
	slots = trace_varint(&c);
	t->events = trace_varint(&c);
	t->lost = trace_varint(&c);
	t->unknown = trace_varint(&c);
	text = trace_varint(&c);
	if (lanes > SG_TRACE_LANES || slots > SG_TRACE_SLOTS || text >= sizeof t->program ||
	    text > (uint64_t)(c.end - c.at))
		return err_set(e, EINVAL, "%s: its header has impossible figures", name);
	memcpy(t->program, c.at, (size_t)text);
	t->lane_count = (uint32_t)lanes;
	t->slots = (uint32_t)slots;
	*blocks = TRACE_PREFIX + header;
	return 0;
}

// ---- blocks ---------------------------------------------------------------------------------------------------

struct block {
	uint32_t lane, raw, packed, crc;
	const uint8_t *bytes;
};

// 1: there is one; 0: the end; -EINVAL.
static int next_block(const char *name, const struct trace *t, const uint8_t *data, size_t len, size_t *at,
                      struct block *b, struct err *e)
{
	if (*at == len)
		return 0;
	if (len - *at < TRACE_BLOCK_HEAD)
		return err_set(e, EINVAL, "%s: is cut off", name);
	b->lane = get_u32(data + *at);
	b->raw = get_u32(data + *at + 4);
	b->packed = get_u32(data + *at + 8);
	b->crc = get_u32(data + *at + 12);
	b->bytes = data + *at + TRACE_BLOCK_HEAD;
	*at += TRACE_BLOCK_HEAD;
	if (b->lane >= t->lane_count || b->raw > SG_TRACE_BLOCK || b->raw == 0 || b->packed > len - *at)
		return err_set(e, EINVAL, "%s: is cut off, or a block has impossible figures", name);
	*at += b->packed;
	return 1;
}

static int unpack(const char *name, const struct block *b, uint8_t *to, struct err *e)
{
	uLongf n = b->raw;

	if (crc32(0, b->bytes, b->packed) != b->crc || uncompress(to, &n, b->bytes, b->packed) != Z_OK ||
	    n != b->raw)
		return err_set(e, EINVAL, "%s: a block is damaged", name);
	return 0;
}

// Where each lane's bytes are in the map, from the blocks' heads.
static int place_lanes(const char *name, const uint8_t *data, size_t len, size_t at, struct trace *t,
                       struct err *e)
{
	struct block b;
	size_t next = 0;
	int rc;

	while ((rc = next_block(name, t, data, len, &at, &b, e)) > 0)
		t->lanes[b.lane].len += b.raw;
	for (uint32_t i = 0; i < t->lane_count; i++)
		t->map_bytes += t->lanes[i].len;
	if (rc < 0 || t->map_bytes == 0)
		return rc;
	t->map = mmap(NULL, t->map_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (t->map == MAP_FAILED) {
		t->map = NULL;
		return err_set(e, ENOMEM, "%s: no memory for its %zu bytes", name, t->map_bytes);
	}
	for (uint32_t i = 0; i < t->lane_count; i++) {
		t->lanes[i].bytes = (uint8_t *)t->map + next;
		next += t->lanes[i].len;
		t->lanes[i].len = 0;
	}
	return 0;
}

static int read_blocks(const char *name, const uint8_t *data, size_t len, size_t at, struct trace *t,
                       struct err *e)
{
	struct block b;
	int rc = place_lanes(name, data, len, at, t, e);

	while (rc == 0 && (rc = next_block(name, t, data, len, &at, &b, e)) > 0) {
		struct trace_lane *l = &t->lanes[b.lane];
		size_t offset = (size_t)(l->bytes - (const uint8_t *)t->map) + l->len;

		rc = unpack(name, &b, (uint8_t *)t->map + offset, e);
		l->len += b.raw;
	}
	return rc;
}

// ---- checking -------------------------------------------------------------------------------------------------

struct slot_state {
	uint32_t generation;
	uint16_t lane; // that used it last
	bool live;
};

// What the event asks for now: 1 it can be performed, 0 it must wait, -1 it cannot be right.
static int judge(const struct trace *t, const struct trace_event *v, const struct slot_state *slots, uint32_t lane)
{
	const struct slot_state *s;

	if (v->op >= TRACE_OPS || v->slot >= t->slots || v->align > ALIGN_MAX)
		return -1;
	s = &slots[v->slot];
	if (v->waits && s->generation != v->generation)
		return 0;
	if (!v->waits && s->generation > 0 && s->lane != lane)
		return -1;
	return (v->op == TRACE_FREE || v->op == TRACE_RESIZE) == s->live ? 1 : -1;
}

struct walk {
	const struct trace *t;
	struct slot_state *slots;
	struct trace_cursor cursors[SG_TRACE_LANES];
	uint64_t events;
};

// Performs what the lane can do now. The number of its events, or -1.
static int64_t walk_lane(struct walk *w, uint32_t lane)
{
	struct trace_cursor *c = &w->cursors[lane];
	struct trace_event v;
	int64_t done = 0;

	for (;;) {
		struct trace_cursor before = *c;
		int verdict;

		if (!trace_next(c, &v))
			return done;
		verdict = judge(w->t, &v, w->slots, lane);
		if (verdict < 0)
			return -1;
		if (verdict == 0) {
			*c = before;
			return done;
		}
		w->slots[v.slot] =
		        (struct slot_state){ w->slots[v.slot].generation + 1, (uint16_t)lane, v.op != TRACE_FREE };
		done++;
	}
}

static int check(const char *name, struct walk *w, struct err *e)
{
	const struct trace *t = w->t;
	bool over = false;

	for (uint32_t i = 0; i < t->lane_count; i++)
		w->cursors[i] = trace_begin(t, i);
	while (!over) {
		int64_t moved = 0;

		over = true;
		for (uint32_t i = 0; i < t->lane_count; i++) {
			int64_t done = walk_lane(w, i);

			if (done < 0)
				return err_set(e, EINVAL, "%s: lane %u uses a block that it cannot have", name, i);
			moved += done;
			over = over && w->cursors[i].at == w->cursors[i].end;
		}
		w->events += (uint64_t)moved;
		if (!over && moved == 0)
			return err_set(e, EINVAL, "%s: its lanes wait for each other for ever", name);
	}
	if (w->events != t->events)
		return err_set(e, EINVAL, "%s: has %llu events, its header says %llu", name,
		               (unsigned long long)w->events, (unsigned long long)t->events);
	return 0;
}

static int check_trace(const char *name, const struct trace *t, struct err *e)
{
	struct walk *w = calloc(1, sizeof *w);
	int rc = -ENOMEM;

	// an event is a slot's first at most once, so a header cannot ask for more memory than the file has bytes
	// for
	if (t->slots > t->events || t->events > t->map_bytes)
		rc = err_set(e, EINVAL, "%s: its header has impossible figures", name);
	else if (w == NULL || (w->slots = calloc(t->slots + 1U, sizeof *w->slots)) == NULL)
		rc = err_set(e, ENOMEM, "%s: out of memory", name);
	else {
		w->t = t;
		rc = check(name, w, e);
	}
	free(w != NULL ? w->slots : NULL);
	free(w);
	return rc;
}

int trace_parse(const char *name, const uint8_t *data, size_t len, struct trace *t, struct err *e)
{
	size_t blocks = 0;
	int rc;

	*t = (struct trace){ 0 };
	rc = read_header(name, data, len, t, &blocks, e);
	if (rc == 0)
		rc = read_blocks(name, data, len, blocks, t, e);
	return rc < 0 ? rc : check_trace(name, t, e);
}

int trace_load(const char *path, struct trace *t, struct err *e)
{
	struct buf file = { 0 };
	int rc = io_read_file(path, FILE_MAX, &file, e);

	*t = (struct trace){ 0 };
	if (rc >= 0)
		rc = trace_parse(path, (const uint8_t *)buf_text(&file), file.len, t, e);
	buf_deinit(&file);
	return rc;
}

void trace_deinit(struct trace *t)
{
	if (t->map != NULL)
		munmap(t->map, t->map_bytes);
	*t = (struct trace){ 0 };
}
