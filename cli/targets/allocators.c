// Mallocs on this machine. Which one a library is, and its version, says a small program that is run with it
// preloaded: so what is listed is known to work.
#include "allocators.h"

#include "clock.h"
#include "tool.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "allocator_parts.h"

#define TRY_NS (5 * SG_NS_PER_S)

// Where libraries are, and how the files are called. `debug` variants are none to be measured.
static const char *const dirs[] = { "/usr/local/lib", "/usr/local/lib/*-linux-gnu*", "/usr/lib/*-linux-gnu*",
	                            "/usr/lib64", "/usr/lib" };

static const struct {
	const char *family, *file, *package;
} known[] = {
	{ "glibc", NULL, "libc6" },
	{ "jemalloc", "libjemalloc.so.*", "libjemalloc2" },
	{ "mimalloc", "libmimalloc.so.*", "libmimalloc2.0" },
	{ "tcmalloc", "libtcmalloc_minimal.so.*", "libtcmalloc-minimal4" },
	{ "tcmalloc", "libtcmalloc.so.*", NULL },
	{ "tbb", "libtbbmalloc_proxy.so.*", "libtbbmalloc2" },
};

// ---- trying one -----------------------------------------------------------------------------------------------

static int try_words(const struct app *app, const char *path, const struct strings *variables, struct buf *out,
                     int *status)
{
	char *argv[32] = { strdup("/usr/bin/env") }, *preload = NULL;
	size_t n = 1;
	int rc = -ENOMEM;

	if (path != NULL && asprintf(&preload, "LD_PRELOAD=%s", path) >= 0)
		argv[n++] = preload;
	for (size_t i = 0; variables != NULL && i < variables->count && n < 30; i++)
		argv[n++] = variables->items[i];
	argv[n] = strdup(app->paths.malloc);
	if (argv[0] != NULL && argv[n] != NULL) {
		rc = tool_run_apart(argv, TRY_NS, out, status);
		if (rc == 0 && (!WIFEXITED(*status) || WEXITSTATUS(*status) != 0))
			rc = -EIO;
	}
	free(argv[0]);
	free(argv[n]);
	free(preload);
	return rc;
}

// In the place of words that the program did not have.
static void say_end(int rc, int status, struct allocator_answer *out)
{
	char *text = out->complaint;

	if (rc == -ETIMEDOUT)
		snprintf(text, sizeof out->complaint, "it hangs");
	else if (WIFSIGNALED(status))
		snprintf(text, sizeof out->complaint, "it dies of signal %d (%s)", WTERMSIG(status),
		         strsignal(WTERMSIG(status)));
	else
		snprintf(text, sizeof out->complaint, "it ends with exit status %d", WEXITSTATUS(status));
}

int allocator_try(const struct app *app, const char *path, const struct strings *variables,
                  struct allocator_answer *out)
{
	struct buf text = { 0 };
	char file[256] = "";
	int status = 0;
	int rc = try_words(app, path, variables, &text, &status);
	const char *last;

	*out = (struct allocator_answer){ 0 };
	// what the library itself had to say comes in front of it
	while (text.len > 0 && text.data[text.len - 1] == '\n')
		text.data[--text.len] = '\0';
	last = strrchr(buf_text(&text), '\n');
	last = last != NULL ? last + 1 : buf_text(&text);
	if (rc == 0 && sscanf(last, "%15s %31s %255s", out->family, out->version, file) != 3)
		rc = -EIO;
	snprintf(out->complaint, sizeof out->complaint, "%.*s", (int)strcspn(buf_text(&text), "\n"),
	         rc < 0 || last != buf_text(&text) ? buf_text(&text) : "");
	if (rc < 0 && out->complaint[0] == '\0')
		say_end(rc, status, out);
	buf_deinit(&text);
	return rc;
}

// ---- finding them ---------------------------------------------------------------------------------------------

static struct allocator *add(struct allocators *a, const char *family)
{
	struct allocator *grown = reallocarray(a->items, a->count + 1, sizeof *grown);

	if (grown == NULL)
		return NULL;
	a->items = grown;
	grown[a->count] = (struct allocator){ .family = family };
	return &grown[a->count++];
}

static bool is_there(const struct allocators *a, const char *path)
{
	for (size_t i = 0; i < a->count; i++)
		if (a->items[i].path != NULL && strcmp(a->items[i].path, path) == 0)
			return true;
	return false;
}

static bool has_family(const struct allocators *a, const char *family)
{
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->items[i].family, family) == 0)
			return true;
	return false;
}

// What --alloc takes for it: of two builds of one version the second has nothing but its path. -ENOMEM.
static int name_library(const struct allocators *a, const char *family, const char *version, const char *path,
                        char **name)
{
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->items[i].family, family) == 0 && strcmp(a->items[i].version, version) == 0)
			return (*name = strdup(path)) != NULL ? 0 : -ENOMEM;
	return (has_family(a, family) ? asprintf(name, "%s@%s", family, version) : asprintf(name, "%s", family)) <
	                       0
	               ? -ENOMEM
	               : 0;
}

// A library of another machine, or one that is broken, does not answer and is none.
static int add_library(const struct app *app, struct allocators *a, size_t k, const char *file)
{
	char *path = realpath(file, NULL);
	struct allocator_answer answer;
	char *name = NULL;
	struct allocator *one;

	if (path == NULL || is_there(a, path) || allocator_try(app, path, NULL, &answer) < 0 ||
	    strcmp(answer.family, known[k].family) != 0) {
		free(path);
		return 0;
	}
	one = NULL;
	if (name_library(a, known[k].family, answer.version, path, &name) == 0)
		one = add(a, known[k].family);
	if (one == NULL) {
		free(name);
		free(path);
		return -ENOMEM;
	}
	one->name = name;
	snprintf(one->version, sizeof one->version, "%s", answer.version);
	one->path = path;
	one->package = known[k].package;
	one->present = true;
	return 0;
}

static int add_libraries(const struct app *app, struct allocators *a, size_t k, const char *dir)
{
	char pattern[PATH_MAX];
	glob_t found;
	int rc = 0;

	snprintf(pattern, sizeof pattern, "%s/%s", dir, known[k].file);
	if (glob(pattern, 0, NULL, &found) != 0)
		return 0;
	for (size_t i = 0; rc == 0 && i < found.gl_pathc; i++)
		rc = add_library(app, a, k, found.gl_pathv[i]);
	globfree(&found);
	return rc;
}

static int search(const struct app *app, struct allocators *a, size_t k)
{
	const char *own = getenv("LD_LIBRARY_PATH");
	int rc = 0;

	for (const char *p = own; rc == 0 && p != NULL && *p != '\0';) {
		char dir[PATH_MAX];
		size_t len = strcspn(p, ":");

		snprintf(dir, sizeof dir, "%.*s", (int)len, p);
		if (len > 0)
			rc = add_libraries(app, a, k, dir);
		p += len + (p[len] == ':');
	}
	for (size_t i = 0; rc == 0 && i < sizeof dirs / sizeof dirs[0]; i++)
		rc = add_libraries(app, a, k, dirs[i]);
	return rc;
}

static int add_glibc(const struct app *app, struct allocators *a)
{
	struct allocator_answer answer;
	struct allocator *one = add(a, "glibc");

	if (one == NULL || (one->name = strdup("glibc")) == NULL)
		return -ENOMEM;
	one->package = known[0].package;
	one->present = allocator_try(app, NULL, NULL, &answer) == 0;
	if (one->present)
		snprintf(one->version, sizeof one->version, "%s", answer.version);
	return 0;
}

int allocators_find(const struct app *app, struct allocators *a)
{
	int rc = add_glibc(app, a);

	for (size_t k = 1; rc == 0 && k < sizeof known / sizeof known[0]; k++)
		rc = search(app, a, k);
	for (size_t k = 1; rc == 0 && k < sizeof known / sizeof known[0]; k++) {
		struct allocator *one = has_family(a, known[k].family) ? NULL : add(a, known[k].family);

		if (one == NULL)
			continue;
		one->package = known[k].package;
		one->name = strdup(known[k].family);
		rc = one->name == NULL ? -ENOMEM : 0;
	}
	return rc;
}

void allocators_deinit(struct allocators *a)
{
	for (size_t i = 0; i < a->count; i++) {
		free(a->items[i].name);
		free(a->items[i].path);
	}
	free(a->items);
	*a = (struct allocators){ 0 };
}
