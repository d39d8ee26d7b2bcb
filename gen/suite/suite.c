// A suite: one file for each kernel instance and target, and one for each scenario.
#include "generation.h"

#include "eval.h"
#include "io.h"
#include "sizes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

int generation_no_memory(struct generation *g)
{
	return err_set(g->e, ENOMEM, "%s: out of memory", g->config->out_dir);
}

static int set_text(struct generation *g, char **to, const char *text)
{
	*to = strdup(text);
	return *to == NULL ? generation_no_memory(g) : 0;
}

int generation_copy_patterns(struct generation *g, struct suite_test *t, const struct gen_target *target)
{
	const struct dialect *d = target->dialect;
	const size_t count = target->pattern_count + d->pattern_count;

	t->patterns = calloc(count + 1, sizeof *t->patterns);
	if (t->patterns == NULL)
		return generation_no_memory(g);
	for (size_t i = 0; i < count; i++) {
		const struct pattern *from =
		        i < target->pattern_count ? &target->patterns[i] : &d->patterns[i - target->pattern_count];
		struct pattern *to = &t->patterns[t->pattern_count++];
		int rc = set_text(g, &to->class_name, from->class_name);
		rc = rc < 0 ? rc : set_text(g, &to->exit, from->exit);
		rc = rc < 0 ? rc : set_text(g, &to->stream, from->stream);
		rc = rc < 0 ? rc : set_text(g, &to->regex, from->regex);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int generation_add_test(struct generation *g, const char *path, const char *id, const char *kernel,
                        const char *dialect, const char *target, struct suite_test **out)
{
	struct suite_test *t;
	int rc;

	if (json_object_get(g->ids, id) != NULL)
		return err_set(g->e, EEXIST, "two tests have the id %s; rename one", id);
	t = suite_add(&g->suite);
	if (t == NULL || json_object_set_new(g->ids, id, json_true()) < 0)
		return generation_no_memory(g);
	rc = set_text(g, &t->path, path);
	rc = rc < 0 ? rc : set_text(g, &t->id, id);
	rc = rc < 0 ? rc : set_text(g, &t->kernel, kernel);
	rc = rc < 0 ? rc : set_text(g, &t->dialect, dialect);
	rc = rc < 0 ? rc : set_text(g, &t->target, target);
	rc = rc < 0 || g->source == NULL ? rc : set_text(g, &t->source, g->source);
	*out = t;
	return rc;
}

static int write_test(struct generation *g, struct pairing *p)
{
	const struct dialect *d = p->target->dialect;
	struct buf text = { 0 }, path = { 0 };
	struct suite_test *t;
	int rc;

	buf_addf(&path, "%s.%s", buf_text(&p->id), d->extension);
	generation_add_header(&text, g, p);
	rc = emit_program(d, p->kernel, &p->values, &text);
	if (rc == 0 && (text.failed || path.failed || p->id.failed || p->params.failed))
		rc = -ENOMEM;
	if (rc == -E2BIG)
		err_set(g->e, E2BIG,
		        "%s: the program would be too large; do templates of %s use a placeholder twice?",
		        buf_text(&p->id), d->name);
	else if (rc < 0)
		generation_no_memory(g);
	if (rc == 0)
		rc = generation_add_test(g, path.data, p->id.data, p->kernel->name, d->name, p->target->name, &t);
	if (rc == 0 && p->kernel->growth != NULL && sizes_is_one(p->kernel, p->instance))
		rc = set_text(g, &t->growth, p->kernel->growth_all);
	if (rc == 0 && p->params.len > 0)
		rc = set_text(g, &t->param_text, p->params.data);
	if (rc == 0)
		rc = generation_copy_patterns(g, t, p->target);
	if (rc == 0)
		rc = outdir_write(&g->dir, path.data, text.data, text.len, g->e);
	buf_deinit(&text);
	buf_deinit(&path);
	return rc;
}

// --- instances and targets -------------------------------------------------------------------------------------

// Whether an earlier instance has the same values (as when --depth names a depth that is there anyway).
static bool is_repeated(const struct kernel *k, const struct kernel_instance *instance, const int64_t *values,
                        uint64_t depth)
{
	int64_t earlier[KERNEL_ARGS_MAX];

	if (instance < k->instances || instance >= k->instances + k->instance_count)
		return false; // none of the kernel's own
	for (const struct kernel_instance *i = k->instances; i < instance; i++)
		if (kernel_instance_values(k, i, depth, earlier, NULL) == 0 &&
		    memcmp(earlier, values, k->param_count * sizeof *values) == 0)
			return true;
	return false;
}

static void name_instance(struct pairing *p)
{
	const struct kernel *k = p->kernel;
	size_t name = strcspn(k->name, "+");

	buf_add(&p->id, k->name, name);
	for (size_t i = 0; i < k->param_count; i++) {
		if (p->instance->given[i])
			buf_addf(&p->id, "-%" PRId64, p->values.params[i]);
		buf_addf(&p->params, "%s%s=%" PRId64, i == 0 ? "" : " ", k->params[i].var->name,
		         p->values.params[i]);
	}
	buf_addf(&p->id, "%s.%s", k->name + name, p->target->name);
}

// What the evaluator gives up on has its formula for the result, and the runtime's own limit of calls.
int generation_find_expected(const struct kernel *k, struct emit_values *v, struct err *e)
{
	const bool evaluated = k->expect == NULL || (k->stack == NULL && kernel_recurses(k));
	struct eval_result result = { 0 };
	struct err ignored = { 0 };
	int rc = evaluated ? eval_kernel(k, v->params, NULL, &result, k->expect == NULL ? e : &ignored) : 0;

	v->expect = result.value;
	v->stack = (int64_t)result.calls_bound;
	if (k->expect != NULL)
		rc = kernel_evaluate(k, k->expect, v->params, &v->expect, e);
	if (rc == 0 && k->stack != NULL)
		rc = kernel_evaluate(k, k->stack, v->params, &v->stack, e);
	return rc;
}

static int write_instance(struct generation *g, const struct kernel *k, const struct kernel_instance *instance)
{
	int64_t values[KERNEL_ARGS_MAX];
	struct emit_values v = { .params = values, .seed = g->config->seed };
	char reason[256];
	int rc = kernel_instance_values(k, instance, g->config->depth, values, g->e);

	if (rc < 0 || is_repeated(k, instance, values, g->config->depth))
		return rc;
	rc = generation_find_expected(k, &v, g->e);
	for (size_t i = 0; rc == 0 && i < g->config->target_count; i++) {
		struct pairing p = { k, instance, &g->config->targets[i], v, { 0 }, { 0 } };
		if (emit_lacks(p.target->dialect, k, reason, sizeof reason) != NULL)
			continue;
		name_instance(&p);
		rc = write_test(g, &p);
		buf_deinit(&p.id);
		buf_deinit(&p.params);
	}
	return rc;
}

static bool is_left_out(const struct suite *s, const char *kernel, const char *dialect, const char *reason)
{
	for (size_t i = 0; i < s->left_out_count; i++)
		if (strcmp(s->left_out[i].kernel, kernel) == 0 && strcmp(s->left_out[i].dialect, dialect) == 0 &&
		    strcmp(s->left_out[i].reason, reason) == 0)
			return true;
	return false;
}

// Notes the dialects that cannot write the kernel, each once; of random ones not which, but why.
static int note_left_out(struct generation *g, const struct kernel *k)
{
	const char *name = g->random ? "some random kernels" : k->name;
	char reason[256];

	for (size_t i = 0; i < g->config->target_count; i++) {
		const struct dialect *d = g->config->targets[i].dialect;
		bool seen = false;
		for (size_t n = 0; n < i; n++)
			seen = seen || g->config->targets[n].dialect == d;
		if (!seen && emit_lacks(d, k, reason, sizeof reason) != NULL &&
		    !is_left_out(&g->suite, name, d->name, reason) &&
		    suite_leave_out(&g->suite, name, d->name, reason) < 0)
			return generation_no_memory(g);
	}
	return 0;
}

// In place of the usual instances, the slow ones kept.
static int write_sizes(struct generation *g, const struct kernel *k, const int64_t *sizes, size_t count)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++) {
		int64_t values[KERNEL_ARGS_MAX];
		bool given[KERNEL_ARGS_MAX] = { true }, from_depth[KERNEL_ARGS_MAX] = { false };
		const struct kernel_instance instance = { values, given, from_depth, false };
		for (size_t p = 0; p < k->param_count; p++)
			values[p] = p == 0 ? sizes[i] : k->params[p].value;
		rc = write_instance(g, k, &instance);
	}
	for (size_t i = 0; rc == 0 && i < k->instance_count; i++)
		if (k->instances[i].slow)
			rc = write_instance(g, k, &k->instances[i]);
	return rc;
}

static int by_size(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

// Adds those that are asked for beside the usual ones; returns how many there are then.
static size_t add_more(const struct gen_config *c, const struct kernel *k, int64_t sizes[SIZES_MOST], size_t count)
{
	for (size_t i = 0; count > 0 && i < c->more_count && count < SIZES_MOST; i++)
		if (strcmp(c->more_sizes[i].kernel, k->name) == 0 &&
		    bsearch(&c->more_sizes[i].size, sizes, count, sizeof *sizes, by_size) == NULL) {
			sizes[count++] = c->more_sizes[i].size;
			qsort(sizes, count, sizeof *sizes, by_size);
		}
	return count;
}

static int write_kernel(struct generation *g, const struct kernel *k)
{
	int64_t sizes[SIZES_MOST];
	size_t count = sizes_of(k, g->config->depth, g->config->sizes, sizes);
	int rc = note_left_out(g, k);

	count = add_more(g->config, k, sizes, count);

	if (rc == 0 && count > 0)
		return write_sizes(g, k, sizes, count);
	for (size_t i = 0; rc == 0 && i < k->instance_count; i++)
		rc = write_instance(g, k, &k->instances[i]);
	return rc;
}

int generation_write_kept(struct generation *g, const struct kernel *k, const struct buf *text)
{
	size_t tests = g->suite.count;
	struct buf path = { 0 };
	int rc;

	buf_addf(&path, "kernels/%s.kernel", kernel_short_name(k));
	g->source = path.data;
	rc = path.failed ? generation_no_memory(g) : write_kernel(g, k);
	g->source = NULL;
	if (rc == 0 && g->suite.count > tests)
		rc = outdir_write(&g->dir, path.data, text->data, text->len, g->e);
	buf_deinit(&path);
	return rc;
}

static int write_named(struct generation *g, const struct kernel *k)
{
	struct buf text = { 0 };
	int rc;

	if (!g->config->keep_kernels)
		return write_kernel(g, k);
	rc = io_read_file(k->path, KERNEL_FILE_MAX, &text, g->e);
	if (rc >= 0)
		rc = generation_write_kept(g, k, &text);
	buf_deinit(&text);
	return rc;
}

// --- the whole -------------------------------------------------------------------------------------------------

// By kind, recursion first, then by name.
static int by_kind_and_name(const void *a, const void *b)
{
	const struct kernel *x = *(struct kernel *const *)a, *y = *(struct kernel *const *)b;
	int rank_x = x->kind == KIND_RECURSION ? 0 : x->kind == KIND_GC ? 1 : 2;
	int rank_y = y->kind == KIND_RECURSION ? 0 : y->kind == KIND_GC ? 1 : 2;

	return rank_x != rank_y ? rank_x - rank_y : strcmp(x->name, y->name);
}

static int load_kernels(struct generation *g)
{
	int rc = 0;

	g->kernels = calloc(g->config->kernel_count + 1, sizeof(struct kernel *));
	if (g->kernels == NULL)
		return generation_no_memory(g);
	for (size_t i = 0; rc == 0 && i < g->config->kernel_count; i++) {
		rc = kernel_load(g->config->kernels[i], &g->kernels[i], g->e);
		g->kernel_count += rc == 0;
	}
	qsort(g->kernels, g->kernel_count, sizeof(struct kernel *), by_kind_and_name);
	return rc;
}

// A target whose command must come from the person, and a name that cannot be in a path, are refused.
static int check_targets(struct generation *g)
{
	for (size_t i = 0; i < g->config->target_count; i++) {
		const struct gen_target *t = &g->config->targets[i];
		struct buf id = { 0 };
		buf_addf(&id, "kind/%s", t->name);
		bool plain = !id.failed && generation_is_plain_id(buf_text(&id)) && strchr(t->name, '/') == NULL;
		buf_deinit(&id);
		if (!plain)
			return err_set(g->e, EINVAL, "target '%s': a name has letters, digits and _ + @ . - only",
			               t->name);
		if (t->command == NULL && generation_find_target(t) == NULL)
			return err_set(g->e, EINVAL, "target '%s': dialect %s has no command for it", t->name,
			               t->dialect->name);
		if (t->command != NULL && strpbrk(t->command, "\n\r") != NULL)
			return err_set(g->e, EINVAL, "target '%s': its command has more than one line", t->name);
	}
	return 0;
}

// What the person set is some scenario's parameter, and a value that it may have.
static int check_params(struct generation *g)
{
	const struct gen_config *c = g->config;
	int rc = 0;

	g->params_used = calloc(c->param_count + 1, sizeof *g->params_used);
	if (g->params_used == NULL)
		return generation_no_memory(g);
	if (c->param_count == 0)
		return 0;
	for (size_t i = 0; rc == 0 && i < c->scenario_count; i++)
		rc = generation_check_scenario(g, c->scenarios[i]);
	for (size_t i = 0; rc == 0 && i < c->service_count; i++)
		rc = generation_check_service(g, c->services[i]);
	if (rc == 0 && c->fuzz_count > 0)
		rc = generation_check_fuzz(g);
	for (size_t i = 0; rc == 0 && i < c->param_count; i++)
		if (!g->params_used[i])
			rc = err_set(g->e, EINVAL,
			             "no scenario of this suite has a parameter for '%s': they declare theirs by "
			             "(param NAME ...), and --kernel and --no-http2 leave them out",
			             c->params[i]);
	return rc;
}

static int describe_suite(struct generation *g)
{
	const struct gen_config *c = g->config;
	json_t *targets = json_array();

	for (size_t i = 0; i < c->target_count; i++)
		json_array_append_new(targets, json_string(c->targets[i].name));
	g->suite.options = json_pack("{s:I, s:o, s:o*}", "depth", (json_int_t)c->depth, "targets", targets,
	                             "limits", generation_describe_limits(c));
	g->suite.seed = c->seed;
	if (g->suite.options == NULL)
		return generation_no_memory(g);
	int rc = set_text(g, &g->suite.dir, c->out_dir);
	return rc < 0 ? rc : set_text(g, &g->suite.generator, c->generator);
}

static int write_all(struct generation *g)
{
	int rc = describe_suite(g);

	for (size_t i = 0; rc == 0 && i < g->kernel_count; i++) {
		rc = write_named(g, g->kernels[i]);
		if (rc == 0)
			rc = generation_write_modes(g, g->kernels[i]);
	}
	for (uint64_t i = 0; rc == 0 && i < g->config->random_count; i++)
		rc = generation_write_random(g, i);
	for (uint64_t i = 0; rc == 0 && i < g->config->malformed_count; i++)
		for (size_t t = 0; rc == 0 && t < g->config->target_count; t++)
			rc = generation_write_malformed(g, &g->config->targets[t], i);
	for (size_t i = 0; rc == 0 && i < g->config->scenario_count; i++)
		rc = generation_write_scenario(g, g->config->scenarios[i]);
	for (size_t i = 0; rc == 0 && i < g->config->service_count; i++)
		rc = generation_write_service(g, g->config->services[i]);
	if (rc == 0 && g->config->fuzz_count > 0)
		rc = generation_write_fuzz(g);
	for (size_t i = 0; rc == 0 && i < g->config->workload_count; i++)
		rc = generation_write_workload(g, &g->config->workloads[i]);
	if (rc == 0)
		rc = suite_save(&g->suite, g->e);
	return rc == 0 ? outdir_finish(&g->dir, g->e) : rc;
}

int gen_suite(const struct gen_config *c, struct err *e)
{
	struct generation g = { .config = c, .dir = { c->out_dir, -1 }, .ids = json_object(), .e = e };
	int rc = check_targets(&g);

	if (rc == 0 && c->gc_modes != NULL)
		rc = mode_parse_list(c->gc_modes, g.modes, &g.mode_count, e);
	// everything that was given is read before anything is written
	if (rc == 0)
		rc = load_kernels(&g);
	if (rc == 0)
		rc = check_params(&g);
	if (rc == 0)
		rc = outdir_begin(&g.dir, c->out_dir, e);
	if (rc == 0)
		rc = write_all(&g);
	outdir_deinit(&g.dir);
	suite_deinit(&g.suite);
	json_decref(g.ids);
	for (size_t i = 0; i < g.kernel_count; i++)
		kernel_free(g.kernels[i]);
	free(g.kernels);
	free(g.params_used);
	return rc;
}

// Says at the formula that it is wrong, and for which values of the parameters.
static int disagree(const struct kernel *k, const int64_t *values, int64_t formula,
                    const struct eval_result *computed, struct err *e)
{
	struct buf with = { 0 };
	int rc;

	for (size_t i = 0; i < k->param_count; i++)
		buf_addf(&with, "%s %s = %" PRId64, i == 0 ? " with" : ",", k->params[i].var->name, values[i]);
	rc = with.failed
	             ? err_set(e, ENOMEM, "%s: out of memory", k->path)
	             : err_at(e, EINVAL, k->path, k->expect->line, k->expect->column,
	                      "expect says %" PRId64 ", the kernel computes %" PRId64 "%.600s (%" PRIu64 " steps)",
	                      formula, computed->value, buf_text(&with), computed->steps);
	buf_deinit(&with);
	return rc;
}

// The formulas first: they say more when they are wrong in themselves.
static int check_instance(const struct kernel *k, const int64_t *values, struct err *e)
{
	struct eval_result computed;
	int64_t formula = 0, stack;
	int rc = k->expect == NULL ? 0 : kernel_evaluate(k, k->expect, values, &formula, e);

	if (rc == 0 && k->stack != NULL)
		rc = kernel_evaluate(k, k->stack, values, &stack, e);
	if (rc == 0)
		rc = eval_kernel(k, values, NULL, &computed, e);
	if (rc == 0 && k->expect != NULL && computed.value != formula)
		rc = disagree(k, values, formula, &computed, e);
	return rc;
}

int gen_check_kernel(const char *path, struct err *e)
{
	struct kernel *k;
	int rc = kernel_load(path, &k, e);

	for (size_t i = 0; rc == 0 && i < k->instance_count; i++)
		rc = check_instance(k, k->instances[i].values, e);
	kernel_free(k);
	return rc;
}
