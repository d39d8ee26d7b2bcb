// One error message on its way to the person who can mend it.
#ifndef SG_ERR_H
#define SG_ERR_H

#include <stdarg.h>

struct err {
	char text[1024]; // "" when nothing went wrong
};

// Fills in the message unless there is one already (the first wins). `e` may be NULL.
// Returns -code, so that `return err_set(e, EINVAL, "...")` reads well. The text should say
// "file:line: what is wrong; what to try".
__attribute__((format(printf, 3, 4))) int err_set(struct err *e, int code, const char *format, ...);

// The same with the place in front. `column` 0 leaves it out.
__attribute__((format(printf, 6, 7))) int err_at(struct err *e, int code, const char *file, unsigned line,
                                                 unsigned column, const char *format, ...);

#endif
