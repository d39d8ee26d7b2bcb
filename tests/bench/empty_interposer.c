// The floor: a preloaded library that does nothing but call the next malloc and free.
#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

static void *(*next_malloc)(size_t);
static void (*next_free)(void *);

void *malloc(size_t bytes);
void free(void *p);

__attribute__((noinline, cold)) static void find(void)
{
	void *found = dlsym(RTLD_NEXT, "malloc");

	memcpy(&next_malloc, &found, sizeof found);
	found = dlsym(RTLD_NEXT, "free");
	memcpy(&next_free, &found, sizeof found);
}

void *malloc(size_t bytes)
{
	if (__builtin_expect(next_malloc == NULL, 0))
		find();
	return next_malloc(bytes);
}

void free(void *p)
{
	if (__builtin_expect(next_free == NULL, 0))
		find();
	next_free(p);
}
