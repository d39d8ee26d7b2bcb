// xoshiro256** (D. Blackman and S. Vigna, "Scrambled linear pseudorandom number generators", 2018), its state
// filled by splitmix64 (G. Steele, D. Lea and C. Flood, 2014).
#include "rng.h"

#include "clock.h"

#include <errno.h>
#include <sys/random.h>
#include <unistd.h>

static uint64_t splitmix64(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static uint64_t rotate_left(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64U - bits);
}

void rng_init(struct rng *r, uint64_t seed)
{
	for (unsigned i = 0; i < 4; i++)
		r->s[i] = splitmix64(&seed);
}

uint64_t rng_next(struct rng *r)
{
	uint64_t value = rotate_left(r->s[1] * 5, 7) * 9;
	uint64_t shifted = r->s[1] << 17;

	r->s[2] ^= r->s[0];
	r->s[3] ^= r->s[1];
	r->s[1] ^= r->s[2];
	r->s[0] ^= r->s[3];
	r->s[2] ^= shifted;
	r->s[3] = rotate_left(r->s[3], 45);
	return value;
}

uint64_t rng_below(struct rng *r, uint64_t n)
{
	uint64_t unfair = -n % n; // 2^64 mod n: that many of the lowest values would come up once too often
	uint64_t value;

	do
		value = rng_next(r);
	while (value < unfair);
	return value % n;
}

uint64_t rng_fresh_seed(void)
{
	uint64_t seed;
	ssize_t got;

	do
		got = getrandom(&seed, sizeof seed, 0);
	while (got < 0 && errno == EINTR);
	if (got != (ssize_t)sizeof seed) { // no such system call: time and pid differ between runs as well
		seed = clock_now_ns() ^ (uint64_t)getpid() << 40;
		seed = splitmix64(&seed);
	}
	return seed >> 11;
}
