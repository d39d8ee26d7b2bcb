#include "user_targets.h"

#include "pattern.h"
#include "pipeline.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHERE_BYTES 300U

struct reader {
	struct user_targets *out;
	struct user_target *now; // whose section it is; NULL: another section, or a target that is known already
	const char *path;
	char where[WHERE_BYTES];
	struct err *e;
};

static void target_deinit(struct user_target *t)
{
	char *texts[] = { t->name,    t->dialect,   t->command,    t->directory, t->find, t->package,
		          t->version, t->heap_flag, t->stack_flag, t->place,     t->run };

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		free(texts[i]);
	patterns_free(t->patterns, t->pattern_count);
	strings_deinit(&t->environment);
}

void user_targets_deinit(struct user_targets *t)
{
	for (size_t i = 0; i < t->count; i++)
		target_deinit(&t->items[i]);
	free(t->items);
	*t = (struct user_targets){ 0 };
}

static int no_memory(struct reader *r)
{
	return err_set(r->e, ENOMEM, "out of memory");
}

// ---- one line
// -------------------------------------------------------------------------------------------------------

static const struct {
	const char *name;
	size_t offset;
} texts[] = {
	{ "dialect", offsetof(struct user_target, dialect) },
	{ "command", offsetof(struct user_target, command) },
	{ "directory", offsetof(struct user_target, directory) },
	{ "find", offsetof(struct user_target, find) },
	{ "package", offsetof(struct user_target, package) },
	{ "version", offsetof(struct user_target, version) },
	{ "heap-flag", offsetof(struct user_target, heap_flag) },
	{ "stack-flag", offsetof(struct user_target, stack_flag) },
};

#define TEXT_COUNT (sizeof texts / sizeof texts[0])

static char *cut_word(char **at)
{
	char *from = *at;

	*at += strcspn(*at, " \t");
	if (**at != '\0')
		*(*at)++ = '\0';
	*at += strspn(*at, " \t");
	return from;
}

// CLASS EXIT STREAM REGEX
static int add_pattern(struct reader *r, char *value)
{
	struct user_target *t = r->now;
	struct pattern *grown = reallocarray(t->patterns, t->pattern_count + 1, sizeof *grown);
	struct err why = { 0 };
	struct pattern *p;

	if (grown == NULL)
		return no_memory(r);
	t->patterns = grown;
	p = &grown[t->pattern_count++];
	p->class_name = strdup(cut_word(&value));
	p->exit = strdup(cut_word(&value));
	p->stream = strdup(cut_word(&value));
	p->regex = strdup(value);
	if (p->class_name == NULL || p->exit == NULL || p->stream == NULL || p->regex == NULL)
		return no_memory(r);
	if (p->regex[0] == '\0')
		return err_set(r->e, EINVAL,
		               "%s: a pattern is CLASS EXIT STREAM REGEX, e.g. heap 1 err out of memory",
		               r->where);
	return pattern_check(p, &why) < 0 ? err_set(r->e, EINVAL, "%s: %s", r->where, why.text) : 0;
}

static int add_environment(struct reader *r, const char *value)
{
	if (value[0] == '=' || strchr(value, '=') == NULL)
		return err_set(r->e, EINVAL, "%s: environment is NAME=VALUE", r->where);
	return strings_add(&r->now->environment, value, strlen(value)) < 0 ? no_memory(r) : 0;
}

static int set_text(struct reader *r, size_t i, const char *name, const char *value)
{
	char **at = (char **)((char *)r->now + texts[i].offset);

	if (*at != NULL)
		return err_set(r->e, EINVAL, "%s: '%s' stands in this section twice", r->where, name);
	if (value[0] == '\0')
		return err_set(r->e, EINVAL, "%s: '%s' has no value", r->where, name);
	*at = strdup(value);
	return *at != NULL ? 0 : no_memory(r);
}

static int read_line(struct reader *r, char *line)
{
	const char *names[TEXT_COUNT + 2] = { "environment", "pattern" };
	char *equals = strchr(line, '=');
	const char *near, *name;
	char *value;

	if (equals == NULL)
		return err_set(r->e, EINVAL, "%s: '%s' has no '='; write 'name = value'", r->where, line);
	*equals = '\0';
	name = text_trim(line);
	value = text_trim(equals + 1);
	if (strcmp(name, "environment") == 0)
		return add_environment(r, value);
	if (strcmp(name, "pattern") == 0)
		return add_pattern(r, value);
	for (size_t i = 0; i < TEXT_COUNT; i++) {
		names[i + 2] = texts[i].name;
		if (strcmp(texts[i].name, name) == 0)
			return set_text(r, i, name, value);
	}
	near = opt_nearest(name, names, TEXT_COUNT + 2);
	return err_set(r->e, EINVAL, "%s: a target has no '%s'%s%s%s", r->where, name,
	               near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
	               near != NULL ? "'?"
	                            : "; it has dialect, command, directory, environment, find, package, version, "
	                              "heap-flag, stack-flag, pattern");
}

// ---- sections
// -------------------------------------------------------------------------------------------------------

static bool is_name(const char *text)
{
	return *text != '\0' && strlen(text) <= 60 &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+@.-") ==
	               strlen(text) &&
	       text[0] != '.' && text[0] != '-';
}

static struct user_target *find(const struct user_targets *t, const char *name)
{
	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->items[i].name, name) == 0)
			return &t->items[i];
	return NULL;
}

static int begin_target(struct reader *r, const char *name)
{
	struct user_target *grown, *known = find(r->out, name);

	r->now = NULL;
	if (!is_name(name))
		return err_set(r->e, EINVAL, "%s: a target's name has letters, digits and _ + @ . - only",
		               r->where);
	if (known != NULL && strncmp(known->place, r->path, strlen(r->path)) == 0)
		return err_set(r->e, EINVAL, "%s: [target %s] is at %s already", r->where, name, known->place);
	if (known != NULL)
		return 0; // the nearer file's wins
	grown = reallocarray(r->out->items, r->out->count + 1, sizeof *grown);
	if (grown == NULL)
		return no_memory(r);
	r->out->items = grown;
	r->now = &grown[r->out->count++];
	*r->now = (struct user_target){ .name = strdup(name), .place = strdup(r->where) };
	return r->now->name != NULL && r->now->place != NULL ? 0 : no_memory(r);
}

static int begin_section(struct reader *r, char *line)
{
	char *end = strchr(line, ']');

	if (end == NULL)
		return err_set(r->e, EINVAL, "%s: a section's name ends with ']'", r->where);
	*end = '\0';
	line = text_trim(line + 1);
	r->now = NULL;
	if (strncmp(line, "target ", 7) == 0)
		return begin_target(r, text_trim(line + 7));
	if (strncmp(line, "profile ", 8) == 0)
		return 0;
	return err_set(r->e, EINVAL, "%s: unknown section [%s]; known are [target NAME] and [profile NAME]",
	               r->where, line);
}

// A command with what stands in front of it: where it runs and what it finds in its environment. From malloc.
static char *placed(const struct user_target *t, const char *command)
{
	struct buf run = { 0 };

	if (t->directory != NULL || t->environment.count > 0)
		buf_adds(&run, "env");
	if (t->directory != NULL) {
		buf_adds(&run, " -C");
		pipeline_quote(t->directory, &run);
	}
	for (size_t i = 0; i < t->environment.count; i++)
		pipeline_quote(t->environment.items[i], &run);
	buf_addf(&run, "%s%s", run.len > 0 ? " " : "", command);
	return buf_take(&run);
}

static int make_run(struct reader *r, struct user_target *t)
{
	char *version;

	if (t->dialect == NULL || t->command == NULL)
		return err_set(r->e, EINVAL, "%s: [target %s] has no '%s = ...'", t->place, t->name,
		               t->dialect == NULL ? "dialect" : "command");
	if (strstr(t->command, "{file}") == NULL)
		return err_set(r->e, EINVAL, "%s: [target %s]: its command has no {file}, the program's place",
		               t->place, t->name);
	t->run = placed(t, t->command);
	if (t->run == NULL)
		return no_memory(r);
	if (t->version == NULL)
		return 0;
	version = placed(t, t->version);
	free(t->version);
	t->version = version;
	return version != NULL ? 0 : no_memory(r);
}

static int read_file(void *arg, const char *path, const char *text, struct err *e)
{
	struct reader r = { .out = arg, .path = path, .e = e };
	char *copy = strdup(text), *rest = copy;
	size_t before = r.out->count;
	unsigned number = 0;
	int rc = 0;

	if (copy == NULL)
		return no_memory(&r);
	while (rc == 0 && rest != NULL) {
		char *line = text_trim(strsep(&rest, "\n"));

		snprintf(r.where, sizeof r.where, "%s:%u", path, ++number);
		if (*line == '[')
			rc = begin_section(&r, line);
		else if (*line != '\0' && *line != '#' && r.now != NULL)
			rc = read_line(&r, line);
	}
	for (size_t i = before; rc == 0 && i < r.out->count; i++)
		rc = make_run(&r, &r.out->items[i]);
	free(copy);
	return rc;
}

int user_targets_load(const struct opt_set *opts, struct user_targets *out, struct err *e)
{
	return config_each(opts, read_file, out, e);
}
