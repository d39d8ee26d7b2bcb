// A host for PUC Lua whose memory comes from a slab pool (alloc/pool.h).
#ifndef SG_LUA_HOST_H
#define SG_LUA_HOST_H

#include "err.h"
#include "pool.h"
#include "telemetry.h"

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

struct lua_job {
	const struct pool_policy *policy;
	uint64_t capacity_bytes; // 0 for policies that take none
	unsigned mark_percent;   // 0: the policy's
	const char *file;        // the script; "-" is stdin; NULL: `code`
	const char *code;        // run before the file; NULL: none
	bool count_gc;           // collections are counted (else only for a file whose header says "@Kind gc")
	char *const *args;       // the script's: `...` and arg[1], arg[2] ...
	int arg_count;
};

// Runs one job from a fresh state to its end. `telemetry` (NULL: none) gets the pool's figures in its first
// pool, and the counters "memory_pressed" (denials that a collection answered), "mark_collections" (of these,
// those at a mark), "denied_extents" and, where they are counted, "gc_cycles". Returns 0; 1 when the script failed
// or ran out of memory: then stderr has said so as lua5.4 does; -errno with `e` filled when it could not begin.
int lua_host_run(const struct lua_job *job, struct tele_file *telemetry, struct err *e);

// -- between the files of this folder --

// Where Lua was when a request was denied.
struct lua_trace {
	uint64_t used_bytes; // of the pool, then
	uint64_t depth;      // levels on the stacks of the running coroutine and of those that wait for it
	char text[SG_TELE_TEXT];
};

struct lua_host {
	const struct lua_job *job;
	lua_State *L; // NULL while there is none
	struct pool *pool;
	struct tele_pool *figures;   // the pool's
	struct tele_file *telemetry; // may be NULL
	uint64_t *gc_cycles;         // NULL: not counted
	uint64_t own_gc_cycles;      // gc_cycles, where there is no telemetry
	lua_CFunction resume;        // coroutine.resume
	struct lua_trace last;       // of the last denial that was worth one
	bool unwound;                // the script has ended: there is nothing left to trace
	bool not_loaded;             // the script could not be read or has a syntax error
};

// A pool_exhausted_fn with the host as `arg`: fills in depth and backtrace at the first exhaustion. Neither
// allocates nor changes the state.
void lua_trace_exhausted(void *arg, struct tele_pool *figures);
// A pool_pressed_fn: Lua's string buffers ask the allocator themselves, once, without a collection; only
// afterwards is it known that this denial was the last. So large requests are traced beforehand.
void lua_trace_pressed(void *arg, uint64_t request_bytes);

// Opens the global table `stressgen` (docs/allocators.md), with gc_count where cycles are counted. Called inside
// lua_pcall; raises Lua errors.
void lua_lib_open(lua_State *L, struct lua_host *host);

#endif
