// See glibc_only.h.
#include "glibc_only.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

// "$LIB" is "lib", "lib64" or "lib/x86_64-linux-gnu".
#define PREFIX "/usr/$LIB/../../.."

// glibc itself, which is loaded, by that way: nothing is loaded again, and where a file is not there it fails.
const char *glibc_only_prefix(void)
{
	char path[sizeof PREFIX + PATH_MAX];
	char *libc = NULL;
	void *loaded;
	Dl_info info;

	if (dladdr((void *)dlsym(RTLD_DEFAULT, "gnu_get_libc_version"), &info) == 0 ||
	    (libc = realpath(info.dli_fname, NULL)) == NULL)
		return "";
	snprintf(path, sizeof path, PREFIX "%s", libc);
	free(libc);
	loaded = dlopen(path, RTLD_LAZY | RTLD_NOLOAD);
	if (loaded == NULL)
		return "";
	dlclose(loaded);
	return PREFIX;
}
