// Facts about the machine for run.json.
#ifndef SG_MACHINE_H
#define SG_MACHINE_H

#include <jansson.h>

// {cpu, cores, memory_bytes, kernel, arch, distro, libc, jemalloc?, hostname}; what is not known is left out.
// A new reference, or NULL without memory.
json_t *machine_facts(void);

#endif
