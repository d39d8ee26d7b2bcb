// A program that keeps a block more in each cycle, and tells what is live.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CYCLES 60U
#define KEPT_BYTES (1000U << 10)

static void *kept[CYCLES];

static void keep_some(unsigned cycle)
{
	kept[cycle] = malloc(KEPT_BYTES);
	memset(kept[cycle], 1, KEPT_BYTES);
}

int main(void)
{
	for (unsigned i = 0; i < CYCLES; i++) {
		keep_some(i);
		printf("@@ live %u\n", (i + 1) * KEPT_BYTES);
	}
	return fflush(stdout) != 0;
}
