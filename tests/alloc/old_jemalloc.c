// In front of a jemalloc: takes away the names that versions before 5.3 did not have, or those that the
// environment names (SG_OLD_JEMALLOC_LACKS, a part of the name).
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

int mallctl(const char *name, void *old, size_t *old_bytes, void *fresh, size_t fresh_bytes);
int mallctlnametomib(const char *name, size_t *mib, size_t *length);

static bool lacks(const char *name)
{
	static const char *const newer[] = { "tcache_stashed_bytes", "hpa_sec" };
	const char *more = getenv("SG_OLD_JEMALLOC_LACKS");

	for (size_t i = 0; i < sizeof newer / sizeof newer[0]; i++)
		if (strstr(name, newer[i]) != NULL)
			return true;
	return more != NULL && strstr(name, more) != NULL;
}

int mallctl(const char *name, void *old, size_t *old_bytes, void *fresh, size_t fresh_bytes)
{
	int (*next)(const char *, void *, size_t *, void *, size_t);

	*(void **)&next = dlsym(RTLD_NEXT, "mallctl");
	return next == NULL || lacks(name) ? ENOENT : next(name, old, old_bytes, fresh, fresh_bytes);
}

int mallctlnametomib(const char *name, size_t *mib, size_t *length)
{
	int (*next)(const char *, size_t *, size_t *);

	*(void **)&next = dlsym(RTLD_NEXT, "mallctlnametomib");
	return next == NULL || lacks(name) ? ENOENT : next(name, mib, length);
}
