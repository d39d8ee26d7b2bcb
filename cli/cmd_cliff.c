// stressgen cliff: the value of a parameter from which a kernel breaks, by generating and running it at one value
// after another.
#include "cliff_hunt.h"

#include "io.h"
#include "kernel.h"
#include "units.h"
#include "verdict.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLIFFS_DIR "stressgen-cliffs"
#define TIMEOUT_NS UINT64_C(10000000000)
#define SLAB_BYTES (UINT64_C(16) << 20)
#define SHORT_TIMEOUT_NS UINT64_C(3000000000)
#define SMALL_SLAB_BYTES (UINT64_C(1) << 20) // for remedies
#define SMALL_MEMORY_BYTES (UINT64_C(512) << 20)

static int no_memory(struct err *e)
{
	return err_set(e, ENOMEM, "out of memory");
}

// ---- all of them --------------------------------------------------------------------------------------------

// With --all a kernel whose cost does not grow with a size has nothing to search.
static int add_growing(struct hunt *h)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < h->catalogue.kernels.count; i++) {
		const char *path = h->catalogue.kernels.items[i];
		struct kernel *k;
		r = kernel_load(path, &k, h->e);
		if (r == 0 && k->param_count > 0 && k->growth != NULL && strcmp(k->growth, "1") != 0 &&
		    strings_add(&h->kernels, path, strlen(path)) < 0)
			r = no_memory(h->e);
		kernel_free(k);
	}
	return r;
}

// --http2 is a default of other commands.
static bool is_http2(const struct opt_set *o)
{
	return opt_given(o, "http2") && opt_flag(o, "http2");
}

static int choose_kernels(struct hunt *h)
{
	const struct opt_set *o = &h->app->opts;
	int r = 0;

	if (opt_flag(o, "all"))
		r = add_growing(h);
	for (size_t i = 0; r == 0 && i < o->arg_count; i++)
		r = catalogue_kernel(&h->catalogue, o->args[i], &h->kernels, h->e);
	if (r == 0 && opt_text(o, "kernel") != NULL)
		r = catalogue_kernels(&h->catalogue, o, &h->kernels, h->e);
	if (r == 0 && h->kernels.count == 0 && !opt_flag(o, "remedies") && !is_http2(o))
		r = err_set(h->e, EINVAL, "which kernel? Name one (stressgen list shows them), or --all");
	return r;
}

// "time=10s,memory=2G"
static int read_limit(struct hunt *h, const char *text)
{
	char *copy = strdup(text), *rest = copy;
	int r = copy == NULL ? no_memory(h->e) : 0;

	for (char *item; r == 0 && (item = strsep(&rest, ",")) != NULL;) {
		if (strncmp(item, "time=", 5) == 0)
			r = units_parse_duration(item + 5, &h->found.timeout_ns);
		else if (strncmp(item, "memory=", 7) == 0)
			r = units_parse_bytes(item + 7, &h->found.memory_bytes);
		else
			r = -EINVAL;
		if (r == 0 && h->found.timeout_ns == 0)
			r = -EINVAL; // what never ends is no cliff
		if (r < 0)
			r = err_set(h->e, EINVAL, "--limit: '%s' is no limit; write it as time=10s,memory=2G",
			            item);
	}
	free(copy);
	return r;
}

static char *command_line(const struct hunt *h)
{
	const struct opt_set *o = &h->app->opts;
	struct buf b = { 0 };

	buf_addf(&b, "%s cliff", pipeline_self());
	for (size_t i = 0; i < o->count; i++)
		if (strcmp(o->values[i].source, "command line") == 0 && o->values[i].text != NULL) {
			buf_addf(&b, " --%s", o->table[i].name);
			if (o->table[i].type != OPT_FLAG)
				pipeline_quote(o->values[i].text, &b);
		}
	for (size_t i = 0; i < o->arg_count; i++)
		pipeline_quote(o->args[i], &b);
	return buf_take(&b);
}

static int choose_allocator(struct hunt *h)
{
	const char *given = opt_text(&h->app->opts, "alloc");
	int r = given == NULL ? 0 : allocator_choose(h->app, given, &h->alloc, h->e);

	if (r == 0 && given != NULL &&
	    (allocator_set_environment(&h->alloc) < 0 || (h->found.allocator = strdup(h->alloc.title)) == NULL))
		r = no_memory(h->e);
	if (r == 0 && given != NULL)
		allocator_tell(h->app, &h->alloc);
	return r;
}

// What run.json says, so that compare and the history know what was measured.
static json_t *run_info(const struct hunt *h)
{
	json_t *info = json_pack("{s:s, s:s, s:s}", "stressgen", SG_VERSION, "again", h->found.command, "cliffs",
	                         "cliffs.json");

	if (h->alloc.spec != NULL)
		json_object_set_new(info, "allocator",
		                    json_pack("{s:s, s:s, s:s, s:s*}", "title", h->alloc.title, "name",
		                              h->alloc.spec, "version", h->alloc.version, "path", h->alloc.path));
	return info;
}

// The remedies' targets are their own.
static int check_remedies(const struct opt_set *o, struct err *e)
{
	static const char *const others[] = { "target", "dialect", "target-cmd", "http2" };

	for (size_t i = 0; opt_flag(o, "remedies") && i < sizeof others / sizeof others[0]; i++)
		if (opt_by_flag(o, others[i]))
			return err_set(e, EINVAL, "--remedies compares targets of its own; leave out --%s",
			               others[i]);
	return 0;
}

static int prepare(struct hunt *h)
{
	const struct opt_set *o = &h->app->opts;
	const char *limit = opt_text(o, "limit"), *format = opt_text(o, "format");
	int r = check_remedies(o, h->e);

	if (r < 0)
		return r;
	h->dir = opt_text(o, "output") != NULL ? opt_text(o, "output") : CLIFFS_DIR;
	h->found.timeout_ns = opt_given(o, "timeout")   ? opt_number(o, "timeout")
	                      : opt_flag(o, "remedies") ? SHORT_TIMEOUT_NS
	                                                : TIMEOUT_NS;
	h->found.memory_bytes =
	        opt_given(o, "memory") || !opt_flag(o, "remedies") ? opt_number(o, "memory") : SMALL_MEMORY_BYTES;
	h->found.slab_bytes = opt_given(o, "slab-capacity") ? opt_number(o, "slab-capacity")
	                      : opt_flag(o, "remedies")     ? SMALL_SLAB_BYTES
	                                                    : SLAB_BYTES;
	h->found.command = command_line(h);
	if (h->found.command == NULL)
		r = no_memory(h->e);
	if (r == 0 && strcmp(format, "text") != 0 && strcmp(format, "json") != 0)
		r = err_set(h->e, EINVAL, "cliff prints --format text or json; the page is always written");
	if (r == 0 && limit != NULL)
		r = read_limit(h, limit);
	if (r == 0)
		r = catalogue_init(&h->catalogue, h->app, h->e);
	if (r == 0)
		r = choose_kernels(h);
	if (r == 0 && !is_http2(o))
		r = catalogue_targets(&h->catalogue, o, &h->targets, &h->target_count, h->e);
	if (r == 0)
		r = choose_allocator(h);
	if (r == 0)
		r = io_make_dirs(h->dir, h->e);
	h->pairs = h->kernels.count * h->target_count;
	if (r == 0)
		r = cliff_journal_open(&h->journal, h->dir, h->pairs, run_info(h), h->e);
	return r;
}

// cliffs.json and cliffs.html, after each pair: what was found is not lost.
int hunt_write_files(struct hunt *h)
{
	char *json = io_join(h->dir, "cliffs.json"), *html = io_join(h->dir, "cliffs.html");
	json_t *all = cliffs_to_json(&h->found);
	char *text = all != NULL ? json_dumps(all, JSON_INDENT(1)) : NULL;
	int r = json == NULL || html == NULL || text == NULL ? no_memory(h->e)
	                                                     : io_replace_file(json, text, strlen(text), h->e);

	if (r == 0)
		r = cliffs_html(&h->found, html, h->e);
	json_decref(all);
	free(text);
	free(json);
	free(html);
	return r;
}

static int hunt_all(struct hunt *h)
{
	int r = 0;

	for (size_t k = 0; k < h->kernels.count; k++)
		for (size_t t = 0; t < h->target_count && r == 0 && !h->interrupted; t++) {
			h->pair++;
			r = hunt_one(h, h->kernels.items[k], &h->targets[t]);
			if (r == 0)
				r = cliff_journal_add(&h->journal, &h->found.items[h->found.count - 1],
				                      h->found.allocator, h->e);
			if (r == 0)
				r = hunt_write_files(h);
		}
	return r;
}

static void print(const struct hunt *h)
{
	json_t *all;

	if (strcmp(opt_text(&h->app->opts, "format"), "text") == 0) {
		cliffs_text(&h->found, &h->app->out_style, stdout);
		say(h->app, "%s/cliffs.html, cliffs.json", h->dir);
		return;
	}
	all = cliffs_to_json(&h->found);
	json_dumpf(all, stdout, JSON_INDENT(1));
	putchar('\n');
	json_decref(all);
}

int cmd_cliff(struct app *app)
{
	struct err e = { 0 };
	struct hunt h = { .app = app, .e = &e };
	int r = prepare(&h), code;

	if (r == 0)
		r = opt_flag(&app->opts, "remedies") ? hunt_remedies(&h)
		    : is_http2(&app->opts)           ? hunt_http2(&h)
		                                     : hunt_all(&h);
	if (r == 0 && !opt_flag(&app->opts, "remedies"))
		print(&h);
	if (r == 0)
		r = cliff_journal_close(&h.journal, h.interrupted ? "SIGINT" : "finished", &e);
	else
		cliff_journal_close(&h.journal, NULL, NULL);
	code = r == -ENODEV ? (complain(&e, r), SG_EXIT_MISSING) : r < 0 ? complain(&e, r) : SG_EXIT_OK;
	if (r == 0 && h.interrupted)
		code = SG_EXIT_SIGNAL + 2;
	catalogue_deinit(&h.catalogue);
	strings_deinit(&h.kernels);
	free(h.targets);
	allocator_choice_deinit(&h.alloc);
	cliffs_deinit(&h.found);
	return code;
}
