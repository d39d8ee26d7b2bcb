// Parameters of a text of S-expressions: declared in its first form by "(param NAME VALUE)", used anywhere as
// $NAME, in strings too. A value is an integer, a symbol or a string, or "(random LOW HIGH)": an integer drawn
// from a seed.
#ifndef SG_TEXT_PARAMS_H
#define SG_TEXT_PARAMS_H

#include "buf.h"
#include "err.h"

#include <stddef.h>
#include <stdint.h>

#define SG_TEXT_PARAMS 32U // of one text

struct text_params {
	char *names[SG_TEXT_PARAMS], *values[SG_TEXT_PARAMS]; // owned
	size_t count;
};

// `p` must be zeroed, and deinited in every case. What is drawn depends on the seed and the parameter's name
// alone. 0, -ENOMEM, or -EINVAL with "path:line:column: ..." in `e`.
int text_params_read(struct text_params *p, const char *path, const char *text, size_t len, uint64_t seed,
                     struct err *e);
// "NAME=VALUE" in the place of the declared value. -EINVAL for a name that is not declared, or -ENOMEM.
int text_params_set(struct text_params *p, const char *path, const char *assignment, struct err *e);
// Adds the text with each $NAME of a declared name replaced.
void text_params_fill(const struct text_params *p, const char *text, size_t len, struct buf *out);
void text_params_deinit(struct text_params *p);

#endif
