// A shared library that uses the probe on its own: its state must be the program's.
#include "slab_probe.h"

struct slab_probe *probe_lib_register(void);

struct slab_probe *probe_lib_register(void)
{
	return slab_probe_register("in the library", 16, 100);
}
