// --h2-target URL[/PATH]: HTTP/2 tests go to a server that is there already, in place of our own.
#ifndef SG_H2_ELSEWHERE_H
#define SG_H2_ELSEWHERE_H

#include "cli.h"
#include "err.h"
#include "suite.h"

#include <stddef.h>

// Asks it once, and tells the tests by their environment. 0 when the option is not given; -EINVAL, -EPERM (another
// machine), -ENODEV (it does not answer) or -ENOMEM.
int h2_elsewhere_begin(const struct app *app, struct err *e);
// Leaves out, and says how many, the scenarios that only our own server can be asked; `selection` are indices into
// suite->tests. 0, or -ENOENT when none is left.
int h2_elsewhere_select(const struct app *app, const struct suite *suite, size_t *selection, size_t *selected,
                        struct err *e);

#endif
