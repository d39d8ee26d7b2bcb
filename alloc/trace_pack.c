// Merges the lanes of a raw recording by their tickets, follows each block from its malloc to its free, and writes
// each lane's calls with slots in place of addresses.
#include "trace_pack.h"

#include "trace_raw.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define NO_SLOT UINT32_MAX

// ---- the raw file ---------------------------------------------------------------------------------------------

struct raw_event {
	enum raw_kind kind;
	uint64_t ticket, address, bytes;
	uint8_t align;
};

struct raw_lane {
	uint32_t chunk;         // whose events are being read
	struct trace_cursor at; // in it
	struct raw_event now;   // the next one
	bool has;
	uint64_t resized_address; // of a realloc that has begun
	uint32_t resized;         // its slot, or NO_SLOT
	bool resizing;
	uint32_t *open; // slots that it has freed
	size_t open_count, open_room;
};

struct table { // address -> slot, open addressing
	uint64_t *keys;
	uint32_t *values;
	size_t room, count; // room: a power of two
};

struct slot {
	uint32_t generation;
	uint16_t lane;
};

struct pack {
	const uint8_t *data;
	size_t size;
	uint32_t chunks, lanes;
	struct raw_lane *lane;
	struct table table;
	struct slot *slots;
	size_t slot_count, slot_room;
	struct trace_writer *w;
	bool failed;
};

static const struct raw_chunk *chunk_at(const struct pack *p, uint32_t index)
{
	return (const struct raw_chunk *)(const void *)(p->data + (size_t)index * TRACE_RAW_CHUNK);
}

// The next chunk of that lane that has events.
static bool next_chunk(const struct pack *p, struct raw_lane *l, uint32_t lane)
{
	while (++l->chunk < p->chunks) {
		const struct raw_chunk *c = chunk_at(p, l->chunk);

		if (c->lane == lane && c->used > 0 && c->used <= sizeof c->events) {
			l->at = (struct trace_cursor){ c->events, c->events + c->used, 0 };
			return true;
		}
	}
	return false;
}

static void read_event(const struct pack *p, uint32_t lane)
{
	struct raw_lane *l = &p->lane[lane];
	struct raw_event *v = &l->now;
	uint64_t delta;

	l->has = l->at.at < l->at.end || next_chunk(p, l, lane);
	if (!l->has)
		return;
	v->kind = (enum raw_kind) * l->at.at++;
	v->ticket += trace_varint(&l->at);
	delta = trace_varint(&l->at);
	v->address += delta >> 1 ^ (uint64_t) - (int64_t)(delta & 1U);
	v->bytes = v->kind != RAW_FREE && v->kind != RAW_RESIZE ? trace_varint(&l->at) : 0;
	v->align = v->kind == RAW_ALIGNED && l->at.at < l->at.end ? *l->at.at++ : 0;
}

// ---- addresses ------------------------------------------------------------------------------------------------

static size_t home(const struct table *t, uint64_t key)
{
	return (size_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (t->room - 1);
}

static size_t find(const struct table *t, uint64_t key)
{
	size_t i = home(t, key);

	while (t->keys[i] != 0 && t->keys[i] != key)
		i = (i + 1) & (t->room - 1);
	return i;
}

static bool grow(struct table *t)
{
	struct table larger = { .room = t->room > 0 ? 2 * t->room : 4096, .count = t->count };

	larger.keys = calloc(larger.room, sizeof *larger.keys);
	larger.values = calloc(larger.room, sizeof *larger.values);
	if (larger.keys == NULL || larger.values == NULL) {
		free(larger.keys);
		free(larger.values);
		return false;
	}
	for (size_t i = 0; i < t->room; i++)
		if (t->keys[i] != 0) {
			size_t to = find(&larger, t->keys[i]);

			larger.keys[to] = t->keys[i];
			larger.values[to] = t->values[i];
		}
	free(t->keys);
	free(t->values);
	*t = larger;
	return true;
}

static void remember(struct pack *p, uint64_t address, uint32_t slot)
{
	struct table *t = &p->table;
	size_t i;

	if (2 * (t->count + 1) > t->room && !grow(t)) {
		p->failed = true;
		return;
	}
	i = find(t, address);
	t->count += t->keys[i] == 0;
	t->keys[i] = address;
	t->values[i] = slot;
}

// The slot of that address, which is forgotten; NO_SLOT when nothing is known of it. What follows in the table
// moves up (Knuth's algorithm R).
static uint32_t forget(struct pack *p, uint64_t address)
{
	struct table *t = &p->table;
	size_t hole;
	uint32_t slot;

	if (t->room == 0 || address == 0 || t->keys[hole = find(t, address)] == 0)
		return NO_SLOT;
	slot = t->values[hole];
	for (size_t i = hole;;) {
		i = (i + 1) & (t->room - 1);
		if (t->keys[i] == 0)
			break;
		// may it not move in front of its home?
		if (((i - home(t, t->keys[i])) & (t->room - 1)) < ((i - hole) & (t->room - 1)))
			continue;
		t->keys[hole] = t->keys[i];
		t->values[hole] = t->values[i];
		hole = i;
	}
	t->keys[hole] = 0;
	t->count--;
	return slot;
}

// ---- slots ----------------------------------------------------------------------------------------------------

static uint32_t take_slot(struct pack *p, struct raw_lane *l)
{
	if (l->open_count > 0)
		return l->open[--l->open_count];
	if (p->slot_count == p->slot_room) {
		size_t room = p->slot_room > 0 ? 2 * p->slot_room : 4096;
		struct slot *grown = room <= SG_TRACE_SLOTS ? reallocarray(p->slots, room, sizeof *grown) : NULL;

		if (grown == NULL) {
			p->failed = true;
			return NO_SLOT;
		}
		p->slots = grown;
		p->slot_room = room;
	}
	p->slots[p->slot_count] = (struct slot){ 0 };
	return (uint32_t)p->slot_count++;
}

static void open_slot(struct pack *p, struct raw_lane *l, uint32_t slot)
{
	if (l->open_count == l->open_room) {
		size_t room = l->open_room > 0 ? 2 * l->open_room : 256;
		uint32_t *grown = reallocarray(l->open, room, sizeof *grown);

		if (grown == NULL) {
			p->failed = true;
			return;
		}
		l->open = grown;
		l->open_room = room;
	}
	l->open[l->open_count++] = slot;
}

// ---- calls ----------------------------------------------------------------------------------------------------

static void write_call(struct pack *p, uint32_t lane, enum trace_op op, uint32_t slot)
{
	const struct raw_event *raw = &p->lane[lane].now;
	struct slot *s;
	struct trace_event v = { .op = op, .slot = slot, .bytes = raw->bytes, .align = raw->align };

	if (slot == NO_SLOT || p->failed)
		return;
	s = &p->slots[slot];
	v.waits = s->generation > 0 && s->lane != lane;
	v.generation = s->generation;
	trace_write(p->w, lane, &v);
	*s = (struct slot){ s->generation + 1, (uint16_t)lane };
	if (op == TRACE_FREE)
		open_slot(p, &p->lane[lane], slot);
}

static void taken(struct pack *p, uint32_t lane, enum trace_op op)
{
	struct raw_lane *l = &p->lane[lane];
	uint32_t stale = forget(p, l->now.address); // its free was lost
	uint32_t slot;

	if (l->now.address == 0)
		return;
	if (stale != NO_SLOT)
		write_call(p, lane, TRACE_FREE, stale);
	slot = take_slot(p, l);
	write_call(p, lane, op, slot);
	if (slot != NO_SLOT)
		remember(p, l->now.address, slot);
}

static void given(struct pack *p, uint32_t lane)
{
	uint32_t slot = forget(p, p->lane[lane].now.address);

	p->w->facts.unknown += slot == NO_SLOT;
	write_call(p, lane, TRACE_FREE, slot);
}

static void resize(struct pack *p, uint32_t lane)
{
	struct raw_lane *l = &p->lane[lane];

	l->resizing = true;
	l->resized_address = l->now.address;
	l->resized = forget(p, l->now.address);
	p->w->facts.unknown += l->resized == NO_SLOT;
}

static void resized(struct pack *p, uint32_t lane)
{
	struct raw_lane *l = &p->lane[lane];
	const uint32_t slot = l->resizing ? l->resized : NO_SLOT;

	l->resizing = false;
	if (slot == NO_SLOT) {
		taken(p, lane, TRACE_MALLOC); // what became of a block from before
	} else if (l->now.address != 0) {
		uint32_t stale = forget(p, l->now.address);

		if (stale != NO_SLOT)
			write_call(p, lane, TRACE_FREE, stale);
		write_call(p, lane, TRACE_RESIZE, slot);
		remember(p, l->now.address, slot);
	} else if (l->now.bytes == 0) {
		write_call(p, lane, TRACE_FREE, slot);
	} else {
		remember(p, l->resized_address, slot); // it was refused
	}
}

static void perform(struct pack *p, uint32_t lane)
{
	switch (p->lane[lane].now.kind) {
	case RAW_MALLOC:
		taken(p, lane, TRACE_MALLOC);
		break;
	case RAW_CALLOC:
		taken(p, lane, TRACE_CALLOC);
		break;
	case RAW_ALIGNED:
		taken(p, lane, TRACE_ALIGNED);
		break;
	case RAW_FREE:
		given(p, lane);
		break;
	case RAW_RESIZE:
		resize(p, lane);
		break;
	case RAW_RESIZED:
		resized(p, lane);
		break;
	default:
		p->w->facts.lost++;
	}
}

// The calls of all lanes in the order of their tickets.
static void merge(struct pack *p)
{
	for (uint32_t i = 0; i < p->lanes; i++)
		read_event(p, i);
	for (;;) {
		uint32_t first = p->lanes;

		for (uint32_t i = 0; i < p->lanes; i++)
			if (p->lane[i].has &&
			    (first == p->lanes || p->lane[i].now.ticket < p->lane[first].now.ticket))
				first = i;
		if (first == p->lanes || p->failed)
			return;
		perform(p, first);
		read_event(p, first);
	}
}

// ---- the whole ------------------------------------------------------------------------------------------------

static int map_file(const char *path, struct pack *p, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *at;

	if (fd < 0 || fstat(fd, &st) < 0) {
		int rc = err_set(e, errno, "%s: %s", path, strerror(errno));

		if (fd >= 0)
			close(fd);
		return rc;
	}
	p->size = (size_t)st.st_size;
	at = p->size >= TRACE_RAW_CHUNK ? mmap(NULL, p->size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
	close(fd);
	if (at == MAP_FAILED)
		return err_set(e, EINVAL, "%s: is no recording", path);
	p->data = at;
	return 0;
}

static const struct raw_head *head_of(const struct pack *p)
{
	const struct raw_head *h = (const struct raw_head *)(const void *)p->data;

	return memcmp(h->magic, TRACE_RAW_MAGIC, sizeof h->magic) == 0 && h->chunk_bytes == TRACE_RAW_CHUNK ? h
	                                                                                                    : NULL;
}

uint64_t trace_raw_calls(const char *path)
{
	struct pack p = { 0 };
	uint64_t calls = 0;

	if (map_file(path, &p, NULL) < 0)
		return 0;
	if (head_of(&p) != NULL)
		calls = head_of(&p)->tickets - 1;
	munmap((void *)(uintptr_t)p.data, p.size);
	return calls;
}

static void take_facts(const struct raw_head *h, struct trace *facts)
{
	memcpy(facts->program, h->program, sizeof facts->program - 1);
	facts->stopped = h->stopped != 0;
	facts->lost += h->lost;
}

static void release(struct pack *p)
{
	for (uint32_t i = 0; p->lane != NULL && i < TRACE_RAW_LANES; i++)
		free(p->lane[i].open);
	free(p->lane);
	free(p->table.keys);
	free(p->table.values);
	free(p->slots);
	munmap((void *)(uintptr_t)p->data, p->size);
}

int trace_pack(const char *path, struct trace_writer *w, struct err *e)
{
	struct pack p = { .w = w };
	const struct raw_head *h;
	int rc = map_file(path, &p, e);

	if (rc < 0)
		return rc;
	h = head_of(&p);
	if (h == NULL) {
		rc = err_set(e, EINVAL, "%s: is no recording", path);
	} else if ((p.lane = calloc(TRACE_RAW_LANES, sizeof *p.lane)) == NULL) {
		rc = err_set(e, ENOMEM, "out of memory");
	} else {
		uint64_t most = p.size / TRACE_RAW_CHUNK;

		p.chunks = (uint32_t)(h->chunks < most ? h->chunks : most);
		for (uint32_t i = 1; i < p.chunks; i++)
			if (chunk_at(&p, i)->lane < TRACE_RAW_LANES && chunk_at(&p, i)->lane >= p.lanes)
				p.lanes = chunk_at(&p, i)->lane + 1;
		merge(&p);
		take_facts(h, &w->facts);
		if (p.failed)
			rc = err_set(e, ENOMEM, "%s: more blocks at a time than fit into memory", path);
	}
	release(&p);
	return rc;
}
