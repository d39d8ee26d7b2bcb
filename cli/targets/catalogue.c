// Finding kernels, scenarios and dialects, and choosing among them.
#include "catalogue.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// ---- files --------------------------------------------------------------------------------------------------

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool ends_in(const char *text, const char *suffix)
{
	size_t n = strlen(text), m = strlen(suffix);
	return n > m && strcmp(text + n - m, suffix) == 0;
}

#define DEPTH_MAX 4U

static int add_files(const char *dir, const char *suffix, struct strings *out, unsigned level)
{
	struct dirent **entries = NULL;
	int n = scandir(dir, &entries, NULL, alphasort);
	int r = 0;

	if (n < 0)
		return -errno;
	for (int i = 0; i < n; i++) {
		const struct dirent *d = entries[i];
		char *path = NULL;
		if (r == 0 && d->d_name[0] != '.' && asprintf(&path, "%s/%s", dir, d->d_name) >= 0) {
			struct stat st;
			bool is_dir = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
			if (is_dir && level < DEPTH_MAX)
				r = add_files(path, suffix, out, level + 1);
			else if (!is_dir && ends_in(path, suffix))
				r = strings_add(out, path, strlen(path));
		}
		free(path);
		free(entries[i]);
	}
	free(entries);
	return r;
}

int catalogue_files(const char *dir, const char *suffix, struct strings *out, struct err *e)
{
	int r = add_files(dir, suffix, out, 0);

	if (r < 0)
		return err_set(e, -r, "%s: %s; install stressgen again", dir, strerror(-r));
	if (out->count > 1)
		qsort(out->items, out->count, sizeof *out->items, by_text);
	return 0;
}

// ---- dialects -----------------------------------------------------------------------------------------------

// `own`: the person named the file.
static int add_dialect(struct catalogue *c, const char *path, bool own, struct err *e)
{
	struct dialect **grown = reallocarray(c->dialects, c->dialect_count + 1, sizeof(struct dialect *));
	struct dialect *d;
	int r;

	if (grown == NULL)
		return err_set(e, ENOMEM, "out of memory");
	c->dialects = grown;
	r = dialect_load(path, &d, e);
	if (r < 0)
		return r;
	if (dialect_is_abstract(d)) {
		dialect_free(d);
		return own ? err_set(e, EINVAL,
		                     "%s: is there for other dialects to extend, and no language itself", path)
		           : 0;
	}
	c->dialects[c->dialect_count++] = d;
	c->own = own ? d : c->own;
	return 0;
}

// --dialect names files, and dialects that are installed.
static int add_own_dialects(struct catalogue *c, const char *named, struct err *e)
{
	char *copy = strdup(named), *rest = copy;
	int r = copy == NULL ? err_set(e, ENOMEM, "out of memory") : 0;

	for (char *name; r == 0 && (name = strsep(&rest, "\n,")) != NULL;)
		if (strchr(name, '/') != NULL || strchr(name, '.') != NULL)
			r = add_dialect(c, name, true, e);
	free(copy);
	return r;
}

int catalogue_init(struct catalogue *c, const struct app *app, struct err *e)
{
	struct strings files = { 0 };
	const char *own = opt_text(&app->opts, "dialect");
	int r = catalogue_files(app->paths.kernels, ".kernel", &c->kernels, e);

	if (r == 0)
		r = catalogue_files(app->paths.scenarios, ".h2", &c->scenarios, e);
	if (r == 0)
		r = catalogue_files(app->paths.scenarios, ".serve", &c->services, e);
	if (r == 0)
		r = catalogue_files(app->paths.dialects, ".dialect", &files, e);
	for (size_t i = 0; r == 0 && i < files.count; i++)
		r = add_dialect(c, files.items[i], false, e);
	if (r == 0 && own != NULL)
		r = add_own_dialects(c, own, e);
	if (r == 0)
		r = user_targets_load(&app->opts, &c->user, e);
	if (r == 0)
		r = catalogue_find_targets(c, e);
	strings_deinit(&files);
	return r;
}

void catalogue_deinit(struct catalogue *c)
{
	strings_deinit(&c->kernels);
	strings_deinit(&c->scenarios);
	strings_deinit(&c->services);
	for (size_t i = 0; i < c->dialect_count; i++)
		dialect_free(c->dialects[i]);
	free(c->dialects);
	for (size_t i = 0; i < c->target_count; i++) {
		free(c->targets[i].needs);
		free(c->targets[i].program);
	}
	free(c->targets);
	user_targets_deinit(&c->user);
	*c = (struct catalogue){ 0 };
}

// ---- choosing kernels ---------------------------------------------------------------------------------------

// "recursion/countdown" of ".../kernels/recursion/countdown.kernel"
static bool kernel_is(const char *path, const char *name)
{
	size_t n = strlen(path) - strlen(".kernel");
	size_t m = strlen(name);

	return n > m && path[n - m - 1] == '/' && strncmp(path + n - m, name, m) == 0;
}

// One that is named twice is taken once. 0 or -ENOMEM.
static int add_path(struct strings *out, const char *path)
{
	for (size_t i = 0; i < out->count; i++)
		if (strcmp(out->items[i], path) == 0)
			return 0;
	return strings_add(out, path, strlen(path));
}

// The last part of a kernel's name that is nearest to `name`'s, or the first that holds it; NULL. Free it.
static char *kernel_like(const struct catalogue *c, const char *name)
{
	const char *wanted = strrchr(name, '/') != NULL ? strrchr(name, '/') + 1 : name, *near;
	struct strings names = { 0 };
	char *found;

	for (size_t i = 0; i < c->kernels.count; i++) {
		const char *base = strrchr(c->kernels.items[i], '/') + 1;
		if (strings_add(&names, base, strlen(base) - strlen(".kernel")) < 0)
			break;
	}
	near = opt_nearest(wanted, (const char *const *)names.items, names.count);
	for (size_t i = 0; near == NULL && wanted[0] != '\0' && i < names.count; i++)
		if (strstr(names.items[i], wanted) != NULL)
			near = names.items[i];
	found = near != NULL ? strdup(near) : NULL;
	strings_deinit(&names);
	return found;
}

static int no_such_kernel(const struct catalogue *c, const char *name, struct err *e)
{
	char *like = kernel_like(c, name);
	int rc = like != NULL
	                 ? err_set(e, EINVAL, "no kernel '%s'; did you mean '%s'? (stressgen list)", name, like)
	                 : err_set(e, EINVAL,
	                           "no kernel '%s': neither a .kernel file nor in the catalogue (stressgen list)",
	                           name);

	free(like);
	return rc;
}

int catalogue_kernel(const struct catalogue *c, const char *name, struct strings *out, struct err *e)
{
	bool known = access(name, R_OK) == 0 && ends_in(name, ".kernel");
	int r = known ? add_path(out, name) : 0;

	for (size_t i = 0; r == 0 && !known && i < c->kernels.count; i++)
		if (kernel_is(c->kernels.items[i], name)) {
			known = true;
			r = add_path(out, c->kernels.items[i]);
		}
	if (r < 0)
		return err_set(e, ENOMEM, "out of memory");
	return known ? 0 : no_such_kernel(c, name, e);
}

int catalogue_kernels(const struct catalogue *c, const struct opt_set *opts, struct strings *out, struct err *e)
{
	const char *named = opt_text(opts, "kernel");
	char *copy = named != NULL ? strdup(named) : NULL;
	char *rest = copy;
	int r = named != NULL && copy == NULL ? err_set(e, ENOMEM, "out of memory") : 0;

	for (size_t i = 0; r == 0 && named == NULL && i < c->kernels.count; i++)
		if (add_path(out, c->kernels.items[i]) < 0)
			r = err_set(e, ENOMEM, "out of memory");
	for (char *name; r == 0 && rest != NULL && (name = strsep(&rest, "\n,")) != NULL;)
		r = catalogue_kernel(c, name, out, e);
	free(copy);
	return r;
}
