// stressgen-malloc: says which malloc this process has: "FAMILY VERSION FILE". It is run under whatever is
// preloaded, and never built with a sanitizer, which would bring its own.
#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION_BYTES 64U

// ISO C has no cast from an object's pointer to a function's.
#define FIND(function, name)                                                                                      \
	do {                                                                                                      \
		void *found_ = dlsym(RTLD_DEFAULT, name);                                                         \
		memcpy(&(function), &found_, sizeof found_);                                                      \
	} while (0)

static const char *jemalloc_version(char *out)
{
	int (*ctl)(const char *, void *, size_t *, void *, size_t);
	const char *text = NULL;
	size_t size = sizeof text;

	FIND(ctl, "mallctl");
	if (ctl == NULL || ctl("version", &text, &size, NULL, 0) != 0)
		return NULL;
	snprintf(out, VERSION_BYTES, "%.*s", (int)strcspn(text, "-"), text);
	return "jemalloc";
}

// 209 is 2.0.9.
static const char *mimalloc_version(char *out)
{
	int (*version)(void);
	int v;

	FIND(version, "mi_version");
	if (version == NULL)
		return NULL;
	v = version();
	snprintf(out, VERSION_BYTES, "%d.%d.%d", v / 100, v / 10 % 10, v % 10);
	return "mimalloc";
}

static const char *tcmalloc_version(char *out)
{
	const char *(*version)(int *, int *, const char **);
	const char *patch = "";
	int major = 0, minor = 0;

	FIND(version, "tc_version");
	if (version == NULL)
		return NULL;
	version(&major, &minor, &patch);
	snprintf(out, VERSION_BYTES, "%d.%d%s", major, minor, patch);
	return "tcmalloc";
}

// It has no function for it; its file's name has the interface's.
static const char *tbb_version(char *out)
{
	Dl_info info;
	const char *so;
	char *file;

	if (dlsym(RTLD_DEFAULT, "__TBB_malloc_proxy") == NULL || dladdr(dlsym(RTLD_DEFAULT, "malloc"), &info) == 0)
		return NULL;
	file = realpath(info.dli_fname, NULL);
	so = file != NULL ? strstr(file, ".so.") : NULL;
	snprintf(out, VERSION_BYTES, "%s", so != NULL ? so + 4 : "?");
	free(file);
	return "tbb";
}

// A library that has the names and no memory behind them is none.
static bool works(void)
{
	char *volatile p = malloc(100), *volatile zeroed = calloc(10, 10);
	char *volatile grown = p != NULL ? realloc(p, 1000) : NULL;
	bool good = grown != NULL && zeroed != NULL;

	free(grown);
	free(zeroed);
	return good;
}

int main(void)
{
	const char *(*const families[])(char *) = { jemalloc_version, mimalloc_version, tcmalloc_version,
		                                    tbb_version };
	void *function = dlsym(RTLD_DEFAULT, "malloc");
	char version[VERSION_BYTES] = "?";
	const char *family = NULL;
	Dl_info info;

	for (size_t i = 0; family == NULL && i < sizeof families / sizeof families[0]; i++)
		family = families[i](version);
	if (function == NULL || dladdr(function, &info) == 0)
		return 1;
	if (!works()) {
		fputs("its malloc, calloc or realloc gives no memory\n", stderr);
		return 1;
	}
	if (family == NULL && dladdr((void *)dlsym(RTLD_DEFAULT, "gnu_get_libc_version"), &info) != 0) {
		Dl_info of_malloc;

		dladdr(function, &of_malloc);
		family = of_malloc.dli_fbase == info.dli_fbase ? "glibc" : "other";
		if (family[0] == 'g')
			snprintf(version, sizeof version, "%s", gnu_get_libc_version());
		info = of_malloc;
	}
	printf("%s %s %s\n", family != NULL ? family : "other", version, info.dli_fname);
	return 0;
}
