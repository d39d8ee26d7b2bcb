// Names for backtraces: "module+0xOFFSET" (an offset in the module's file) becomes "function (file.c:12)".
#ifndef SG_SYMBOLISE_H
#define SG_SYMBOLISE_H

#include "arena.h"

#include <stdbool.h>

// Modules that were opened; they stay open until the end, since frames repeat.
struct symboliser;

struct symboliser *symboliser_new(void);    // NULL without memory: frames then stay as they are
void symboliser_free(struct symboliser *s); // accepts NULL
// The frame in words: safe, on one line, from the arena. `is_return`: the frame is a return address, so the call
// is just before it. What cannot be resolved (and text that is no such frame) comes back as it was. `s` may be
// NULL. Nothing is fetched from anywhere: what is looked at is the module's file and its debug file on this
// machine.
const char *symbolise(struct symboliser *s, struct arena *a, const char *frame, bool is_return);

#endif
