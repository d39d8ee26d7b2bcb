// Where our own programs and data are: relative to this program, in the build tree as in an installed one.
#include "cli.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Directories that cmake may put beside bin/: Debian's multiarch one last.
static const char *const lib_dirs[] = { "lib/stressgen", "lib64/stressgen", SG_INSTALL_LIBDIR "/stressgen" };

static char *below(const char *prefix, const char *rest)
{
	char *path;
	return asprintf(&path, "%s/%s", prefix, rest) < 0 ? NULL : path;
}

static char *find_preload(const char *prefix)
{
	for (size_t i = 0; i < sizeof lib_dirs / sizeof lib_dirs[0]; i++) {
		char *dir = below(prefix, lib_dirs[i]);
		char *path = dir != NULL ? below(dir, "libstressalloc.so") : NULL;
		free(dir);
		if (path != NULL && access(path, R_OK) == 0)
			return path;
		free(path);
	}
	return below(prefix, "lib/stressgen/libstressalloc.so");
}

int paths_init(struct paths *p, struct err *e)
{
	char self[PATH_MAX];
	char prefix[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	char *slash;

	if (n < 0)
		return err_set(e, errno, "cannot read /proc/self/exe: %s; is /proc mounted?", strerror(errno));
	self[n] = '\0';
	memcpy(prefix, self, (size_t)n + 1);
	for (int i = 0; i < 2; i++)
		if ((slash = strrchr(prefix, '/')) != NULL)
			*slash = '\0';
	p->bin = strdup(self);
	p->lua = below(prefix, "libexec/stressgen/stressgen-lua");
	p->eval = below(prefix, "libexec/stressgen/stressgen-eval");
	p->h2 = below(prefix, "libexec/stressgen/stressgen-h2");
	p->native = below(prefix, "libexec/stressgen/stressgen-native");
	p->init = below(prefix, "libexec/stressgen/stressgen-init");
	p->serve = below(prefix, "libexec/stressgen/stressgen-serve");
	p->malloc = below(prefix, "libexec/stressgen/stressgen-malloc");
	p->preload = find_preload(prefix);
	p->kernels = below(prefix, "share/stressgen/kernels");
	p->dialects = below(prefix, "share/stressgen/dialects");
	p->scenarios = below(prefix, "share/stressgen/scenarios");
	if (access(p->kernels, R_OK) != 0)
		return err_set(e, ENOENT, "%s is missing: this installation is not whole; install it again",
		               p->kernels);
	return 0;
}

void paths_deinit(struct paths *p)
{
	free(p->bin);
	free(p->lua);
	free(p->eval);
	free(p->h2);
	free(p->native);
	free(p->init);
	free(p->serve);
	free(p->malloc);
	free(p->preload);
	free(p->kernels);
	free(p->dialects);
	free(p->scenarios);
	*p = (struct paths){ 0 };
}

const char *paths_resolve(void *paths, const char *name)
{
	const struct paths *p = paths;

	if (strcmp(name, "lua") == 0)
		return p->lua;
	if (strcmp(name, "eval") == 0)
		return p->eval;
	if (strcmp(name, "h2") == 0)
		return p->h2;
	if (strcmp(name, "native") == 0)
		return p->native;
	return NULL;
}

char *paths_which(const char *name)
{
	const char *path = getenv("PATH");

	if (strchr(name, '/') != NULL)
		return access(name, X_OK) == 0 ? strdup(name) : NULL;
	while (path != NULL && *path != '\0') {
		size_t len = strcspn(path, ":");
		char *full;
		if (len > 0 && asprintf(&full, "%.*s/%s", (int)len, path, name) >= 0) {
			if (access(full, X_OK) == 0)
				return full;
			free(full);
		}
		path += len;
		path += *path == ':';
	}
	return NULL;
}
