// Targets: which there are, which are present, and which were chosen.
#include "catalogue.h"

#include "clock.h"
#include "command.h"
#include "suite.h"
#include "tool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define EMBEDDED "{stressgen:"

// ---- which there are
// --------------------------------------------------------------------------------------------

// The first word of a command that is a program to be found; from malloc.
static char *program_of(const char *command)
{
	return strncmp(command, EMBEDDED, strlen(EMBEDDED)) == 0 ? NULL
	                                                         : strndup(command, strcspn(command, " \t"));
}

static struct catalogue_target *new_target(struct catalogue *c)
{
	struct catalogue_target *grown = reallocarray(c->targets, c->target_count + 1, sizeof *grown);

	if (grown == NULL)
		return NULL;
	c->targets = grown;
	grown[c->target_count] = (struct catalogue_target){ 0 };
	return &grown[c->target_count++];
}

static void find_program(struct catalogue_target *t, const char *find, const char *command)
{
	t->embedded = strncmp(command, EMBEDDED, strlen(EMBEDDED)) == 0;
	t->needs = find != NULL ? strdup(find) : program_of(command);
	t->program = t->needs != NULL ? paths_which(t->needs) : NULL;
	t->present = t->needs == NULL || t->program != NULL;
}

static int add_own_targets(struct catalogue *c, const struct dialect *d)
{
	for (size_t i = 0; i < dialect_target_count(d); i++) {
		struct catalogue_target *t = new_target(c);

		if (t == NULL)
			return -ENOMEM;
		t->dialect = d;
		t->index = i;
		t->name = dialect_target_name(d, i);
		t->package = dialect_target_package(d, i);
		t->version = dialect_target_version(d, i);
		find_program(t, dialect_target_find(d, i), dialect_target_command(d, i));
		t->usual = t->embedded && !dialect_target_is_extra(d, i);
	}
	return 0;
}

const struct dialect *catalogue_dialect(const struct catalogue *c, const char *name)
{
	for (size_t i = c->dialect_count; i-- > 0;) // the person's own in front of one that is installed
		if (strcmp(dialect_name(c->dialects[i]), name) == 0)
			return c->dialects[i];
	return NULL;
}

static int unknown_dialect(const struct catalogue *c, const char *where, const char *name, struct err *e)
{
	const char *names[256];
	size_t count = 0;
	const char *near;

	for (size_t i = 0; i < c->dialect_count && count < 256; i++)
		names[count++] = dialect_name(c->dialects[i]);
	near = opt_nearest(name, names, count);
	return err_set(e, EINVAL, "%s: unknown dialect '%s'%s%s%s", where, name,
	               near != NULL ? "; did you mean " : "", near != NULL ? near : "",
	               near != NULL ? "?" : "; stressgen targets lists them");
}

// One of the dialect's own of that name gives way to the person's.
static int add_user_target(struct catalogue *c, const struct user_target *u, struct err *e)
{
	const struct dialect *d = catalogue_dialect(c, u->dialect);
	struct catalogue_target *t = NULL;

	if (d == NULL)
		return unknown_dialect(c, u->place, u->dialect, e);
	for (size_t i = 0; i < c->target_count; i++)
		if (strcmp(c->targets[i].name, u->name) == 0)
			t = &c->targets[i];
	if (t == NULL && (t = new_target(c)) == NULL)
		return err_set(e, ENOMEM, "out of memory");
	free(t->needs);
	free(t->program);
	*t = (struct catalogue_target){
		.dialect = d, .user = u, .name = u->name, .package = u->package, .version = u->version
	};
	find_program(t, u->find, u->command);
	// a program that is named by a path below the target's directory
	if (!t->present && u->directory != NULL && strchr(t->needs, '/') != NULL) {
		struct buf path = { 0 };

		buf_addf(&path, "%s/%s", u->directory, t->needs);
		t->program = paths_which(buf_text(&path));
		t->present = t->program != NULL;
		buf_deinit(&path);
	}
	return 0;
}

int catalogue_find_targets(struct catalogue *c, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->dialect_count; i++)
		if (add_own_targets(c, c->dialects[i]) < 0)
			r = err_set(e, ENOMEM, "out of memory");
	for (size_t i = 0; r == 0 && i < c->user.count; i++)
		r = add_user_target(c, &c->user.items[i], e);
	return r;
}

// ---- which were chosen
// ------------------------------------------------------------------------------------------

struct choice {
	const struct catalogue *c;
	bool commanded; // --target-cmd runs the programs of --dialect
	struct gen_target *targets;
	size_t count;
};

// One that is named twice is taken once.
static int add_target(struct choice *t, const struct catalogue_target *from)
{
	const struct user_target *u = from->user;
	struct gen_target *grown;

	for (size_t i = 0; i < t->count; i++)
		if (t->targets[i].dialect == from->dialect && strcmp(t->targets[i].name, from->name) == 0)
			return 0;
	grown = reallocarray(t->targets, t->count + 1, sizeof *grown);
	if (grown == NULL)
		return -ENOMEM;
	t->targets = grown;
	grown[t->count] = (struct gen_target){ .dialect = from->dialect, .name = from->name };
	if (u != NULL) {
		grown[t->count].command = u->run;
		grown[t->count].patterns = u->patterns;
		grown[t->count].pattern_count = u->pattern_count;
		grown[t->count].heap_flag = u->heap_flag;
		grown[t->count].stack_flag = u->stack_flag;
	}
	t->count++;
	return 0;
}

// By its name, its dialect's, or what stands before its '@'.
static bool is_named(const struct catalogue_target *t, const char *name)
{
	size_t len = strlen(name);

	return strcmp(t->name, name) == 0 || strcmp(dialect_name(t->dialect), name) == 0 ||
	       (strncmp(t->name, name, len) == 0 && t->name[len] == '@');
}

bool catalogue_package(void *app, const char *program, char *to, size_t size)
{
	struct catalogue c = { 0 };
	struct err e = { "" };
	bool known = false;

	if (catalogue_init(&c, app, &e) == 0)
		for (size_t i = 0; i < c.target_count && !known; i++) {
			const struct catalogue_target *t = &c.targets[i];

			known = t->needs != NULL && strcmp(t->needs, program) == 0 && t->package != NULL &&
			        t->package[0] != '\0';
			if (known)
				snprintf(to, size, "%s", t->package);
		}
	catalogue_deinit(&c);
	return known;
}

static int missing_error(const struct catalogue_target *t, struct err *e)
{
	return err_set(e, ENODEV, "target '%s' is not on this machine: no %s in PATH%s%s", t->name, t->needs,
	               t->package != NULL ? "; try: apt-get install " : "", t->package != NULL ? t->package : "");
}

static int unknown_target(const struct catalogue *c, const char *name, struct err *e)
{
	const char *names[512];
	size_t count = 0;
	const char *near;

	names[count++] = H2_TARGET;
	for (size_t i = 0; i < c->target_count && count < 512; i++)
		names[count++] = c->targets[i].name;
	near = opt_nearest(name, names, count);
	return err_set(e, EINVAL, "unknown target '%s'%s%s%s", name, near != NULL ? "; did you mean " : "",
	               near != NULL ? near : "", near != NULL ? "?" : "; stressgen targets lists them");
}

// Adds every target that `name` stands for. Of a dialect with several, one that is there is enough.
static int add_named(struct choice *t, const char *name, struct err *e)
{
	const struct catalogue_target *missing = NULL;
	const bool all = strcmp(name, "all") == 0;
	size_t found = 0;

	for (size_t i = 0; i < t->c->target_count; i++) {
		const struct catalogue_target *target = &t->c->targets[i];

		if (!all && !is_named(target, name))
			continue;
		if (!target->present && !(t->commanded && target->dialect == t->c->own)) {
			missing = target;
			continue;
		}
		found++;
		if (add_target(t, target) < 0)
			return err_set(e, ENOMEM, "out of memory");
	}
	if (found > 0 || strcmp(name, H2_TARGET) == 0)
		return 0;
	return missing != NULL ? missing_error(missing, e) : unknown_target(t->c, name, e);
}

static int add_each(struct choice *t, const char *names, int (*add)(struct choice *, const char *, struct err *),
                    struct err *e)
{
	char *copy = strdup(names), *rest = copy;
	int r = copy == NULL ? err_set(e, ENOMEM, "out of memory") : 0;

	for (char *name; r == 0 && (name = strsep(&rest, "\n,")) != NULL;)
		r = add(t, name, e);
	free(copy);
	return r;
}

static int add_usual(struct choice *t, struct err *e)
{
	for (size_t i = 0; i < t->c->target_count; i++)
		if (t->c->targets[i].usual && add_target(t, &t->c->targets[i]) < 0)
			return err_set(e, ENOMEM, "out of memory");
	return 0;
}

// A dialect's targets, present or not; "all" is each dialect's.
static int add_dialect_targets(struct choice *t, const char *name, struct err *e)
{
	const struct dialect *d =
	        strchr(name, '/') != NULL || strchr(name, '.') != NULL ? t->c->own : catalogue_dialect(t->c, name);
	const bool all = strcmp(name, "all") == 0;

	if (d == NULL && !all)
		return unknown_dialect(t->c, "--dialect", name, e);
	for (size_t i = 0; i < t->c->target_count; i++)
		if ((all || t->c->targets[i].dialect == d) && add_target(t, &t->c->targets[i]) < 0)
			return err_set(e, ENOMEM, "out of memory");
	return 0;
}

// ---- --target-cmd
// -----------------------------------------------------------------------------------------------

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
static int add_command_target(struct choice *t, const struct dialect *d, const char *command, struct err *e)
{
	const char *name = dialect_target_count(d) == 1 ? dialect_target_name(d, 0) : dialect_name(d);
	struct gen_target *grown;

	for (size_t i = 0; i < t->count; i++) {
		if (strcmp(t->targets[i].name, name) == 0 && t->targets[i].dialect == d) {
			t->targets[i].command = command;
			return 0;
		}
	}
	grown = reallocarray(t->targets, t->count + 1, sizeof *grown);
	if (grown == NULL)
		return err_set(e, ENOMEM, "out of memory");
	t->targets = grown;
	grown[t->count++] = (struct gen_target){ .dialect = d, .name = name, .command = command };
	return 0;
}

static int add_command(struct choice *t, const char *command, const char *dialect, struct err *e)
{
	const struct dialect *d = t->c->own;
	int r;

	if (dialect == NULL)
		return err_set(e, EINVAL,
		               "--target-cmd needs --dialect FILE, the template of its language "
		               "(docs/dialects.md)");
	if (d == NULL && (d = catalogue_dialect(t->c, dialect)) == NULL)
		return unknown_dialect(t->c, "--dialect", dialect, e);
	if (strstr(command, "{file}") == NULL)
		return err_set(e, EINVAL,
		               "--target-cmd: '%s' has no {file}; write the program's place, e.g. '%s {file}'",
		               command, command);
	r = check_command(command, e);
	return r < 0 ? r : add_command_target(t, d, command, e);
}

#define CHECK_NS (20 * SG_NS_PER_S)
#define PROGRAM "{program}"

// Whether its servers' libraries are here, as the dialect's own check says.
static bool has_libraries(const struct catalogue_target *t)
{
	const char *check = dialect_server_check(t->dialect),
	           *place = check != NULL ? strstr(check, PROGRAM) : NULL;
	struct buf command = { 0 }, out = { 0 };
	int status = 0, r;

	if (check == NULL)
		return true;
	if (place != NULL)
		buf_addf(&command, "%.*s'%s'%s", (int)(place - check), check,
		         t->program != NULL ? t->program : t->needs, place + strlen(PROGRAM));
	else
		buf_adds(&command, check);
	char *argv[] = { (char[]){ "/bin/sh" }, (char[]){ "-c" }, command.data, NULL };
	r = command.failed ? -ENOMEM : tool_run_apart(argv, CHECK_NS, &out, &status);
	buf_deinit(&command);
	buf_deinit(&out);
	return r == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool catalogue_lacks_library(const struct catalogue *c, const char *target, const char **package)
{
	for (size_t i = 0; i < c->target_count; i++) {
		const struct catalogue_target *t = &c->targets[i];

		if (strcmp(t->name, target) != 0)
			continue;
		*package = dialect_server_package(t->dialect);
		if (*package == NULL)
			*package = "";
		return t->present && dialect_serves(t->dialect) && !has_libraries(t);
	}
	return false;
}

int catalogue_servers(const struct catalogue *c, struct gen_target **out, size_t *count, struct err *e)
{
	struct choice t = { .c = c };
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->target_count; i++) // one of a language is enough
		if (c->targets[i].present && dialect_serves(c->targets[i].dialect) &&
		    (t.count == 0 || t.targets[t.count - 1].dialect != c->targets[i].dialect) &&
		    has_libraries(&c->targets[i]))
			r = add_target(&t, &c->targets[i]);
	*out = t.targets;
	*count = t.count;
	return r < 0 ? err_set(e, ENOMEM, "out of memory") : 0;
}

int catalogue_targets(const struct catalogue *c, const struct opt_set *opts, struct gen_target **out,
                      size_t *count, struct err *e)
{
	const char *named = opt_text(opts, "target"), *command = opt_text(opts, "target-cmd");
	const char *dialects = opt_text(opts, "dialect");
	struct choice t = { .c = c, .commanded = command != NULL };
	int r = 0;

	if (named != NULL)
		r = add_each(&t, named, add_named, e);
	else if (command == NULL && dialects != NULL)
		r = add_each(&t, dialects, add_dialect_targets, e);
	else if (command == NULL)
		r = add_usual(&t, e);
	if (r == 0 && command != NULL)
		r = add_command(&t, command, dialects, e);
	if (r < 0) {
		free(t.targets);
		t = (struct choice){ 0 };
	}
	*out = t.targets;
	*count = t.count;
	return r;
}
