// What each runtime says of its version.
#ifndef SG_VERSIONS_H
#define SG_VERSIONS_H

#include "catalogue.h"

#define VERSION_BYTES 24U

// Asks all targets that are present at once; one that says nothing for VERSIONS_LIMIT_MS is killed, and what it
// had said until then counts. out[i] is that of c->targets[i], "" where there is none. 0 or -ENOMEM.
#define VERSIONS_LIMIT_MS 2000
int versions_ask(const struct catalogue *c, char (*out)[VERSION_BYTES]);

#endif
