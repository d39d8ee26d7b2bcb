// A suite: one file for each kernel instance and target, and one for each scenario.
#include "suite.h"

#include "emit.h"
#include "eval.h"
#include "io.h"
#include "malformed.h"
#include "mode.h"
#include "outdir.h"
#include "random.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MIB (1024U * 1024U)
#define SCENARIO_MAX (1024U * 1024U)
// Of a slow instance whose kernel gives none: the bigger sizes take minutes where a call costs a microsecond.
#define SLOW_TIMEOUT_S UINT64_C(600)

struct generation {
	const struct gen_config *config;
	struct kernel **kernels; // sorted
	size_t kernel_count;
	struct outdir dir;
	struct suite suite;
	json_t *ids;        // of the tests so far: id -> true
	const char *source; // the file in the suite that the kernel at hand is in; NULL
	bool random;        // it is a random one
	struct mode modes[MODES_MAX];
	size_t mode_count;
	struct err *e;
};

// One kernel instance on one target.
struct pairing {
	const struct kernel *kernel;
	const struct kernel_instance *instance;
	const struct gen_target *target;
	struct emit_values values;
	struct buf id, params; // "recursion/sum-1000.python3", "depth=1000"
};

static int no_memory(struct generation *g)
{
	return err_set(g->e, ENOMEM, "%s: out of memory", g->config->out_dir);
}

static int set_text(struct generation *g, char **to, const char *text)
{
	*to = strdup(text);
	return *to == NULL ? no_memory(g) : 0;
}

// --- one test's file -------------------------------------------------------------------------------------------

__attribute__((format(printf, 3, 4))) static void comment(struct buf *out, const struct dialect *d,
                                                          const char *format, ...)
{
	struct buf line = { 0 };
	va_list args;

	buf_adds(&line, d->comment);
	va_start(args, format);
	buf_vaddf(&line, format, args);
	va_end(args);
	while (d->comment_end[0] == 0 && line.len > 0 && line.data[line.len - 1] == ' ')
		line.len--;
	buf_add(out, buf_text(&line), line.len);
	buf_addf(out, "%s\n", d->comment_end);
	out->failed = out->failed || line.failed;
	buf_deinit(&line);
}

// The dialect's own target of that name; NULL when the person brought the command along.
static const struct dialect_target *find_target(const struct gen_target *t)
{
	for (size_t i = 0; i < t->dialect->target_count; i++)
		if (strcmp(t->dialect->targets[i].name, t->name) == 0)
			return &t->dialect->targets[i];
	return NULL;
}

// A flag with the limit in it.
static void add_flag(struct buf *out, const char *flag, uint64_t bytes)
{
	static const struct {
		const char *name;
		uint64_t unit;
	} units[] = { { "{mib}", 1024 * 1024 },
		      { "{kib}", 1024 },
		      { "{bytes}", 1 },
		      { "{words}", 8 },
		      { "{kwords}", 8192 } };
	const size_t unit_count = sizeof units / sizeof units[0];

	while (*flag != 0) {
		size_t i = 0;

		while (i < unit_count && strncmp(flag, units[i].name, strlen(units[i].name)) != 0)
			i++;
		if (i < unit_count)
			buf_addf(out, "%" PRIu64, bytes / units[i].unit);
		else
			buf_addc(out, *flag);
		flag += i < unit_count ? strlen(units[i].name) : 1;
	}
}

// How a target is given a limit; "" when it has no flag for that.
static const char *flag_for(const char *of_target, const char *of_dialect)
{
	return of_target != NULL ? of_target : of_dialect != NULL ? of_dialect : "";
}

// The command with its flags in the place of {flags}; a limit of the stack that the target has no flag for is the
// process's.
static void add_command(struct buf *out, const struct gen_config *c, const char *command, const char *heap_flag,
                        const char *stack_flag)
{
	const char *place = strstr(command, "{flags}");
	struct buf flags = { 0 };

	if (c->stack_bytes > 0 && stack_flag[0] == 0)
		buf_addf(out, "prlimit --stack=%" PRIu64 " -- ", c->stack_bytes);
	if (c->heap_bytes > 0 && heap_flag[0] != 0)
		add_flag(&flags, heap_flag, c->heap_bytes);
	if (c->stack_bytes > 0 && stack_flag[0] != 0) {
		buf_adds(&flags, flags.len > 0 ? " " : "");
		add_flag(&flags, stack_flag, c->stack_bytes);
	}
	if (place == NULL) {
		buf_adds(out, command);
	} else {
		buf_add(out, command, (size_t)(place - command));
		buf_adds(out, buf_text(&flags));
		place += strlen("{flags}");
		buf_adds(out, flags.len == 0 && *place == ' ' ? place + 1 : place);
	}
	out->failed = out->failed || flags.failed;
	buf_deinit(&flags);
}

// What stands before the name of a parameter that is found out before the run: near full, each test has its own.
static const char *near_full(const struct kernel *k, const struct param *param)
{
	const char *mode = k != NULL ? mode_of(k) : NULL;
	bool own = mode != NULL && strcmp(mode, "near-full") == 0 && strcmp(param->value, "auto") == 0;

	return own ? "near-full-" : "";
}

// The command as it stands, but for the names of such parameters in {param:NAME}.
static void add_renamed(struct buf *out, const struct kernel *k, const struct dialect_target *own,
                        const char *command)
{
	while (*command != 0) {
		bool found = strncmp(command, "{param:", 7) == 0;
		size_t n = found ? 7 : 1, name = strcspn(command + n, "}");

		buf_add(out, command, n);
		command += n;
		for (size_t i = 0; found && own != NULL && i < own->param_count; i++)
			if (name == strlen(own->params[i].name) &&
			    strncmp(command, own->params[i].name, name) == 0)
				buf_adds(out, near_full(k, &own->params[i]));
	}
}

// How the program is run, and with which limits. `k` is NULL for a program that is no kernel.
static void add_run(struct buf *out, const struct generation *g, const struct kernel *k,
                    const struct gen_target *t)
{
	const struct dialect_target *own = find_target(t);
	const struct gen_config *c = g->config;
	const char *heap_flag = flag_for(t->heap_flag, own != NULL ? own->heap_flag : NULL);
	const char *stack_flag = flag_for(t->stack_flag, own != NULL ? own->stack_flag : NULL);
	struct buf command = { 0 }, renamed = { 0 };

	add_renamed(&renamed, k, own, t->command != NULL ? t->command : own->command);
	add_command(&command, c, buf_text(&renamed), heap_flag, stack_flag);
	command.failed = command.failed || renamed.failed;
	buf_deinit(&renamed);
	comment(out, t->dialect, "@Run %s", buf_text(&command));
	out->failed = out->failed || command.failed;
	buf_deinit(&command);
	if (c->heap_bytes > 0 && heap_flag[0] == 0)
		comment(out, t->dialect, "@Memory %" PRIu64, (c->heap_bytes + MIB - 1) / MIB);
	if (c->heap_bytes > 0)
		comment(out, t->dialect, "@Param heap-limit=%" PRIu64, c->heap_bytes);
	if (c->stack_bytes > 0)
		comment(out, t->dialect, "@Param stack-limit=%" PRIu64, c->stack_bytes);
}

static void add_header(struct buf *out, const struct generation *g, const struct pairing *p)
{
	const struct dialect *d = p->target->dialect;
	const struct dialect_target *own = find_target(p->target);
	const struct kernel *k = p->kernel;

	if (d->first_line[0] != 0)
		buf_addf(out, "%s\n", d->first_line);
	comment(out, d, "@Test %s", buf_text(&p->id));
	comment(out, d, "@Kind %s", test_kind_name(k->kind));
	comment(out, d, "@Tag %s", d->name);
	if (mode_of(k) != NULL)
		comment(out, d, "@Tag %s", mode_of(k));
	if (k->timeout_s > 0 || p->instance->slow) // else --timeout decides
		comment(out, d, "@Timeout %" PRIu64 "s", k->timeout_s > 0 ? k->timeout_s : SLOW_TIMEOUT_S);
	if (p->instance->slow)
		comment(out, d, "@Slow");
	add_run(out, g, k, p->target);
	for (size_t i = 0; i < k->param_count; i++)
		comment(out, d, "@Param %s=%" PRId64, k->params[i].var->name, p->values.params[i]);
	for (size_t i = 0; own != NULL && i < own->param_count; i++)
		comment(out, d, "@Param %s%s=%s", near_full(k, &own->params[i]), own->params[i].name,
		        own->params[i].value);
	comment(out, d, "@Sentinel on");
	comment(out, d, "%s", "");
	comment(out, d, "%s: %s.", k->name, k->summary);
	if (k->stresses != NULL)
		comment(out, d, "Stresses %s.", k->stresses);
	comment(out, d, "Written by %s from %s.kernel with seed %" PRIu64 "%s%s.", g->config->generator, k->name,
	        g->config->seed, p->params.len > 0 ? " and " : "", buf_text(&p->params));
	buf_addc(out, '\n');
}

// Those of the target, then those of its language.
static int copy_patterns(struct generation *g, struct suite_test *t, const struct gen_target *target)
{
	const struct dialect *d = target->dialect;
	const size_t count = target->pattern_count + d->pattern_count;

	t->patterns = calloc(count + 1, sizeof *t->patterns);
	if (t->patterns == NULL)
		return no_memory(g);
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

// What suite.json says of the test.
static int add_test(struct generation *g, const char *path, const char *id, const char *kernel,
                    const char *dialect, const char *target, struct suite_test **out)
{
	struct suite_test *t;
	int rc;

	if (json_object_get(g->ids, id) != NULL)
		return err_set(g->e, EEXIST, "two tests have the id %s; rename one", id);
	t = suite_add(&g->suite);
	if (t == NULL || json_object_set_new(g->ids, id, json_true()) < 0)
		return no_memory(g);
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
	add_header(&text, g, p);
	rc = emit_program(d, p->kernel, &p->values, &text);
	if (rc == 0 && (text.failed || path.failed || p->id.failed || p->params.failed))
		rc = -ENOMEM;
	if (rc == -E2BIG)
		err_set(g->e, E2BIG,
		        "%s: the program would be too large; do templates of %s use a placeholder twice?",
		        buf_text(&p->id), d->name);
	else if (rc < 0)
		no_memory(g);
	if (rc == 0)
		rc = add_test(g, path.data, p->id.data, p->kernel->name, d->name, p->target->name, &t);
	if (rc == 0 && p->kernel->growth != NULL)
		rc = set_text(g, &t->growth, p->kernel->growth);
	if (rc == 0 && p->params.len > 0)
		rc = set_text(g, &t->param_text, p->params.data);
	if (rc == 0)
		rc = copy_patterns(g, t, p->target);
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

// What the kernel's formula says; without one, what the kernel computes.
static int find_expected(const struct kernel *k, const int64_t *values, int64_t *out, struct err *e)
{
	struct eval_result result = { 0 };
	int rc;

	if (k->expect != NULL)
		return kernel_evaluate(k, k->expect, values, out, e);
	rc = eval_kernel(k, values, NULL, &result, e);
	*out = result.value;
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
	rc = find_expected(k, values, &v.expect, g->e);
	if (rc == 0 && k->stack != NULL)
		rc = kernel_evaluate(k, k->stack, values, &v.stack, g->e);
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
			return no_memory(g);
	}
	return 0;
}

static int write_kernel(struct generation *g, const struct kernel *k)
{
	int rc = note_left_out(g, k);

	for (size_t i = 0; rc == 0 && i < k->instance_count; i++)
		rc = write_instance(g, k, &k->instances[i]);
	return rc;
}

// With the kernel's own text beside its tests, where there are any.
static int write_kept(struct generation *g, const struct kernel *k, const struct buf *text)
{
	size_t tests = g->suite.count;
	struct buf path = { 0 };
	int rc;

	buf_addf(&path, "kernels/%s.kernel", kernel_short_name(k));
	g->source = path.data;
	rc = path.failed ? no_memory(g) : write_kernel(g, k);
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
		rc = write_kept(g, k, &text);
	buf_deinit(&text);
	return rc;
}

// --- random kernels --------------------------------------------------------------------------------------------

static int write_random(struct generation *g, uint64_t index)
{
	unsigned size = g->config->random_size > 0 ? g->config->random_size : RANDOM_SIZE;
	struct buf text = { 0 }, name = { 0 };
	struct kernel *k = NULL;
	int rc = random_kernel(g->config->seed, index, size, &text);

	buf_addf(&name, "random-%" PRIu64 "-%" PRIu64, g->config->seed, index);
	if (rc < 0 || name.failed)
		rc = no_memory(g);
	g->random = true;
	if (rc == 0)
		rc = kernel_parse(name.data, text.data, text.len, &k, g->e);
	g->random = true;
	if (rc == 0)
		rc = write_kept(g, k, &text);
	g->random = false;
	kernel_free(k);
	buf_deinit(&text);
	buf_deinit(&name);
	return rc;
}

// A GC kernel in each mode that was asked for.
static int write_modes(struct generation *g, const struct kernel *k)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && k->kind == KIND_GC && i < g->mode_count; i++) {
		struct buf text = { 0 };
		struct kernel *changed = NULL;
		rc = mode_write(k->path, &g->modes[i], &text, g->e);
		if (rc == 0)
			rc = kernel_parse(g->modes[i].name, buf_text(&text), text.len, &changed, g->e);
		if (rc == 0)
			rc = write_kept(g, changed, &text);
		kernel_free(changed);
		buf_deinit(&text);
	}
	return rc;
}

// --- hostile programs ------------------------------------------------------------------------------------------

// Adds `text` with `program`, in the test's directory, in the place of {file}.
static void add_with_program(struct buf *out, const char *text, const char *program)
{
	const char *file;

	for (; (file = strstr(text, "{file}")) != NULL; text = file + strlen("{file}")) {
		buf_add(out, text, (size_t)(file - text));
		buf_addf(out, "{dir}/%s", program);
	}
	buf_adds(out, text);
}

// The test is a file of its own, with a header that no hostile byte can harm.
static void add_hostile_header(struct buf *out, const struct generation *g, const struct gen_target *t,
                               const char *id, const char *program)
{
	const struct dialect_target *own = find_target(t);
	struct buf run = { 0 };

	comment(out, t->dialect, "@Test %s", id);
	comment(out, t->dialect, "@Kind other");
	comment(out, t->dialect, "@Tag malformed,%s", t->dialect->name);
	comment(out, t->dialect, "@Timeout 30s");
	comment(out, t->dialect, "@Expect survived");
	add_run(&run, g, NULL, t);
	add_with_program(out, buf_text(&run), program);
	for (size_t i = 0; own != NULL && i < own->param_count; i++) // nothing is measured for a hostile program
		comment(out, t->dialect, "@Param %s=%s", own->params[i].name,
		        strcmp(own->params[i].value, "auto") == 0 ? "67108864" : own->params[i].value);
	comment(out, t->dialect, "%s", "");
	comment(out, t->dialect, "%s: written by %s with seed %" PRIu64 ".", program, g->config->generator,
	        g->config->seed);
	out->failed = out->failed || run.failed;
	buf_deinit(&run);
}

static int write_malformed(struct generation *g, const struct gen_target *t, uint64_t index)
{
	struct buf text = { 0 }, header = { 0 }, id = { 0 }, program = { 0 }, path = { 0 };
	const char *what = "";
	struct suite_test *test;
	int rc = malformed_program(t->dialect, g->config->seed, index, &text, &what);

	buf_addf(&id, "other/malformed-%" PRIu64 "-%" PRIu64 ".%s", g->config->seed, index, t->name);
	buf_addf(&program, "%s.%s", buf_text(&id), t->dialect->extension);
	buf_addf(&path, "%s.test", buf_text(&id));
	add_hostile_header(&header, g, t, buf_text(&id), strrchr(buf_text(&program), '/') + 1);
	comment(&header, t->dialect, "Hostile: %s.", what);
	if (rc < 0 || id.failed || program.failed || path.failed || header.failed)
		rc = no_memory(g);
	g->source = buf_text(&program);
	if (rc == 0)
		rc = add_test(g, path.data, id.data, "other/malformed", t->dialect->name, t->name, &test);
	g->source = NULL;
	if (rc == 0)
		rc = copy_patterns(g, test, t);
	if (rc == 0)
		rc = outdir_write(&g->dir, program.data, buf_text(&text), text.len, g->e);
	if (rc == 0)
		rc = outdir_write(&g->dir, path.data, header.data, header.len, g->e);
	buf_deinit(&text);
	buf_deinit(&header);
	buf_deinit(&id);
	buf_deinit(&program);
	buf_deinit(&path);
	return rc;
}

// --- scenarios -------------------------------------------------------------------------------------------------

// An id that can be a path.
static bool is_plain_id(const char *id)
{
	return id != NULL && strchr(id, '/') != NULL && id[0] != '/' && id[0] != '.' && strstr(id, "..") == NULL &&
	       strlen(id) < 200 &&
	       strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+@./-") == strlen(id);
}

static int write_scenario(struct generation *g, const char *from)
{
	struct test_meta meta = { 0 };
	struct buf text = { 0 }, path = { 0 };
	struct suite_test *t;
	int rc = io_read_file(from, SCENARIO_MAX, &text, g->e);

	if (rc >= 0)
		rc = test_header_parse(from, buf_text(&text), text.len, &meta, g->e);
	if (rc >= 0 && !is_plain_id(meta.id))
		rc = err_set(g->e, EINVAL, "%s: a scenario begins with a header whose @Test is like http2/name",
		             from);
	if (rc >= 0) {
		buf_addf(&path, "%s.h2", meta.id);
		rc = path.failed ? no_memory(g) : add_test(g, path.data, meta.id, meta.id, "h2", "h2", &t);
	}
	if (rc >= 0)
		rc = outdir_write(&g->dir, path.data, buf_text(&text), text.len, g->e);
	test_meta_deinit(&meta);
	buf_deinit(&text);
	buf_deinit(&path);
	return rc < 0 ? rc : 0;
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
		return no_memory(g);
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
		bool plain = !id.failed && is_plain_id(buf_text(&id)) && strchr(t->name, '/') == NULL;
		buf_deinit(&id);
		if (!plain)
			return err_set(g->e, EINVAL, "target '%s': a name has letters, digits and _ + @ . - only",
			               t->name);
		if (t->command == NULL && find_target(t) == NULL)
			return err_set(g->e, EINVAL, "target '%s': dialect %s has no command for it", t->name,
			               t->dialect->name);
		if (t->command != NULL && strpbrk(t->command, "\n\r") != NULL)
			return err_set(g->e, EINVAL, "target '%s': its command has more than one line", t->name);
	}
	return 0;
}

static int describe_suite(struct generation *g)
{
	const struct gen_config *c = g->config;
	json_t *targets = json_array();

	for (size_t i = 0; i < c->target_count; i++)
		json_array_append_new(targets, json_string(c->targets[i].name));
	g->suite.options = json_pack("{s:I, s:o}", "depth", (json_int_t)c->depth, "targets", targets);
	g->suite.seed = c->seed;
	if (g->suite.options == NULL)
		return no_memory(g);
	int rc = set_text(g, &g->suite.dir, c->out_dir);
	return rc < 0 ? rc : set_text(g, &g->suite.generator, c->generator);
}

static int write_all(struct generation *g)
{
	int rc = describe_suite(g);

	for (size_t i = 0; rc == 0 && i < g->kernel_count; i++) {
		rc = write_named(g, g->kernels[i]);
		if (rc == 0)
			rc = write_modes(g, g->kernels[i]);
	}
	for (uint64_t i = 0; rc == 0 && i < g->config->random_count; i++)
		rc = write_random(g, i);
	for (uint64_t i = 0; rc == 0 && i < g->config->malformed_count; i++)
		for (size_t t = 0; rc == 0 && t < g->config->target_count; t++)
			rc = write_malformed(g, &g->config->targets[t], i);
	for (size_t i = 0; rc == 0 && i < g->config->scenario_count; i++)
		rc = write_scenario(g, g->config->scenarios[i]);
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
		rc = outdir_begin(&g.dir, c->out_dir, e);
	if (rc == 0)
		rc = write_all(&g);
	outdir_deinit(&g.dir);
	suite_deinit(&g.suite);
	json_decref(g.ids);
	for (size_t i = 0; i < g.kernel_count; i++)
		kernel_free(g.kernels[i]);
	free(g.kernels);
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
