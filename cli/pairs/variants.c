// Variants: from the command line, from run.json, and as the sides of blocks.
#include "variants.h"

#include "units.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What a variant may differ in, in the order in which they are asked for.
enum axis { AXIS_ALLOC, AXIS_COMMAND, AXIS_ENV, AXIS_CAP, AXES };

#define LONGEST_TITLE 28U // of a command; longer ones are called A and B

struct given {
	char *texts[AXES][VARIANTS_MOST]; // owned
	size_t counts[AXES];
};

static const char *const options[AXES] = { "--alloc", "--a and --b", "--env", "--cap" };

static int no_memory(struct err *e)
{
	return err_set(e, ENOMEM, "out of memory");
}

// ---- from options ---------------------------------------------------------------------------------------------

static int give(struct given *g, enum axis k, const char *text, size_t len, struct err *e)
{
	char *copy;

	if (g->counts[k] == VARIANTS_MOST)
		return err_set(e, EINVAL, "%s: %u variants are the most", options[k], VARIANTS_MOST);
	copy = strndup(text, len);
	if (copy == NULL)
		return no_memory(e);
	g->texts[k][g->counts[k]++] = copy;
	return 0;
}

static int give_list(struct given *g, enum axis k, const char *list, struct err *e)
{
	int rc = 0;

	while (rc == 0 && list != NULL && *list != '\0') {
		const size_t len = strcspn(list, "\n");

		rc = give(g, k, list, len, e);
		list += len + (list[len] == '\n');
	}
	return rc;
}

static int gather(struct given *g, const struct opt_set *o, struct err *e)
{
	const char *a = opt_text(o, "a"), *b = opt_text(o, "b");
	int rc;

	if ((a == NULL) != (b == NULL))
		return err_set(e, EINVAL, "--a and --b go together: two commands to compare");
	rc = give_list(g, AXIS_ALLOC, opt_text(o, "alloc"), e);
	if (rc == 0 && a != NULL)
		rc = give(g, AXIS_COMMAND, a, strlen(a), e);
	if (rc == 0 && b != NULL)
		rc = give(g, AXIS_COMMAND, b, strlen(b), e);
	if (rc == 0)
		rc = give_list(g, AXIS_ENV, opt_text(o, "env"), e);
	return rc == 0 ? give_list(g, AXIS_CAP, opt_text(o, "cap"), e) : rc;
}

// What is given several times tells the variants apart; what is given once beside it holds for all. Alone, it is
// compared with nothing of the kind.
static int find_axis(const struct given *g, enum axis *axis, struct err *e)
{
	size_t several = 0, once = 0;

	for (unsigned k = 0; k < AXES; k++) {
		if (g->counts[k] > 1 || (g->counts[k] == 1 && several == 0 && once == 0))
			*axis = (enum axis)k;
		if (g->counts[k] > 1 && several++ > 0)
			return err_set(
			        e, EINVAL,
			        "what is given several times tells the variants apart, so only one of --alloc, "
			        "--a and --b, --env, --cap can be");
		once += g->counts[k] == 1;
	}
	if (several == 0 && once == 0)
		return err_set(e, EINVAL,
		               "what is to be compared? --alloc glibc --alloc jemalloc, --a CMD --b CMD, --env "
		               "NAME=VALUE or --cap SIZE");
	if (several == 0 && once > 1)
		return err_set(
		        e, EINVAL,
		        "give one of them several times, so that it tells the variants apart: the others hold for "
		        "all of them");
	return 0;
}

// ---- one variant ----------------------------------------------------------------------------------------------

static int set_cap(struct variant *v, const char *text, struct err *e)
{
	if (units_parse_bytes(text, &v->memory_bytes) < 0 || v->memory_bytes < UINT64_C(1) << 20)
		return err_set(e, EINVAL, "--cap %s: a size of at least 1M was expected", text);
	return 0;
}

static int check_environment(const char *text, struct err *e)
{
	const char *equals = strchr(text, '=');

	for (const char *p = text; equals != NULL && p < equals; p++)
		if (!isalnum((unsigned char)*p) && *p != '_')
			equals = NULL;
	if (equals == NULL || equals == text)
		return err_set(e, EINVAL, "--env %s: NAME=VALUE was expected", text);
	return 0;
}

static int set(struct variant *v, enum axis k, const char *text, struct err *e)
{
	char **const texts[] = { &v->alloc, &v->command, &v->environment };
	int rc = k == AXIS_ENV ? check_environment(text, e) : 0;

	if (rc < 0 || k == AXIS_CAP)
		return rc < 0 ? rc : set_cap(v, text, e);
	*texts[k] = strdup(text);
	return *texts[k] != NULL ? 0 : no_memory(e);
}

// Its malloc is looked for, and what its environment gets is put together.
static int complete(struct variant *v, const struct app *app, struct err *e)
{
	int rc = v->alloc != NULL ? allocator_choose(app, v->alloc, &v->malloc, e) : 0;

	for (size_t i = 0; rc == 0 && i < v->malloc.variables.count; i++)
		rc = strings_add(&v->variables, v->malloc.variables.items[i],
		                 strlen(v->malloc.variables.items[i]));
	if (rc == 0 && v->environment != NULL)
		rc = strings_add(&v->variables, v->environment, strlen(v->environment));
	return rc == -ENOMEM ? no_memory(e) : rc;
}

static char *title_of(const struct variant *v, enum axis axis, bool without, const struct given *g)
{
	char *text = NULL, size[32];
	int n = 0;

	if (without && axis == AXIS_ENV)
		n = asprintf(&text, "without %.*s", (int)strcspn(g->texts[axis][0], "="), g->texts[axis][0]);
	else if (without)
		text = strdup("no cap");
	else if (axis == AXIS_ALLOC)
		text = strdup(v->malloc.title);
	else if (axis == AXIS_CAP)
		n = asprintf(&text, "at most %s", units_bytes(size, sizeof size, v->memory_bytes));
	else if (axis == AXIS_COMMAND &&
	         (strlen(g->texts[axis][0]) > LONGEST_TITLE || strlen(g->texts[axis][1]) > LONGEST_TITLE))
		text = strdup(v->command == NULL || strcmp(v->command, g->texts[axis][0]) == 0 ? "A" : "B");
	else
		text = strdup(axis == AXIS_COMMAND ? v->command : v->environment);
	return n < 0 ? NULL : text;
}

// Two variants of one name could not be told apart in a report.
static int number_titles(struct variants *v)
{
	for (size_t i = 1; i < v->count; i++) {
		unsigned same = 1;
		char *text;

		for (size_t k = 0; k < i; k++)
			same += strncmp(v->items[k].title, v->items[i].title, strlen(v->items[i].title)) == 0;
		if (same == 1)
			continue;
		if (asprintf(&text, "%s (%u)", v->items[i].title, same) < 0)
			return -ENOMEM;
		free(v->items[i].title);
		v->items[i].title = text;
	}
	return 0;
}

static void make_sides(struct variants *v)
{
	for (size_t i = 0; i < v->count; i++) {
		struct variant *one = &v->items[i];

		one->name[0] = (char)('a' + i);
		v->sides[i] = (struct pairs_side){ .name = one->name,
			                           .command = one->command,
			                           .variables = one->variables.count > 0 ? &one->variables : NULL,
			                           .memory_bytes = one->memory_bytes };
		if (one->alloc != NULL) {
			v->sides[i].allocator = one->malloc.path != NULL ? one->malloc.path : "";
			v->sides[i].allocator_title = one->malloc.title;
		}
	}
}

static int make(struct variants *v, const struct given *g, enum axis axis, const struct app *app, struct err *e)
{
	const bool alone = g->counts[axis] == 1; // then the first variant is without it
	int rc = 0;

	v->count = g->counts[axis] + alone;
	for (size_t i = 0; rc == 0 && i < v->count; i++) {
		const bool without = alone && i == 0;

		for (unsigned k = 0; rc == 0 && k < AXES; k++)
			if (k != axis && g->counts[k] == 1)
				rc = set(&v->items[i], (enum axis)k, g->texts[k][0], e);
		if (rc == 0 && !without)
			rc = set(&v->items[i], axis, g->texts[axis][i - alone], e);
		else if (rc == 0 && axis == AXIS_ALLOC)
			rc = set(&v->items[i], axis, "glibc", e);
		if (rc == 0)
			rc = complete(&v->items[i], app, e);
		if (rc == 0 &&
		    (v->items[i].title = title_of(&v->items[i], axis, without && axis != AXIS_ALLOC, g)) == NULL)
			rc = no_memory(e);
	}
	if (rc == 0 && number_titles(v) < 0)
		rc = no_memory(e);
	make_sides(v);
	return rc;
}

int variants_read(struct variants *v, const struct app *app, struct err *e)
{
	struct given g = { 0 };
	enum axis axis = AXIS_ALLOC;
	int rc = gather(&g, &app->opts, e);

	if (rc == 0)
		rc = find_axis(&g, &axis, e);
	if (rc == 0)
		rc = make(v, &g, axis, app, e);
	for (size_t i = 0; i < AXES * (size_t)VARIANTS_MOST; i++)
		free(g.texts[i / VARIANTS_MOST][i % VARIANTS_MOST]);
	return rc;
}

// ---- run.json -------------------------------------------------------------------------------------------------

json_t *variants_to_json(const struct variants *v)
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->count; i++) {
		const struct variant *one = &v->items[i];

		json_array_append_new(list,
		                      json_pack("{s:s,s:s,s:s*,s:s*,s:s*,s:I}", "side", one->name, "title",
		                                one->title, "alloc", one->alloc, "command", one->command, "env",
		                                one->environment, "cap", (json_int_t)one->memory_bytes));
	}
	return list;
}

static char *copy_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text != NULL ? strdup(text) : NULL;
}

int variants_from_json(struct variants *v, const struct app *app, const json_t *list, struct err *e)
{
	int rc = 0;

	if (json_array_size(list) < 2 || json_array_size(list) > VARIANTS_MOST)
		return err_set(e, EINVAL, "run.json: its variants cannot be read");
	v->count = json_array_size(list);
	for (size_t i = 0; rc == 0 && i < v->count; i++) {
		const json_t *from = json_array_get(list, i);
		struct variant *one = &v->items[i];

		one->title = copy_of(from, "title");
		one->alloc = copy_of(from, "alloc");
		one->command = copy_of(from, "command");
		one->environment = copy_of(from, "env");
		one->memory_bytes = (uint64_t)json_integer_value(json_object_get(from, "cap"));
		rc = one->title != NULL ? complete(one, app, e)
		                        : err_set(e, EINVAL, "run.json: its variants cannot be read");
	}
	make_sides(v);
	return rc;
}

void variants_deinit(struct variants *v)
{
	for (size_t i = 0; i < v->count; i++) {
		free(v->items[i].title);
		free(v->items[i].alloc);
		free(v->items[i].command);
		free(v->items[i].environment);
		allocator_choice_deinit(&v->items[i].malloc);
		strings_deinit(&v->items[i].variables);
	}
	*v = (struct variants){ 0 };
}
