// Loaded by `interposed opens`: a library whose constructor, function and destructor allocate.
#include <stdlib.h>

void *plugin_take(size_t bytes);

static void *kept;

__attribute__((constructor)) static void begin(void)
{
	kept = malloc(1000);
}

__attribute__((destructor)) static void end(void)
{
	free(kept);
}

void *plugin_take(size_t bytes)
{
	return malloc(bytes);
}
