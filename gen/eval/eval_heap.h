// The evaluator's values and its heap: bounded, and collected by mark and sweep that neither recurses nor
// allocates.
#ifndef SG_EVAL_HEAP_H
#define SG_EVAL_HEAP_H

#include "eval.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A value is one word: an integer (lowest bit set), an object's address (lowest three bits clear), a defined
// function
// (..100) or one of the constants.
typedef uint64_t value;

enum {
	VALUE_NIL = 2,
	VALUE_FALSE = 10,
	VALUE_TRUE = 18,
	VALUE_UNIT = 26,
	VALUE_FREE = 34,  // a place of a map's table that was never used
	VALUE_GONE = 42,  // one whose key was deleted
	VALUE_EMPTY = 50, // data without an element
};

enum object_kind {
	OBJECT_NONE,         // a free cell
	OBJECT_PAIR,         // car, cdr
	OBJECT_BOX,          // one value
	OBJECT_VECTOR,       // its elements
	OBJECT_CLOSURE,      // the function's number, then the captured values
	OBJECT_CONTINUATION, // the words of the stack, then what enum continuation_part says
	OBJECT_MAP,          // an OBJECT_TABLE, how many keys there are, how many of its places are not VALUE_FREE
	OBJECT_TABLE,        // key and value in turn; hashed, open addressing
	OBJECT_DATA,         // its element
	OBJECT_EPHEMERONS,   // an OBJECT_EPHEMERON_TABLE
	// from here on, slots that the collector does not simply follow
	OBJECT_STRING,          // bytes, none of them NUL, and a NUL
	OBJECT_IDENTITY,        // nothing
	OBJECT_WEAK,            // an OBJECT_IDENTITY, or nil when it is gone
	OBJECT_EPHEMERON_TABLE, // see enum ephemeron_slot
	OBJECT_FINALIZER,       // see enum finalizer_slot
};

// An ephemeron table: how many keys there are, how many places are not VALUE_FREE, then the places: an
// OBJECT_IDENTITY, its value, and while marking the next place that waits for the same key.
enum ephemeron_slot {
	EPHEMERON_KEYS,
	EPHEMERON_USED,
	EPHEMERON_PLACES,
};

enum ephemeron_place {
	PLACE_KEY,
	PLACE_VALUE,
	PLACE_NEXT,
	PLACE_WORDS,
};

enum finalizer_slot {
	FINALIZER_OBJECT, // is not kept alive
	FINALIZER_BOX,    // is
	FINALIZER_NEXT,   // OBJECT_FINALIZER or nil
	FINALIZER_SLOTS,
};

struct object {
	// Of those to be looked at while marking; of free cells. Of an OBJECT_IDENTITY NULL, but while marking the
	// place of an ephemeron table that waits for it.
	struct object *link;
	uint32_t count; // slots; of a string, bytes
	uint8_t kind;
	bool marked;
	value slots[]; // count of them; a string's bytes
};

static inline char *object_bytes(struct object *o)
{
	return (char *)o->slots;
}

static inline value value_int(int64_t number)
{
	return (uint64_t)number << 1 | 1;
}

static inline bool value_is_int(value v)
{
	return (v & 1) != 0;
}

static inline int64_t value_number(value v)
{
	return (int64_t)v >> 1;
}

static inline value value_bool(bool b)
{
	return b ? VALUE_TRUE : VALUE_FALSE;
}

static inline value value_function(uint32_t number)
{
	return (uint64_t)number << 3 | 4;
}

static inline bool value_is_function(value v)
{
	return (v & 7) == 4;
}

static inline value value_of(const struct object *o)
{
	return (uintptr_t)o;
}

static inline struct object *value_object(value v) // NULL when it is none
{
	return (v & 7) == 0 ? (struct object *)(uintptr_t)v : NULL;
}

static inline bool value_is(value v, enum object_kind kind)
{
	return (v & 7) == 0 && value_object(v)->kind == kind;
}

// What the kernel language calls it; TYPE_ANY never.
enum type_kind value_type(value v);

#define HEAP_CELL_UNIT 16U // bytes
#define HEAP_CELLS 16U     // sizes of cells: 1 to HEAP_CELLS units; what is larger stands alone

struct heap;
// Marks all that the evaluator still refers to, by heap_mark.
typedef void (*heap_roots)(struct heap *h, void *arg);

// The only thing that knows where objects come from.
struct heap {
	const struct eval_options *options;
	size_t block_bytes;
	size_t limit;      // bytes
	size_t bytes;      // blocks, objects that stand alone, and what was charged
	size_t peak;       // the most that bytes was
	size_t charged;    // of them, those of heap_resize
	size_t fresh;      // bytes of objects made since the last collection
	size_t threshold;  // collect when fresh reaches it
	size_t live;       // bytes of objects that the last collection left
	uint64_t made;     // bytes of all objects that were made before that
	uint64_t released; // bytes of objects that heap_release has freed
	uint64_t serial;   // of the newest block or object that stands alone
	uint64_t collections;
	bool no_memory; // memory was denied; else it is the limit
	heap_roots roots;
	void *arg;
	struct object *grey;                     // marked, slots not looked at
	struct object *weak;                     // marked weak references
	struct object *tables;                   // marked ephemeron tables
	struct object *tables_seen;              // of them, those that were looked at
	value *woken;                            // places of ephemeron tables whose key was marked since
	value finalizers;                        // the first OBJECT_FINALIZER, or nil
	struct object *free[HEAP_CELLS + 1];     // by units
	struct heap_block *room[HEAP_CELLS + 1]; // a block whose end was never used
	struct heap_block *blocks;               // newest first
	struct heap_large *large;                // newest first
};

// `options` is borrowed.
void heap_init(struct heap *h, size_t limit, const struct eval_options *options, heap_roots roots, void *arg);
void heap_deinit(struct heap *h);
// A new object; its slots are nil, its bytes not set. May collect: whatever is still needed must be among the
// roots. NULL at the limit or without memory (no_memory).
struct object *heap_new(struct heap *h, enum object_kind kind, size_t count);
// Memory beside the objects that the limit counts too, as realloc gives it; may collect. NULL at the limit or
// without memory; then `p` is as it was.
void *heap_resize(struct heap *h, void *p, size_t old_bytes, size_t new_bytes);
void heap_give_back(struct heap *h, void *p, size_t bytes);
// Weak references and ephemerons whose object is dead are cleared, finalizers of dead objects have run: the
// integer in the box (anything else is left alone) is one more.
void heap_collect(struct heap *h);
void heap_mark(struct heap *h, value v);
// A collection's first half: marks what lives, and looks after weak references, ephemerons and finalizers.
void heap_mark_all(struct heap *h);
// Watches the object, with a record that heap_new has made (OBJECT_FINALIZER).
void heap_finalize(struct heap *h, struct object *record, struct object *object, struct object *box);

// With arena_per_level: a place in time, and the way back to it. All objects made since must be dead.
struct heap_level {
	uint64_t block, used, serial;
};

struct heap_level heap_level(const struct heap *h);
void heap_release(struct heap *h, struct heap_level to);

#endif
