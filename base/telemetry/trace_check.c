// Whether an allocation trace can be performed: each lane is walked through as far as it need not wait.
#include "trace.h"

#include "units.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "trace_format.h"

#define ALIGN_MAX 30U
#define BUCKETS 512U // of lanes that wait; a power of two

struct slot_state {
	uint32_t generation;
	uint32_t bytes;
	uint8_t lane; // that used it last
	bool live;
};

// What a lane waits for: its place in a chain of those whose slot and generation have the same hash.
struct waiting {
	uint32_t slot, generation;
	uint16_t next; // lane + 1; 0: the last one
};

struct walk {
	const struct trace *t;
	struct slot_state *slots;
	struct trace_cursor cursors[SG_TRACE_LANES];
	struct waiting waiting[SG_TRACE_LANES];
	uint16_t buckets[BUCKETS];      // lane + 1
	uint16_t ready[SG_TRACE_LANES]; // lanes that can go on, in no order
	uint32_t ready_count, wait_count;
	uint64_t events, live_bytes, peak_bytes;
};

uint64_t trace_memory(void)
{
	const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);

	return pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : UINT64_MAX;
}

static uint32_t bucket_of(uint32_t slot, uint32_t generation)
{
	return (uint32_t)((((uint64_t)slot << 32 | generation) * UINT64_C(0x9e3779b97f4a7c15)) >> 32) % BUCKETS;
}

static void wait_for(struct walk *w, uint32_t lane, const struct trace_event *v)
{
	uint16_t *head = &w->buckets[bucket_of(v->slot, v->generation)];

	w->waiting[lane] = (struct waiting){ v->slot, v->generation, *head };
	*head = (uint16_t)(lane + 1);
	w->wait_count++;
}

// Those that waited for what the slot has come to.
static void wake(struct walk *w, uint32_t slot, uint32_t generation)
{
	uint16_t *link = &w->buckets[bucket_of(slot, generation)];

	while (w->wait_count > 0 && *link != 0) {
		struct waiting *one = &w->waiting[*link - 1];

		if (one->slot == slot && one->generation == generation) {
			w->ready[w->ready_count++] = (uint16_t)(*link - 1);
			w->wait_count--;
			*link = one->next;
		} else {
			link = &one->next;
		}
	}
}

// What the event asks for now: 1 it can be performed, 0 it must wait, -1 it cannot be right.
static int judge(const struct walk *w, const struct trace_event *v, uint32_t lane)
{
	const struct slot_state *s;

	if (v->op >= TRACE_OPS || v->slot >= w->t->slots || v->align > ALIGN_MAX)
		return -1;
	s = &w->slots[v->slot];
	if (v->waits && s->generation != v->generation)
		return 0;
	if (!v->waits && s->generation > 0 && s->lane != lane)
		return -1;
	return (v->op == TRACE_FREE || v->op == TRACE_RESIZE) == s->live ? 1 : -1;
}

static void perform(struct walk *w, const struct trace_event *v, uint32_t lane)
{
	struct slot_state *s = &w->slots[v->slot];
	const uint32_t bytes = (uint32_t)trace_bytes(v);

	w->live_bytes += (uint64_t)bytes - (s->live ? s->bytes : 0);
	w->peak_bytes = w->live_bytes > w->peak_bytes ? w->live_bytes : w->peak_bytes;
	*s = (struct slot_state){ s->generation + 1, bytes, (uint8_t)lane, v->op != TRACE_FREE };
	w->events++;
	wake(w, v->slot, s->generation);
}

// Performs what the lane can do now. False where an event cannot be right.
static bool walk_lane(struct walk *w, uint32_t lane)
{
	struct trace_cursor *c = &w->cursors[lane];
	struct trace_event v;

	for (struct trace_cursor before = *c; trace_next(c, &v); before = *c) {
		int verdict = judge(w, &v, lane);

		if (verdict < 0)
			return false;
		if (verdict == 0) {
			*c = before;
			wait_for(w, lane, &v);
			return true;
		}
		perform(w, &v, lane);
	}
	return true;
}

static int check(const char *name, struct walk *w, struct err *e)
{
	const struct trace *t = w->t;

	for (uint32_t i = t->lane_count; i > 0; i--) {
		w->cursors[i - 1] = trace_begin(t, i - 1);
		w->ready[w->ready_count++] = (uint16_t)(i - 1);
	}
	while (w->ready_count > 0) {
		const uint32_t lane = w->ready[--w->ready_count];

		if (!walk_lane(w, lane))
			return err_set(e, EINVAL, "%s: lane %u uses a block that it cannot have", name, lane);
	}
	if (w->wait_count > 0)
		return err_set(e, EINVAL, "%s: its lanes wait for each other for ever", name);
	if (w->events != t->events)
		return err_set(e, EINVAL, "%s: has %llu events, its header says %llu", name,
		               (unsigned long long)w->events, (unsigned long long)t->events);
	return 0;
}

int trace_check(const char *name, struct trace *t, struct err *e)
{
	struct walk *w = calloc(1, sizeof *w);
	int rc = -ENOMEM;

	// an event is a slot's first at most once, so a header cannot ask for more memory than a few times what
	// the file has unpacked
	if (t->slots > t->events || t->events > t->map_bytes)
		rc = err_set(e, EINVAL, "%s: its header has impossible figures", name);
	else if (w == NULL || (w->slots = calloc(t->slots + 1U, sizeof *w->slots)) == NULL)
		rc = err_set(e, ENOMEM, "%s: out of memory", name);
	else {
		w->t = t;
		rc = check(name, w, e);
		t->peak_bytes = w->peak_bytes;
	}
	free(w != NULL ? w->slots : NULL);
	free(w);
	return rc;
}

int trace_performable(const char *name, const struct trace *t, uint64_t memory_bytes, struct err *e)
{
	char peak[32], has[32];

	if (t->events == 0)
		return err_set(e, EINVAL, "%s: has no calls", name);
	if (t->peak_bytes > memory_bytes)
		return err_set(
		        e, EINVAL,
		        "%s: its blocks take %s at once, and replay writes to all of them; the most here is %s",
		        name, units_bytes(peak, sizeof peak, t->peak_bytes),
		        units_bytes(has, sizeof has, memory_bytes));
	return 0;
}
