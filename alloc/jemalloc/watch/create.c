// Arenas that the program makes for itself are capped, too: where a cap is asked for this library is preloaded,
// and sees the calls that make one. (Preloaded without a jemalloc behind it, they say what jemalloc says of
// unknown names.)
#include "watch.h"

#include <errno.h>
#include <jemalloc/jemalloc.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))
#define MIB_MOST 8U

// What both ways to make an arena have in front of what is new: hooks of the program's own.
static bool has_own_hooks(const void *fresh, size_t fresh_bytes)
{
	extent_hooks_t *hooks = NULL;

	if (fresh == NULL || fresh_bytes < sizeof hooks)
		return false;
	memcpy(&hooks, fresh, sizeof hooks);
	return hooks != NULL && hooks != cap_original();
}

static void created(const void *old, const size_t *old_bytes, const void *fresh, size_t fresh_bytes)
{
	unsigned arena;

	if (old == NULL || old_bytes == NULL || *old_bytes < sizeof arena)
		return;
	memcpy(&arena, old, sizeof arena);
	cap_new_arena(arena, has_own_hooks(fresh, fresh_bytes));
}

static const char *const makers[] = { "arenas.create", "experimental.arenas_create_ext" };

static bool makes_arena(const char *name)
{
	return strcmp(name, makers[0]) == 0 || strcmp(name, makers[1]) == 0;
}

static bool mib_makes_arena(const size_t *mib, size_t length)
{
	for (size_t i = 0; i < sizeof makers / sizeof makers[0]; i++) {
		size_t known[MIB_MOST], known_length = MIB_MOST;

		if (je.to_mib(makers[i], known, &known_length) == 0 && known_length == length &&
		    memcmp(known, mib, length * sizeof *mib) == 0)
			return true;
	}
	return false;
}

EXPORT int mallctl(const char *name, void *old, size_t *old_bytes, void *fresh, size_t fresh_bytes)
{
	int rc = watch_find() ? je.mallctl(name, old, old_bytes, fresh, fresh_bytes) : ENOENT;

	if (rc == 0 && makes_arena(name))
		created(old, old_bytes, fresh, fresh_bytes);
	return rc;
}

EXPORT int mallctlnametomib(const char *name, size_t *mib, size_t *length)
{
	return watch_find() ? je.to_mib(name, mib, length) : ENOENT;
}

EXPORT int mallctlbymib(const size_t *mib, size_t length, void *old, size_t *old_bytes, void *fresh,
                        size_t fresh_bytes)
{
	int rc = watch_find() ? je.by_mib(mib, length, old, old_bytes, fresh, fresh_bytes) : ENOENT;

	if (rc == 0 && mib_makes_arena(mib, length))
		created(old, old_bytes, fresh, fresh_bytes);
	return rc;
}
