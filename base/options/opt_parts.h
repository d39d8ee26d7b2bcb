// What the files of the options share.
#ifndef SG_OPT_PARTS_H
#define SG_OPT_PARTS_H

#include "opt.h"

// Does it have a least and a greatest value?
bool opt_is_ranged(const struct opt *o);
// "1 to 200", "1 s or more", in the option's own unit.
void opt_range_text(const struct opt *o, char *text, size_t size);

#endif
