// The story of one test that did not end as expected, as lines of words that every report tells alike.
#ifndef SG_STORY_H
#define SG_STORY_H

#include "symbolise.h"
#include "view.h"

// "python3: allocated 1.11 MiB → active ...": a process's jemalloc at its last look.
const char *story_jemalloc(struct arena *a, const struct result_jemalloc *j);
// How long an unused page is kept, in ms as mallctl has it: "10.0 s", "at once", "never".
const char *story_decay(struct arena *a, int ms);
// One pool in words: "lua slab-fixed: full, 256 KiB of 256 KiB, first denied after 12 ms at depth 4,012, ...".
const char *story_pool(struct arena *a, const struct result_pool *p);
// What a test's processes registered with the probe beyond its places; NULL for nothing.
const char *story_slabs_left_out(struct arena *a, const struct result *r);
// The frame at *at as "#3  function (file.c:12)", or "#3-9  function (file.c:12), 7 times" where the same one
// repeats, as recursion does; *at goes behind it. NULL behind the last.
const char *story_frame(struct symboliser *names, struct arena *a, const struct strings *frames, size_t *at);
// "SIGSEGV", "exit code 3"; "" when it ended with 0.
const char *story_exit(struct arena *a, const struct result *r);
// Whether the program noticed by itself that it had run out, or died of it; "" for other verdicts.
const char *story_clean(const struct result *r);
// The i-th of the lines that name what it left behind: the first few, then how many more. NULL behind the last.
const char *story_leftover(struct arena *a, const struct result *r, size_t i);
// The i-th of the lines that name the cases in it that failed, likewise.
const char *story_case(struct arena *a, const struct result *r, size_t i);
// What it was expected to be; "" when that is "passed".
const char *story_expected(struct arena *a, const struct result *r);
// The last `lines` lines of its output, with newlines between them; "" when there was none.
const char *story_tail(struct arena *a, const struct result *r, size_t lines);

#endif
