// Allocation traces: what a program asked of its malloc, thread by thread, to be performed again (docs/formats.md,
// "Allocation traces").
#ifndef SG_TRACE_H
#define SG_TRACE_H

#include "buf.h"
#include "err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SG_TRACE_MAGIC "SGTRACE1"
#define SG_TRACE_LANES 256U
#define SG_TRACE_SLOTS (UINT32_C(1) << 28)
#define SG_TRACE_BLOCK (256U * 1024U) // of one lane's events, before compression

enum trace_op { TRACE_MALLOC, TRACE_CALLOC, TRACE_ALIGNED, TRACE_RESIZE, TRACE_FREE, TRACE_OPS };

// One call. Blocks are named by the slot of a table that they lie in from the call that takes them to the one that
// gives them back.
struct trace_event {
	enum trace_op op;
	uint32_t slot;
	// What was done to the slot last was done by another lane: this call must wait until so many calls have
	// been made to it (modulo 2^32).
	bool waits;
	uint32_t generation;
	uint64_t bytes; // as asked for; of TRACE_FREE 0
	uint8_t align;  // of TRACE_ALIGNED: its binary logarithm
};

struct trace_lane { // one thread, or several one after another
	const uint8_t *bytes;
	size_t len;
};

struct trace {
	char program[64];
	bool stopped;     // it reached its limit, and the program went on
	uint64_t lost;    // calls that could not be recorded
	uint64_t unknown; // blocks given back that were taken before the recording began
	uint64_t events;
	uint64_t peak_bytes; // as trace_bytes has them, live at once when a lane goes on as far as it can
	uint32_t slots;
	uint32_t lane_count;
	struct trace_lane lanes[SG_TRACE_LANES];
	void *map; // the lanes' bytes
	size_t map_bytes;
};

// Reads and checks a trace: every event can be decoded, every block is taken before it is given back, no two lanes
// race for one, and no lanes wait for each other for ever; it may take half of the machine's memory. -EINVAL with
// the reason in `e`, -ENOMEM, or why the file cannot be read. trace_deinit in every case.
int trace_load(const char *path, struct trace *t, struct err *e);
int trace_parse(const char *name, const uint8_t *data, size_t len, struct trace *t, struct err *e);
void trace_deinit(struct trace *t);

// What an event's block has when it is performed: at least 1 byte where another would be given back by a realloc
// to 0, and at most what 32 bits say. Of TRACE_FREE 0.
static inline size_t trace_bytes(const struct trace_event *v)
{
	if (v->op == TRACE_RESIZE && v->bytes == 0)
		return 1;
	return v->bytes < UINT32_MAX ? (size_t)v->bytes : UINT32_MAX;
}

// Whether a trace that was read has calls, and blocks for which so much memory is enough. 0, or -EINVAL with the
// reason in `e`.
int trace_performable(const char *name, const struct trace *t, uint64_t memory_bytes, struct err *e);
uint64_t trace_memory(void); // the machine's, in bytes; UINT64_MAX: not known

// Goes through a lane's events.
struct trace_cursor {
	const uint8_t *at, *end;
	uint32_t slot;
};

static inline struct trace_cursor trace_begin(const struct trace *t, uint32_t lane)
{
	const struct trace_lane *l = &t->lanes[lane];

	return (struct trace_cursor){ l->bytes, l->len > 0 ? l->bytes + l->len : l->bytes, 0 };
}

static inline uint64_t trace_varint(struct trace_cursor *c)
{
	uint64_t value = 0;
	uint8_t byte = 0x80;

	for (unsigned shift = 0; (byte & 0x80U) != 0 && c->at < c->end && shift < 64; shift += 7) {
		byte = *c->at++;
		value |= (uint64_t)(byte & 0x7fU) << shift;
	}
	return value;
}

// False at the end. Never reads behind it, whatever the bytes are.
static inline bool trace_next(struct trace_cursor *c, struct trace_event *v)
{
	uint64_t delta;
	uint8_t head;

	if (c->at >= c->end)
		return false;
	head = *c->at++;
	v->op = (enum trace_op)(head & 7U);
	v->waits = (head & 8U) != 0;
	delta = trace_varint(c);
	c->slot += (uint32_t)(delta >> 1) ^ (uint32_t) - (delta & 1U);
	v->slot = c->slot;
	v->generation = v->waits ? (uint32_t)trace_varint(c) : 0;
	v->align = v->op == TRACE_ALIGNED && c->at < c->end ? *c->at++ : 0;
	v->bytes = v->op != TRACE_FREE ? trace_varint(c) : 0;
	return true;
}

// ---- writing ----

struct trace_writer {
	struct buf out;
	struct {
		struct buf raw;
		uint32_t slot;
	} lanes[SG_TRACE_LANES];
	struct trace facts; // to be filled in before trace_writer_end; lane_count by trace_write
	bool failed;
};

void trace_write(struct trace_writer *w, uint32_t lane, const struct trace_event *v);
// Writes the file. 0 or -errno with `e` filled.
int trace_writer_end(struct trace_writer *w, const char *path, struct err *e);
void trace_writer_deinit(struct trace_writer *w);
// For whoever writes varints of this kind: at most 10 bytes at `at`; returns their number.
static inline size_t trace_put_varint(uint8_t *at, uint64_t value)
{
	size_t n = 0;

	for (; value >= 0x80; value >>= 7)
		at[n++] = (uint8_t)(value | 0x80U);
	at[n++] = (uint8_t)value;
	return n;
}

#endif
