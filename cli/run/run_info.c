// What run.json says of a run beside the machine's facts, so that it can be gone on with and run again.
#include "pipeline.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static void add_option_facts(const struct opt_set *s, json_t *options)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->values[i].text != NULL && strcmp(s->values[i].source, "default") != 0)
			json_object_set_new(options, s->table[i].name, json_string(s->values[i].text));
}

// How tests are run, where it was asked for: the same holds when one is run again and when the run is gone on
// with.
static const char *const kept_options[] = {
	"timeout",    "grace",      "memory",           "cpu-time",        "files",          "procs",
	"io",         "no-limits",  "safe-mode",        "clean-home",      "wrap",           "preload",
	"retry",      "quarantine", "container-engine", "container-image", "container-root", "instrument",
	"fail-alloc", "leak-check", "jemalloc-cap",     "h2-target",       "h2-pid",         "run-skipped"
};
// For a whole run only.
static const char *const run_options[] = { "parallel",
	                                   "max-workers",
	                                   "container-sequential",
	                                   "container-seq",
	                                   "container-parallel",
	                                   "batch",
	                                   "between",
	                                   "keep",
	                                   "self-protect",
	                                   "cpu-threshold",
	                                   "cpu-limit",
	                                   "mem-threshold",
	                                   "mem-limit",
	                                   "disk-threshold",
	                                   "protect-after",
	                                   "output-limit",
	                                   "sample-every" };

#define KEPT_OPTIONS (sizeof kept_options / sizeof kept_options[0])
#define RUN_OPTIONS (sizeof run_options / sizeof run_options[0])

// What a shell leaves as it is.
#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-"

// A file is named absolutely: the command may be given elsewhere.
static void add_value(const char *name, const char *value, struct buf *text)
{
	char real[PATH_MAX];

	if (strcmp(name, "quarantine") == 0 && realpath(value, real) != NULL)
		value = real;
	buf_addf(text, " --%s", name);
	if (*value != '\0' && value[strspn(value, PLAIN)] == '\0')
		buf_addf(text, " %s", value);
	else
		pipeline_quote(value, text);
}

static void add_kept_options(const struct opt_set *o, struct buf *text)
{
	for (size_t i = 0; i < KEPT_OPTIONS; i++) {
		const char *name = kept_options[i];
		const struct opt_value *v = opt_get(o, name);

		if (!opt_given(o, name))
			continue;
		if (opt_is_flag(o, name))
			buf_addf(text, " --%s%s", v->number != 0 ? "" : "no-", name);
		else
			add_value(name, v->text, text);
	}
	if (pipeline_contained(o))
		buf_adds(text, " --container-sequential");
	if (opt_flag(o, "only-skipped"))
		buf_adds(text, " --run-skipped");
}

int pipeline_recall_options(struct opt_set *o, const json_t *info, struct err *e)
{
	const json_t *given = json_object_get(info, "options");
	int r = 0;

	for (size_t i = 0; i < KEPT_OPTIONS + RUN_OPTIONS && r == 0; i++) {
		const char *name = i < KEPT_OPTIONS ? kept_options[i] : run_options[i - KEPT_OPTIONS];
		const char *text = json_string_value(json_object_get(given, name));

		if (text != NULL)
			r = opt_recall(o, name, text, "run.json", e);
	}
	return r;
}

// The command that runs one test again lacks only the id behind it.
static json_t *again_command(const struct pipeline *j, const char *suite_dir)
{
	struct buf text = { 0 };
	char real[PATH_MAX];
	json_t *json;

	buf_addf(&text, "%s run", pipeline_self());
	pipeline_quote(j->source != NULL && realpath(j->run_dir, real) != NULL ? real : suite_dir, &text);
	for (size_t i = 0; i < j->param_count; i++)
		if (strncmp(j->params[i].name, "slab-", 5) == 0)
			buf_addf(&text, " --%s %s", j->params[i].name, j->params[i].value);
	add_kept_options(&j->app->opts, &text);
	if (j->repeat > 1) // else there is no ID#2
		buf_addf(&text, " --repeat %u", j->repeat);
	if (j->alloc.spec != NULL) {
		buf_adds(&text, " --alloc");
		pipeline_quote(j->alloc.spec, &text);
	}
	buf_adds(&text, " --only ");
	json = json_string(buf_text(&text));
	buf_deinit(&text);
	return json;
}

// Whether it is anything but the whole suite in its order.
static bool selection_is_special(const struct pipeline *j)
{
	for (size_t i = 0; i < j->selected; i++)
		if (j->selection[i] != i)
			return true;
	return j->selected != j->suite.count;
}

static json_t *selected_ids(const struct pipeline *j)
{
	json_t *ids = json_array();

	for (size_t i = 0; i < j->selected; i++)
		json_array_append_new(ids, json_string(j->suite.tests[j->selection[i]].id));
	return ids;
}

// Which server was loaded says no option.
static void add_urls(const struct opt_set *o, json_t *options)
{
	struct buf urls = { 0 };

	for (size_t i = 0; i < o->arg_count; i++)
		buf_addf(&urls, "%s%s", i > 0 ? " " : "", o->args[i]);
	if (o->arg_count > 0)
		json_object_set_new(options, "url", json_string(buf_text(&urls)));
	buf_deinit(&urls);
}

json_t *pipeline_info(const struct pipeline *j)
{
	char real[PATH_MAX];
	const char *dir = realpath(j->suite.dir, real) != NULL ? real : j->suite.dir;
	json_t *params = json_object();
	json_t *options = json_object();
	json_t *left_out = json_array();
	json_t *info = json_object();

	for (size_t i = 0; i < j->param_count; i++)
		json_object_set_new(params, j->params[i].name, json_string(j->params[i].value));
	for (size_t i = 0; i < j->suite.left_out_count; i++) {
		const struct suite_left_out *l = &j->suite.left_out[i];
		json_array_append_new(left_out, json_pack("{s:s,s:s,s:s}", "kernel", l->kernel, "dialect",
		                                          l->dialect, "reason", l->reason));
	}
	add_option_facts(&j->app->opts, options);
	if (j->app->command == COMMAND_H2)
		add_urls(&j->app->opts, options);
	if (pipeline_protects(&j->app->opts)) // as a resumed run, where no threshold is named, is to do
		json_object_set_new(options, "self-protect", json_string("yes"));
	if (opt_flag(&j->app->opts, "only-skipped"))
		json_object_set_new(options, "run-skipped", json_string("yes"));
	json_object_set_new(info, "stressgen", json_string(SG_VERSION));
	json_object_set_new(info, "suite", json_string(dir));
	json_object_update(info, j->origin);
	if (j->source != NULL)
		json_object_set(info, "source", j->source);
	if (j->cases != NULL)
		json_object_set(info, "cases", j->cases);
	json_object_set_new(info, "repeat", json_integer(j->repeat));
	if (j->soak_ns > 0)
		json_object_set_new(info, "soak_ns", json_integer((json_int_t)j->soak_ns));
	if (j->alloc.spec != NULL)
		json_object_set_new(info, "allocator",
		                    json_pack("{s:s, s:s, s:s, s:s?, s:s?}", "title", j->alloc.title, "name",
		                              j->alloc.spec, "version", j->alloc.version, "path", j->alloc.path,
		                              "options", j->alloc.options));
	if (j->pairs != NULL)
		json_object_set(info, "pairs", j->pairs);
	else if (selection_is_special(j))
		json_object_set_new(info, "selection", selected_ids(j));
	json_object_set_new(info, "seed", json_integer((json_int_t)j->suite.seed));
	json_object_set_new(info, "options", options);
	json_object_set_new(info, "suite_options",
	                    j->suite.options != NULL ? json_incref(j->suite.options) : json_object());
	json_object_set_new(info, "params", params);
	json_object_set_new(info, "left_out", left_out);
	json_object_set_new(info, "again", again_command(j, dir));
	return info;
}
