// Slab pools: allocators with one interface, to be put under a runtime and compared. A policy is one file,
// pool_NAME.c, that ends in a struct pool_policy, and one line in pool.c's list.
#ifndef SG_POOL_H
#define SG_POOL_H

#include "err.h"
#include "telemetry.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pool;

// lua_Alloc's signature and rules, with the pool as `pool`: `new_bytes` 0 frees (NULL is allowed) and returns
// NULL; `p` NULL allocates (`old_bytes` is no size then, see pool_asks_again); else resizes, keeping the content.
// NULL when it cannot be met (then `p` is untouched). Making a block smaller never fails. Blocks are aligned to 16
// bytes, those of 8 bytes and less to 8. A pool is used by one thread at a time.
typedef void *pool_resize_fn(void *pool, void *p, size_t old_bytes, size_t new_bytes);

// Called when a request is finally denied, after the pool's figures were brought up to date and before the
// caller is told: the runtime's stack is still whole. It must not use the pool. The first call of a pool has
// figures->exhausted == 1; `figures` may be written (depth, text, frames).
typedef void pool_exhausted_fn(void *arg, struct tele_pool *figures);
// Called likewise when a denial is forgiven.
typedef void pool_pressed_fn(void *arg, uint64_t request_bytes);

// Which denied requests for a new block (`p` NULL) the caller is sure to repeat.
enum pool_asks_again {
	POOL_ASKS_NEVER,
	POOL_ASKS_FOR_OBJECTS, // those with an `old_bytes` that is not 0: there Lua tells an object's kind
	POOL_ASKS_ALWAYS,
};

struct pool_config {
	const char *name;          // in telemetry and messages, e.g. "lua slab-fixed"; NULL: the policy's
	uint64_t capacity_bytes;   // for policies with a fixed capacity; 0 for the others
	struct tele_pool *figures; // where to count; borrowed; NULL: inside the pool
	// How often in a row the caller answers a denial by collecting garbage and asking again (Lua: 1). The
	// denials until then are forgiven: they count as `pressed`, not as exhaustion.
	unsigned forgiven;
	// For policies with a mark: how full, in percent of the capacity, is full enough for a collection (1 to
	// 99; 0: POOL_MARK). The request at which it is passed is denied and forgiven: of those that `asks_again`
	// names.
	unsigned mark_percent;
	enum pool_asks_again asks_again;
	pool_exhausted_fn *exhausted; // may be NULL
	pool_pressed_fn *pressed;     // may be NULL
	void *arg;                    // of both
};

#define POOL_MARK 75U

struct pool_policy {
	const char *name;      // "slab-fixed"
	const char *summary;   // one line for help
	uint64_t min_capacity; // bytes; 0: it takes no capacity
	bool takes_mark;
	pool_resize_fn *resize;
	// Makes the pool; the base is filled in afterwards by pool_open. 0 or -errno with `e` filled.
	int (*open)(const struct pool_config *c, struct pool **out, struct err *e);
	void (*close)(struct pool *p);
	void (*collected)(struct pool *p); // the caller has collected; NULL: that is nothing to it
	void (*done)(struct pool *p);      // see pool_done; may be NULL
};

// What every policy's struct begins with.
struct pool {
	const struct pool_policy *policy;
	struct tele_pool *figures; // never NULL in an open pool
	struct tele_pool own;      // `figures`, where the caller gave none
	uint64_t pressed;          // denials that were forgiven
	uint64_t at_mark;          // of these, those for a mark's sake
	uint64_t denied_extents;   // jemalloc-capped: in advance (then less is asked for) or in need
	unsigned forgiven;         // see pool_config
	unsigned in_a_row;         // denials since the last time that something was granted
	uint64_t acquires_then;    // figures->acquires at the last denial
	uint64_t denied_bytes;     // what the last denial was asked for
	pool_exhausted_fn *on_exhausted;
	pool_pressed_fn *on_pressed;
	void *arg;
};

// All policies of this build; `i` counts from 0, NULL behind the last.
const struct pool_policy *pool_policy_at(size_t i);
// By name; NULL with `e` filled (the names there are; or why this build lacks that one).
const struct pool_policy *pool_policy_find(const char *name, struct err *e);

// Opens a pool. A capacity is rounded up to whole pages; one that is too small for the policy, or given to a
// policy that takes none, is -EINVAL. *out is to be freed by pool_close.
int pool_open(const struct pool_policy *policy, const struct pool_config *c, struct pool **out, struct err *e);
void pool_close(struct pool *p); // accepts NULL; every block of it is gone

// The caller reports running out of memory. Where the last denial was one that the pool had forgiven and the
// caller did not ask again, that denial was the exhaustion after all.
void pool_gave_up(struct pool *p);

// The caller has collected garbage: what it makes from now on is of another generation.
static inline void pool_collected(struct pool *p)
{
	if (p->policy->collected != NULL)
		p->policy->collected(p);
}

// The caller's work is over, and nothing has been given back on that account yet: what there is to see at the end
// is there now.
static inline void pool_done(struct pool *p)
{
	if (p->policy->done != NULL)
		p->policy->done(p);
}

// For policies: whether a denial now would be forgiven.
static inline bool pool_may_press(const struct pool *p)
{
	return p->forgiven > 0 && (p->in_a_row == 0 || p->figures->acquires != p->acquires_then);
}

// For policies: a request of `bytes` was not met. Always returns NULL.
void *pool_deny(struct pool *p, size_t bytes);

static inline void *pool_resize(struct pool *p, void *block, size_t old_bytes, size_t new_bytes)
{
	return p->policy->resize(p, block, old_bytes, new_bytes);
}

#endif
