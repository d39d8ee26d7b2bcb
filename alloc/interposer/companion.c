// Where the process has a jemalloc, however it came by it, libstressjemalloc.so beside this library looks at it.
#include "elf_program.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// Bound when the program is loaded: dlsym would allocate words for what is not there.
extern int mallctl(const char *name, void *old, size_t *old_bytes, void *fresh, size_t fresh_bytes)
        __attribute__((weak));

// One that is linked in, and exports nothing, is found by its symbols if the program has them still.
static bool has_linked(void)
{
	struct elf_image self;
	bool has;

	if (!elf_map_self(&self))
		return false;
	has = elf_find_in_self(&self, "mallctl") != NULL || elf_find_in_self(&self, "je_mallctl") != NULL ||
	      elf_find_in_self(&self, "_rjem_mallctl") != NULL;
	munmap((void *)(uintptr_t)self.bytes, self.size);
	return has;
}

__attribute__((constructor)) static void load_companion(void)
{
	static const char name[] = "libstressjemalloc.so";
	char path[PATH_MAX];
	const char *slash;
	int saved = errno;
	Dl_info self;

	if (getenv("STRESSGEN_TELEMETRY_DIR") == NULL || (mallctl == NULL && !has_linked()) ||
	    dladdr((void *)&load_companion, &self) == 0 || (slash = strrchr(self.dli_fname, '/')) == NULL)
		return;
	if (snprintf(path, sizeof path, "%.*s/%s", (int)(slash - self.dli_fname), self.dli_fname, name) <
	            (int)sizeof path &&
	    access(path, R_OK) == 0) // not there: this build had no jemalloc's header
		dlopen(path, RTLD_NOW | RTLD_LOCAL);
	errno = saved;
}
