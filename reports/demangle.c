// C++ names, by libstdc++'s or libc++abi's own function: looked for when the first such name comes, never linked.
#include "demangle.h"

#include "text.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

typedef char *demangle_fn(const char *name, char *out, size_t *length, int *status);

static demangle_fn *find_function(void)
{
	static const char *const libraries[] = { "libstdc++.so.6", "libc++abi.so.1" };
	demangle_fn *found = NULL;

	for (size_t i = 0; i < sizeof libraries / sizeof libraries[0] && found == NULL; i++) {
		void *library = dlopen(libraries[i], RTLD_LAZY | RTLD_LOCAL);

		if (library != NULL)
			*(void **)&found = dlsym(library, "__cxa_demangle");
	}
	return found;
}

const char *demangle(struct arena *a, const char *name)
{
	static demangle_fn *function;
	static int looked;
	int status = 0;
	char *words;

	if (strncmp(name, "_Z", 2) != 0)
		return name;
	if (!looked)
		function = find_function();
	looked = 1;
	words = function != NULL ? function(name, NULL, NULL, &status) : NULL;
	if (words != NULL)
		name = text_make(a, "%s", words);
	free(words);
	return name;
}
