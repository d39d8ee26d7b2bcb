// Between the files of libstressjemalloc.so: a jemalloc of somebody else's, seen through its mallctl. look.c and
// keep.c are in the pool `jemalloc` too, whose jemalloc is linked in.
#ifndef SG_JEMALLOC_WATCH_H
#define SG_JEMALLOC_WATCH_H

#include "jemalloc_file.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int mallctl_fn(const char *name, void *old, size_t *old_bytes, void *fresh, size_t fresh_bytes);
typedef int mib_fn(const char *name, size_t *mib, size_t *length);
typedef int by_mib_fn(const size_t *mib, size_t length, void *old, size_t *old_bytes, void *fresh,
                      size_t fresh_bytes);

struct entry_points {
	mallctl_fn *mallctl;
	mib_fn *to_mib;
	by_mib_fn *by_mib;
};

// The process's own, or NULL members where it has no jemalloc (or one without all three).
extern struct entry_points je;

// Fills `je`, if that has not been done. False where the process has none.
bool watch_find(void);

// This process's file; NULL before there is one and in a child that has not made its own. Its jemalloc_file is
// behind it.
extern struct tele_file *watch_file;

static inline struct jemalloc_file *watch_part(struct tele_file *t)
{
	return (struct jemalloc_file *)(void *)(t + 1);
}

// An unsigned or size_t; 0 where there is no such name.
uint64_t look_number(const char *name);
// Finds out what figures this version has, how many size classes there are, and their sizes. Why there are none
// (static text), or NULL.
const char *look_prepare(struct jemalloc_file *f);
// Brings f->now and the bins up to date; with `keep` it becomes one of the looks.
void look(struct jemalloc_file *f, bool keep);

struct keep_hooks {
	void (*opened)(struct tele_file *t); // before the file counts as there; may be NULL
	void (*forked)(void);                // in a child; may be NULL
	void (*looked)(struct tele_file *t); // after each look; may be NULL
};

// Reads from the environment where the file goes and how often to look. False: no telemetry is asked for.
bool keep_prepare(const struct keep_hooks *hooks);
// From now on a thread looks, if there is a period; in children made by fork too, into files of their own.
void keep_begin(void);
// Looks now, out of turn; without keep_prepare nothing.
void keep_look(void);
// What the last look saw stays: no further one.
void keep_end(void);

// Puts extent hooks in front of each arena's that deny what is beyond the cap. False where that cannot be done.
bool cap_arm(uint64_t bytes);
// An arena was made, under a cap: it gets the hooks, but for one that has hooks of the program's own, which is
// counted.
void cap_new_arena(unsigned arena, bool own_hooks);
// Says in the file's note when there are more arenas than were seen being made: they are not capped.
void cap_looked(struct tele_file *t);
// The hooks that jemalloc's arenas had before; NULL without a cap.
const void *cap_original(void);
// The cap's figures into the file that has just been made (none without a cap).
void cap_attach(struct tele_file *t);
// In a child made by fork: its exhaustions are its own.
void cap_forked(void);

#endif
