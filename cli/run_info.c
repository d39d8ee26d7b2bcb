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
	json_object_set_new(info, "stressgen", json_string(SG_VERSION));
	json_object_set_new(info, "suite", json_string(dir));
	if (j->source != NULL)
		json_object_set(info, "source", j->source);
	if (j->cases != NULL)
		json_object_set(info, "cases", j->cases);
	json_object_set_new(info, "repeat", json_integer(j->repeat));
	if (selection_is_special(j))
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
