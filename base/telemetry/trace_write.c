// Writing allocation traces.
#include "io.h"
#include "trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "trace_format.h"

#define EVENT_MAX 40U

static void put_u32(uint8_t *at, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(v >> 8U * i);
}

static void end_block(struct trace_writer *w, uint32_t lane)
{
	struct buf *raw = &w->lanes[lane].raw;
	uLongf packed = compressBound(raw->len);
	uint8_t *bytes = malloc(TRACE_BLOCK_HEAD + packed);

	if (bytes == NULL || raw->failed ||
	    compress(bytes + TRACE_BLOCK_HEAD, &packed, (const uint8_t *)buf_text(raw), raw->len) != Z_OK) {
		w->failed = true;
	} else {
		put_u32(bytes, lane);
		put_u32(bytes + 4, (uint32_t)raw->len);
		put_u32(bytes + 8, (uint32_t)packed);
		put_u32(bytes + 12, (uint32_t)crc32(0, bytes + TRACE_BLOCK_HEAD, (uInt)packed));
		buf_add(&w->out, bytes, TRACE_BLOCK_HEAD + packed);
	}
	free(bytes);
	buf_clear(raw);
}

void trace_write(struct trace_writer *w, uint32_t lane, const struct trace_event *v)
{
	const int64_t delta = (int64_t)v->slot - (int64_t)w->lanes[lane].slot;
	uint8_t bytes[EVENT_MAX];
	size_t n = 0;

	bytes[n++] = (uint8_t)(v->op | (v->waits ? 8U : 0U));
	n += trace_put_varint(bytes + n, (uint64_t)delta << 1 ^ (uint64_t)(delta >> 63));
	if (v->waits)
		n += trace_put_varint(bytes + n, v->generation);
	if (v->op == TRACE_ALIGNED)
		bytes[n++] = v->align;
	if (v->op != TRACE_FREE)
		n += trace_put_varint(bytes + n, v->bytes);
	w->lanes[lane].slot = v->slot;
	if (w->lanes[lane].raw.len + n > SG_TRACE_BLOCK)
		end_block(w, lane);
	buf_add(&w->lanes[lane].raw, bytes, n);
	w->facts.events++;
	w->facts.lane_count = lane >= w->facts.lane_count ? lane + 1 : w->facts.lane_count;
	w->facts.slots = v->slot >= w->facts.slots ? v->slot + 1 : w->facts.slots;
}

static void add_header(const struct trace *t, struct buf *out)
{
	const uint64_t values[] = { t->stopped, t->lane_count, t->slots,          t->events,
		                    t->lost,    t->unknown,    strlen(t->program) };
	uint8_t bytes[TRACE_PREFIX + 10 * sizeof values / sizeof values[0] + sizeof t->program];
	size_t n = TRACE_PREFIX;

	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
		n += trace_put_varint(bytes + n, values[i]);
	memcpy(bytes + n, t->program, strlen(t->program));
	n += strlen(t->program);
	memcpy(bytes, SG_TRACE_MAGIC, 8);
	put_u32(bytes + 8, (uint32_t)(n - TRACE_PREFIX));
	put_u32(bytes + 12, (uint32_t)crc32(0, bytes + TRACE_PREFIX, (uInt)(n - TRACE_PREFIX)));
	buf_add(out, bytes, n);
}

int trace_writer_end(struct trace_writer *w, const char *path, struct err *e)
{
	struct buf file = { 0 };
	int rc;

	for (uint32_t i = 0; i < w->facts.lane_count; i++)
		if (w->lanes[i].raw.len > 0)
			end_block(w, i);
	add_header(&w->facts, &file);
	buf_add(&file, buf_text(&w->out), w->out.len);
	rc = w->failed || w->out.failed || file.failed ? err_set(e, ENOMEM, "%s: out of memory", path)
	                                               : io_replace_file(path, file.data, file.len, e);
	buf_deinit(&file);
	return rc;
}

void trace_writer_deinit(struct trace_writer *w)
{
	for (uint32_t i = 0; i < SG_TRACE_LANES; i++)
		buf_deinit(&w->lanes[i].raw);
	buf_deinit(&w->out);
}
