// stressgen targets: what can be stressed on this machine, and what would bring the rest.
#include "allocators.h"
#include "catalogue.h"
#include "verdict.h"
#include "versions.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- what is here
// ---------------------------------------------------------------------------------------------------

static void add_capabilities(const struct catalogue_target *t, const char *separator, struct buf *out)
{
	const char *words[DIALECT_CAPABILITIES_MAX];
	size_t count = dialect_capabilities(t->dialect, words);

	for (size_t i = 0; i < count; i++)
		buf_addf(out, "%s%s", i > 0 ? separator : "", words[i]);
}

// The commands of one dialect can do the same: said once, below them.
static bool is_last_of_dialect(const struct catalogue *c, size_t i)
{
	return i + 1 == c->target_count || c->targets[i + 1].dialect != c->targets[i].dialect;
}

static const char *heap_flag(const struct catalogue_target *t)
{
	return t->user != NULL ? t->user->heap_flag : dialect_target_heap_flag(t->dialect, t->index);
}

static const char *stack_flag(const struct catalogue_target *t)
{
	return t->user != NULL ? t->user->stack_flag : dialect_target_stack_flag(t->dialect, t->index);
}

static void print_present(const struct catalogue *c, const char (*versions)[VERSION_BYTES])
{
	bool any = false;

	printf("On this machine\n");
	for (size_t i = 0; i < c->target_count; i++) {
		const struct catalogue_target *t = &c->targets[i];
		struct buf words = { 0 };

		if (t->present)
			printf("  %-22s %-10s %s%s%s\n", t->name, versions[i],
			       t->embedded          ? "comes with stressgen"
			       : t->program != NULL ? t->program
			                            : "",
			       t->user != NULL ? ", " : "", t->user != NULL ? t->user->place : "");
		any = any || t->present;
		if (!any || !is_last_of_dialect(c, i))
			continue;
		add_capabilities(t, ", ", &words);
		printf("  %-22s   %s\n", "", buf_text(&words));
		if (t->user == NULL)
			printf("  %-22s   a preloaded malloc sees its heap: %s%s%s\n", "",
			       dialect_target_preload(t->dialect, t->index),
			       heap_flag(t) != NULL ? "; --heap-limit by its own flag" : "",
			       stack_flag(t) != NULL ? "; --stack-limit by its own flag" : "");
		if (dialect_server_package(t->dialect) != NULL)
			printf("  %-22s   its HTTP/2 servers need the package %s\n", "",
			       dialect_server_package(t->dialect));
		buf_deinit(&words);
		any = false;
	}
	printf("  %-22s %-10s comes with stressgen\n", H2_TARGET, "");
	printf("  %-22s   HTTP/2 client and server; --h2-target URL puts another server in its place\n", "");
}

static void print_allocators(const struct allocators *a)
{
	printf("\nMallocs (--alloc NAME)\n");
	for (size_t i = 0; i < a->count; i++) {
		const struct allocator *one = &a->items[i];

		if (one->present)
			printf("  %-22s %-10s %s\n", one->name, one->version,
			       one->path != NULL ? one->path : "the C library's own");
		else
			printf("  %-22s not here%s%s\n", one->name, one->package != NULL ? "; package " : "",
			       one->package != NULL ? one->package : "");
	}
}

// "ruby" is none of " mruby".
static bool has_word(const char *words, const char *word)
{
	const size_t len = strlen(word);

	for (const char *p = words; (p = strstr(p, word)) != NULL; p += len)
		if (p > words && p[-1] == ' ' && (p[len] == ' ' || p[len] == '\0'))
			return true;
	return false;
}

static void print_missing(const struct catalogue *c, const struct allocators *a)
{
	struct buf packages = { 0 };
	bool any = false;

	for (size_t i = 0; i < c->target_count; i++) {
		const struct catalogue_target *t = &c->targets[i];

		if (t->present)
			continue;
		if (!any)
			printf("\nNot here\n");
		any = true;
		printf("  %-22s no %s in PATH%s%s\n", t->name, t->needs, t->package != NULL ? "; package " : "",
		       t->package != NULL ? t->package : "");
		if (t->package != NULL && !has_word(buf_text(&packages), t->package))
			buf_addf(&packages, " %s", t->package);
	}
	for (size_t i = 0; i < a->count; i++)
		if (!a->items[i].present && a->items[i].package != NULL)
			buf_addf(&packages, " %s", a->items[i].package);
	if (packages.len > 0)
		printf("\nTo bring them: apt-get install%s\n", buf_text(&packages));
	buf_deinit(&packages);
}

static int print_json(const struct catalogue *c, const struct allocators *a, const char (*versions)[VERSION_BYTES])
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->target_count; i++) {
		const struct catalogue_target *t = &c->targets[i];
		const char *words[DIALECT_CAPABILITIES_MAX];
		size_t count = dialect_capabilities(t->dialect, words);
		json_t *can = json_array();

		for (size_t k = 0; k < count; k++)
			json_array_append_new(can, json_string(words[k]));
		json_array_append_new(
		        list,
		        json_pack("{s:s, s:s, s:b, s:b, s:s?, s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:o}", "name",
		                  t->name, "dialect", dialect_name(t->dialect), "present", t->present, "embedded",
		                  t->embedded, "path", t->program, "version", versions[i], "package", t->package,
		                  "config", t->user != NULL ? t->user->place : NULL, "heap_flag", heap_flag(t),
		                  "stack_flag", stack_flag(t), "preload_sees_heap",
		                  t->user != NULL ? NULL : dialect_target_preload(t->dialect, t->index),
		                  "capabilities", can));
	}
	for (size_t i = 0; i < a->count; i++)
		json_array_append_new(list,
		                      json_pack("{s:s, s:s, s:s, s:b, s:s?, s:s, s:s?}", "name", a->items[i].name,
		                                "kind", "allocator", "family", a->items[i].family, "present",
		                                a->items[i].present, "path", a->items[i].path, "version",
		                                a->items[i].version, "package", a->items[i].package));
	json_dumpf(list, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(list);
	return SG_EXIT_OK;
}

int cmd_targets(struct app *app)
{
	struct allocators allocators = { 0 };
	struct catalogue c = { 0 };
	struct err e = { 0 };
	int r = catalogue_init(&c, app, &e);
	char(*versions)[VERSION_BYTES] = calloc(c.target_count + 1, VERSION_BYTES);

	if (r == 0 && allocators_find(app, &allocators) < 0)
		r = err_set(&e, ENOMEM, "out of memory");
	if (r == 0 && (versions == NULL || versions_ask(&c, versions) < 0))
		r = err_set(&e, ENOMEM, "out of memory");
	if (r == 0) {
		if (opt_flag(&app->opts, "json")) {
			print_json(&c, &allocators, (const char(*)[VERSION_BYTES])versions);
		} else {
			print_present(&c, (const char(*)[VERSION_BYTES])versions);
			print_allocators(&allocators);
			print_missing(&c, &allocators);
		}
	}
	free(versions);
	allocators_deinit(&allocators);
	catalogue_deinit(&c);
	return r < 0 ? complain(&e, r) : SG_EXIT_OK;
}
