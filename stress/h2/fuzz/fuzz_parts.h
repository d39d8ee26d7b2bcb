// What makes up a case, for fuzz_case.c (its life and its text), fuzz_make.c (what is right) and fuzz_mutate.c
// (what is wrong with it).
#ifndef SG_H2_FUZZ_PARTS_H
#define SG_H2_FUZZ_PARTS_H

#include "fuzz_case.h"
#include "rng.h"

// A frame behind the last one, its payload still to be added; NULL when there are FUZZ_MAX_FRAMES.
struct fuzz_frame *fuzz_add_frame(struct fuzz_case *c, uint8_t type, uint8_t flags, uint32_t stream);
// Makes the head's length that of the payload.
void fuzz_set_length(struct fuzz_frame *f);

void fuzz_make_conversation(struct fuzz_case *c, struct rng *r); // adds to an empty case
void fuzz_mutate(struct fuzz_case *c, struct rng *r);            // one change

#endif
