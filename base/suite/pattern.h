// What a pattern of a suite or a dialect may be (struct pattern is in suite.h).
#ifndef SG_PATTERN_H
#define SG_PATTERN_H

#include "err.h"
#include "suite.h"

#include <stdbool.h>

// Checks every part of a pattern, its regular expression by compiling it: 0, or -EINVAL with what is wrong in `e`.
// Expressions whose compiling could take memory without a bound are refused before: more than 500 bytes, more than
// eight of * + ?, or any {} repetition.
int pattern_check(const struct pattern *p, struct err *e);

// Whether there is such a class, and such a stream.
bool pattern_knows_class(const char *class_name);
bool pattern_knows_stream(const char *stream);
// Whether an expression keeps to those bounds; and whether it is a regular expression as well.
bool pattern_is_modest(const char *regex);
bool pattern_compiles(const char *regex);

// Frees a list from malloc, with what its patterns hold; NULL is fine.
void patterns_free(struct pattern *patterns, size_t count);

#endif
