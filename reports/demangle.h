// C++ names as people write them.
#ifndef SG_DEMANGLE_H
#define SG_DEMANGLE_H

#include "arena.h"

// "demo::parse(int)" for "_ZN4demo5parseEi" (Itanium C++ ABI, 5.1), by the C++ library that is on the machine; any
// other name, and every one where there is none, as it is. From the arena, or `name`.
const char *demangle(struct arena *a, const char *name);

#endif
