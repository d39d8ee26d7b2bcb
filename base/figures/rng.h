// Seeded random numbers: the same seed gives the same stream on every machine.
// xoshiro256** by D. Blackman and S. Vigna (2018), seeded by splitmix64.
#ifndef SG_RNG_H
#define SG_RNG_H

#include <stdint.h>

struct rng {
	uint64_t s[4];
};

void rng_init(struct rng *r, uint64_t seed);
uint64_t rng_next(struct rng *r);
// Uniform in [0, n), without bias. n > 0.
uint64_t rng_below(struct rng *r, uint64_t n);
// A seed from the kernel, within 2^53 so that it survives JSON.
uint64_t rng_fresh_seed(void);

#endif
