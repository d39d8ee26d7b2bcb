// Where a test's memory lies, drawn anew for each invocation of a pair: STRESSGEN_LAYOUT is as long as the
// invocation's layout_bytes (base/suite/suite.h). By its length the stack lies lower; what reads it here moves the
// heap as well.
#ifndef SG_LAYOUT_H
#define SG_LAYOUT_H

#include <stddef.h>

#define SG_LAYOUT_ENV "STRESSGEN_LAYOUT"

// How many bytes the heap is to be moved by: a multiple of 16, 0 without a layout.
size_t layout_bytes(void);
// Moves the program's break up by as much. To be called first in main: what malloc takes from the break lies so
// much higher in its pages, with every malloc that takes from there (glibc's does).
void layout_move_heap(void);

#endif
