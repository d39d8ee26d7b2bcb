// The scenario that `stressgen h2 URL ...` writes: what its options say, in the language of gen/scenarios.
#ifndef SG_H2_SCENARIO_TEXT_H
#define SG_H2_SCENARIO_TEXT_H

#include "buf.h"
#include "err.h"
#include "opt.h"

// A URL in its parts; NUL-terminated.
struct h2_url {
	char scheme[8];      // http or https
	char authority[280]; // "host:port" as written
	char path[2048];     // with its query; at least "/"
};

// -EINVAL with `e` filled.
int h2_url_parse(const char *text, struct h2_url *u, struct err *e);
// Adds the whole file. `urls`: at least one; `body`: the name of the body's file beside it, NULL: none. -EINVAL
// with `e` filled, -ENOMEM.
int h2_scenario_write(const struct opt_set *o, char *const *urls, size_t count, const char *body, struct buf *out,
                      struct err *e);

#endif
