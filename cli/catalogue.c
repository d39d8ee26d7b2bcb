// Finding kernels, scenarios and dialects, and choosing among them.
#include "catalogue.h"

#include "command.h"

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

// From malloc; NULL where the command begins with a program of our own, "{stressgen:lua}".
static char *needed_program(const struct dialect *d)
{
	const char *find = dialect_find(d);
	const char *command = dialect_target_command(d, 0);

	if (find != NULL)
		return strdup(find);
	return command[0] == '{' ? NULL : strndup(command, strcspn(command, " \t"));
}

// `own`: the person named the file.
static int add_dialect(struct catalogue *c, const char *path, bool own, struct err *e)
{
	struct catalogue_dialect *grown = realloc(c->dialects, (c->dialect_count + 1) * sizeof *grown);
	struct catalogue_dialect d = { 0 };
	int r;

	if (grown == NULL)
		return err_set(e, ENOMEM, "out of memory");
	c->dialects = grown;
	r = dialect_load(path, &d.dialect, e);
	if (r < 0)
		return r;
	if (dialect_is_abstract(d.dialect)) {
		dialect_free(d.dialect);
		return own ? err_set(e, EINVAL,
		                     "%s: is there for other dialects to extend, and no language itself", path)
		           : 0;
	}
	d.needs = needed_program(d.dialect);
	d.program = d.needs != NULL ? paths_which(d.needs) : NULL;
	d.present = d.needs == NULL || d.program != NULL;
	c->dialects[c->dialect_count++] = d;
	return 0;
}

int catalogue_init(struct catalogue *c, const struct app *app, struct err *e)
{
	struct strings files = { 0 };
	const char *own = opt_text(&app->opts, "dialect");
	int r = catalogue_files(app->paths.kernels, ".kernel", &c->kernels, e);

	if (r == 0)
		r = catalogue_files(app->paths.scenarios, ".h2", &c->scenarios, e);
	if (r == 0)
		r = catalogue_files(app->paths.dialects, ".dialect", &files, e);
	for (size_t i = 0; r == 0 && i < files.count; i++)
		r = add_dialect(c, files.items[i], false, e);
	if (r == 0 && own != NULL)
		r = add_dialect(c, own, true, e);
	if (r == 0 && own != NULL && opt_text(&app->opts, "target-cmd") != NULL)
		c->dialects[c->dialect_count - 1].present = true; // by that command, not by the dialect's own
	strings_deinit(&files);
	return r;
}

void catalogue_deinit(struct catalogue *c)
{
	strings_deinit(&c->kernels);
	strings_deinit(&c->scenarios);
	for (size_t i = 0; i < c->dialect_count; i++) {
		dialect_free(c->dialects[i].dialect);
		free(c->dialects[i].needs);
		free(c->dialects[i].program);
	}
	free(c->dialects);
	*c = (struct catalogue){ 0 };
}

// ---- choosing targets ---------------------------------------------------------------------------------------

struct choice {
	struct gen_target *targets;
	size_t count;
	struct strings *missing;
};

static bool has_target(const struct choice *t, const struct dialect *d, const char *name)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->targets[i].dialect == d && strcmp(t->targets[i].name, name) == 0)
			return true;
	return false;
}

// One that is named twice is taken once.
static int add_target(struct choice *t, const struct dialect *d, size_t i)
{
	struct gen_target *grown;

	if (has_target(t, d, dialect_target_name(d, i)))
		return 0;
	grown = realloc(t->targets, (t->count + 1) * sizeof *grown);
	if (grown == NULL)
		return -ENOMEM;
	t->targets = grown;
	grown[t->count++] = (struct gen_target){ d, dialect_target_name(d, i), NULL };
	return 0;
}

static bool is_named(const struct dialect *d, size_t i, const char *name)
{
	return strcmp(dialect_name(d), name) == 0 || strcmp(dialect_target_name(d, i), name) == 0;
}

static int missing_error(const struct catalogue_dialect *c, struct err *e)
{
	const char *package = dialect_package(c->dialect);

	return err_set(e, ENODEV, "target '%s' is not on this machine: no %s in PATH%s%s",
	               dialect_name(c->dialect), c->needs, package != NULL ? "; try: apt-get install " : "",
	               package != NULL ? package : "");
}

// Adds every target that `name` stands for.
static int add_named(struct choice *t, const struct catalogue *c, const char *name, struct err *e)
{
	bool known = false;

	for (size_t k = 0; k < c->dialect_count; k++) {
		const struct dialect *d = c->dialects[k].dialect;
		for (size_t i = 0; i < dialect_target_count(d); i++) {
			if (!is_named(d, i, name))
				continue;
			known = true;
			if (!c->dialects[k].present)
				return missing_error(&c->dialects[k], e);
			if (add_target(t, d, i) < 0)
				return err_set(e, ENOMEM, "out of memory");
		}
	}
	if (!known)
		return err_set(e, EINVAL, "unknown target '%s'; stressgen targets lists them", name);
	return 0;
}

static int add_all(struct choice *t, const struct catalogue *c, struct err *e)
{
	for (size_t k = 0; k < c->dialect_count; k++) {
		const struct dialect *d = c->dialects[k].dialect;
		if (!c->dialects[k].present) {
			if (strings_add(t->missing, dialect_name(d), strlen(dialect_name(d))) < 0)
				return err_set(e, ENOMEM, "out of memory");
			continue;
		}
		for (size_t i = 0; i < dialect_target_count(d); i++)
			if (add_target(t, d, i) < 0)
				return err_set(e, ENOMEM, "out of memory");
	}
	return 0;
}

// The runner would say the same of each test, one by one.
static int check_command(const char *command, struct err *e)
{
	struct suite_test program = { .path = (char[]){ "program" } };
	struct command_context context = { .suite_dir = "/" };
	struct command words = { 0 };
	struct err why = { 0 };
	int r = 0;

	program.meta.run = strdup(command);
	if (program.meta.run == NULL)
		return err_set(e, ENOMEM, "out of memory");
	// What {param:NAME} and {stressgen:NAME} stand for is known when it runs.
	if (strstr(command, "{param:") == NULL && strstr(command, "{stressgen:") == NULL)
		r = command_resolve(&context, &program, &words, &why);
	command_deinit(&words);
	free(program.meta.run);
	if (r == -ENOENT)
		return err_set(e, ENODEV, "--target-cmd: %s", why.text);
	return r < 0 ? err_set(e, EINVAL, "--target-cmd: \"%s\" cannot be read: %s", command, why.text) : 0;
}

// In the place of the dialect's own target of that name, if it was chosen too. Where the dialect has several, none
// of them is this one.
static int add_own_target(struct choice *t, const struct dialect *d, const char *command, struct err *e)
{
	const char *name = dialect_target_count(d) == 1 ? dialect_target_name(d, 0) : dialect_name(d);
	struct gen_target *grown;

	for (size_t i = 0; i < t->count; i++) {
		if (strcmp(t->targets[i].name, name) == 0 && t->targets[i].dialect == d) {
			t->targets[i].command = command;
			return 0;
		}
	}
	grown = realloc(t->targets, (t->count + 1) * sizeof *grown);
	if (grown == NULL)
		return err_set(e, ENOMEM, "out of memory");
	t->targets = grown;
	grown[t->count++] = (struct gen_target){ d, name, command };
	return 0;
}

static int add_own(struct choice *t, const struct catalogue *c, const char *command, const char *dialect,
                   struct err *e)
{
	const struct dialect *d;
	int r;

	if (dialect == NULL)
		return err_set(e, EINVAL,
		               "--target-cmd needs --dialect FILE, the template of its language "
		               "(docs/dialects.md)");
	if (strstr(command, "{file}") == NULL)
		return err_set(e, EINVAL,
		               "--target-cmd: '%s' has no {file}; write the program's place, e.g. '%s {file}'",
		               command, command);
	d = c->dialects[c->dialect_count - 1].dialect;
	r = check_command(command, e);
	return r < 0 ? r : add_own_target(t, d, command, e);
}

int catalogue_targets(const struct catalogue *c, const struct opt_set *opts, struct gen_target **out,
                      size_t *count, struct strings *missing, struct err *e)
{
	const char *named = opt_text(opts, "target");
	const char *command = opt_text(opts, "target-cmd");
	struct choice t = { .missing = missing };
	int r = 0;

	if (named != NULL) {
		char *copy = strdup(named);
		char *rest = copy;
		if (copy == NULL)
			r = err_set(e, ENOMEM, "out of memory");
		for (char *name; r == 0 && (name = strsep(&rest, "\n,")) != NULL;)
			r = add_named(&t, c, name, e);
		free(copy);
	} else if (command == NULL) {
		r = add_all(&t, c, e);
	}
	if (r == 0 && command != NULL)
		r = add_own(&t, c, command, opt_text(opts, "dialect"), e);
	if (r < 0) {
		free(t.targets);
		t = (struct choice){ 0 };
	}
	*out = t.targets;
	*count = t.count;
	return r;
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

static int add_kernel(const struct catalogue *c, const char *name, struct strings *out, struct err *e)
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
	if (!known)
		return err_set(e, EINVAL,
		               "no kernel '%s': neither a .kernel file nor in the catalogue (stressgen list)",
		               name);
	return 0;
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
	for (char *name; r == 0 && rest != NULL && (name = strsep(&rest, "\n")) != NULL;)
		r = add_kernel(c, name, out, e);
	free(copy);
	return r;
}
