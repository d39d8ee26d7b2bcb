// Size classes spaced as jemalloc's: four to a doubling, so that histograms and bins of different allocators
// line up.
#ifndef SG_SIZE_CLASS_H
#define SG_SIZE_CLASS_H

#include <stddef.h>
#include <stdint.h>

// 8, 16, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, ... 3584: the classes below a page.
#define SIZE_CLASS_SMALL 28U
#define SIZE_CLASS_SMALL_MAX 3584U

// The class that serves `bytes` (at least 1), counted from 0 and without an end.
static inline unsigned size_class_of(uint64_t bytes)
{
	unsigned shift;

	if (bytes <= 16)
		return bytes > 8;
	if (bytes <= 128)
		return 1 + (unsigned)((bytes - 1) >> 4);
	shift = 63U - (unsigned)__builtin_clzll(bytes - 1); // 2^shift < bytes <= 2^(shift+1)
	return 9 + (shift - 7) * 4 + (unsigned)((bytes - 1) >> (shift - 2)) - 4;
}

// The largest size that a class serves, in bytes.
static inline uint64_t size_class_bytes(unsigned class)
{
	unsigned shift;

	if (class <= 1)
		return UINT64_C(8) << class;
	if (class <= 8)
		return UINT64_C(16) * class;
	shift = 7 + (class - 9) / 4;
	return (UINT64_C(1) << shift) + ((UINT64_C(1) << (shift - 2)) * ((class - 9) % 4 + 1));
}

#endif
