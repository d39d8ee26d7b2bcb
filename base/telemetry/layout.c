// The layout of an invocation.
#include "layout.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GRAIN 16U // what malloc aligns to

size_t layout_bytes(void)
{
	const char *padding = getenv(SG_LAYOUT_ENV);

	return padding != NULL ? strlen(padding) / GRAIN * GRAIN : 0;
}

void layout_move_heap(void)
{
	const size_t bytes = layout_bytes();

	// A program without a break to move runs as it is.
	if (bytes > 0 && sbrk((intptr_t)bytes) == (void *)-1)
		return;
}
