// Text for people: made safe for terminals and documents, measured and cut by columns, and figures as words.
// All functions that return text from an arena return "" when it has no memory left.
#ifndef SG_TEXT_H
#define SG_TEXT_H

#include "arena.h"
#include "result.h"

#include <stddef.h>
#include <stdint.h>

// `text` with everything escaped that could harm a terminal or an XML file, or change the order in which text is
// read: control characters (C1 too) but newline and tab, bidirectional controls, non-characters, what is not
// UTF-8. Owned by the arena; "" for NULL.
const char *text_safe(struct arena *a, const char *text);
// The same on one line: newlines and tabs become blanks.
const char *text_line(struct arena *a, const char *text);
// printf into the arena.
__attribute__((format(printf, 2, 3))) const char *text_make(struct arena *a, const char *format, ...);

// Columns that safe UTF-8 text takes on a terminal.
size_t text_width(const char *text);
// The first bytes of `text` that fit in `columns`.
size_t text_fit(const char *text, size_t columns);
// Cut in the middle to `columns` with an ellipsis there, since both ends of a test's name tell. From the arena.
const char *text_cut(struct arena *a, const char *text, size_t columns);

// "1.20 ms", "874 µs"; "6.20 MiB". From the arena.
const char *text_duration(struct arena *a, uint64_t ns);
const char *text_bytes(struct arena *a, uint64_t bytes);
const char *text_count(struct arena *a, uint64_t n);
// "128,431", "3.2", "1e+300": as many digits as a reader wants.
const char *text_amount(struct arena *a, double value);
// "1.04×", "12.5×", "340×"; "" where it is no positive number.
const char *text_ratio(struct arena *a, double ratio);
// "1 test", "3 tests".
const char *text_number(struct arena *a, uint64_t n, const char *one, const char *many);
// A word of a shell command: quoted where the shell would see more in it than a word.
const char *text_shell_word(struct arena *a, const char *text);

// What stands for a verdict where there is room for one column.
const char *text_mark(enum verdict v);

#endif
