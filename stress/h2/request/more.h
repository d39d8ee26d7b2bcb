// What an exchange does not share with others of its template: the request that was made from a template with
// places, the hash of its response's body, and where in gRPC's messages that body is.
#ifndef SG_H2_MORE_H
#define SG_H2_MORE_H

#include "exchange.h"

#include <stddef.h>
#include <stdint.h>

// How large it is, for any of a load's templates, and what its places are made from.
struct h2_more_plan {
	size_t fields, expected, bytes;
	uint64_t seed;
	unsigned share, shares; // the threads' requests are numbered in turn
};

// Takes a template into account. `plan` starts zeroed but for its last three.
void h2_more_plan_add(struct h2_more_plan *plan, const struct h2_prepared *p);

// Right behind exchange_begin, for what varies or is watched. 0 or -ENOMEM; what it takes stays the slot's, until
// h2_more_free.
int h2_more_begin(struct exchange *x, const struct h2_more_plan *plan);
void h2_more_free(struct h2_more *m); // accepts NULL

// For what is watched: more of its body, in front of which body_seen bytes have come; and its end.
void h2_more_data(struct exchange *x, const uint8_t *bytes, size_t len);
void h2_more_judge(struct exchange *x);

#endif
