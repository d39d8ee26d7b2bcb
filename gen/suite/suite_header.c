// The header of a test's file: how it is run, with which limits, and what it says of itself.
#include "generation.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#define MIB (1024U * 1024U)
// Of a slow instance whose kernel gives none: the bigger sizes take minutes where a call costs a microsecond.
#define SLOW_TIMEOUT_S UINT64_C(600)

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

const struct dialect_target *generation_find_target(const struct gen_target *t)
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

// How a target is given its limits; "" when it has no flag for that.
struct limits {
	const char *heap_flag, *stack_flag;
	bool process_stack; // by the process's limit: in place of a flag, or because the flag's stack lies in it
};

// Beside the stack that its flag bounds, a runtime has frames of its own.
#define C_STACK_ROOM (UINT64_C(1024) * 1024)

static const char *flag_for(const char *of_target, const char *of_dialect)
{
	return of_target != NULL ? of_target : of_dialect != NULL ? of_dialect : "";
}

static struct limits limits_of(const struct gen_target *t)
{
	const struct dialect_target *own = generation_find_target(t);
	struct limits l = {
		.heap_flag = flag_for(t->heap_flag, own != NULL ? own->heap_flag : NULL),
		.stack_flag = flag_for(t->stack_flag, own != NULL ? own->stack_flag : NULL),
	};

	l.process_stack = l.stack_flag[0] == 0 || t->dialect->c_stack;
	return l;
}

static void add_flags(struct buf *out, const struct gen_config *c, const struct limits *l)
{
	if (c->heap_bytes > 0 && l->heap_flag[0] != 0)
		add_flag(out, l->heap_flag, c->heap_bytes);
	if (c->stack_bytes > 0 && l->stack_flag[0] != 0) {
		buf_adds(out, out->len > 0 ? " " : "");
		add_flag(out, l->stack_flag, c->stack_bytes);
	}
}

// The command with its flags in the place of {flags}.
static void add_command(struct buf *out, const struct gen_config *c, const char *command, const struct limits *l)
{
	const char *place = strstr(command, "{flags}");
	struct buf flags = { 0 };

	if (c->stack_bytes > 0 && l->process_stack)
		buf_addf(out, "prlimit --stack=%" PRIu64 " -- ",
		         c->stack_bytes + (l->stack_flag[0] != 0 ? C_STACK_ROOM : 0));
	add_flags(&flags, c, l);
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

// One limit in words, as suite.json has it.
static json_t *describe_limit(uint64_t bytes, const char *flag, const char *otherwise)
{
	struct buf text = { 0 };
	json_t *words;

	if (bytes == 0)
		return NULL;
	add_flag(&text, flag, bytes);
	words = json_string(flag[0] != 0 ? buf_text(&text) : otherwise);
	buf_deinit(&text);
	return words;
}

json_t *generation_describe_limits(const struct gen_config *c)
{
	json_t *all = c->heap_bytes > 0 || c->stack_bytes > 0 ? json_object() : NULL;

	for (size_t i = 0; all != NULL && i < c->target_count; i++) {
		const struct limits l = limits_of(&c->targets[i]);
		json_t *one =
		        json_pack("{s:o*, s:o*}", "heap", describe_limit(c->heap_bytes, l.heap_flag, "@Memory"),
		                  "stack", describe_limit(c->stack_bytes, l.stack_flag, "prlimit --stack"));

		json_object_set_new(all, c->targets[i].name, one);
	}
	return all;
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

static const char *command_of(const struct gen_config *c, const struct gen_target *t,
                              const struct dialect_target *own)
{
	if (t->command != NULL)
		return t->command;
	return c->coverage && own->coverage[0] != 0 ? own->coverage : own->command;
}

// Adds `text` with `program`, in the test's directory, in the place of {file}, between quotes.
static void add_with_program(struct buf *out, const char *text, const char *program, const char *quote)
{
	const char *file;

	for (; (file = strstr(text, "{file}")) != NULL; text = file + strlen("{file}")) {
		buf_add(out, text, (size_t)(file - text));
		buf_addf(out, "%s{dir}/%s%s", quote, program, quote);
	}
	buf_adds(out, text);
}

void generation_add_server_command(struct buf *out, const struct generation *g, const struct gen_target *t,
                                   const char *program)
{
	const struct dialect_target *own = generation_find_target(t);
	const struct limits limits = limits_of(t);
	struct buf command = { 0 };

	add_command(&command, g->config, t->command != NULL ? t->command : own->command, &limits);
	add_with_program(out, buf_text(&command), program, "\"");
	out->failed = out->failed || command.failed;
	buf_deinit(&command);
}

// How the program is run, and with which limits. `k` is NULL for a program that is no kernel.
static void add_run(struct buf *out, const struct generation *g, const struct kernel *k,
                    const struct gen_target *t)
{
	const struct dialect_target *own = generation_find_target(t);
	const struct gen_config *c = g->config;
	const struct limits limits = limits_of(t);
	struct buf command = { 0 }, renamed = { 0 };

	add_renamed(&renamed, k, own, command_of(c, t, own));
	add_command(&command, c, buf_text(&renamed), &limits);
	command.failed = command.failed || renamed.failed;
	buf_deinit(&renamed);
	comment(out, t->dialect, "@Run %s", buf_text(&command));
	out->failed = out->failed || command.failed;
	buf_deinit(&command);
	if (c->heap_bytes > 0 && limits.heap_flag[0] == 0)
		comment(out, t->dialect, "@Memory %" PRIu64, (c->heap_bytes + MIB - 1) / MIB);
	if (c->heap_bytes > 0)
		comment(out, t->dialect, "@Param heap-limit=%" PRIu64, c->heap_bytes);
	if (c->stack_bytes > 0)
		comment(out, t->dialect, "@Param stack-limit=%" PRIu64, c->stack_bytes);
}

void generation_add_header(struct buf *out, const struct generation *g, const struct pairing *p)
{
	const struct dialect *d = p->target->dialect;
	const struct dialect_target *own = generation_find_target(p->target);
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

void generation_add_hostile_header(struct buf *out, const struct generation *g, const struct gen_target *t,
                                   const char *id, const char *program, const char *what)
{
	const struct dialect_target *own = generation_find_target(t);
	struct buf run = { 0 };

	comment(out, t->dialect, "@Test %s", id);
	comment(out, t->dialect, "@Kind other");
	comment(out, t->dialect, "@Tag malformed,%s", t->dialect->name);
	comment(out, t->dialect, "@Timeout 30s");
	comment(out, t->dialect, "@Expect survived");
	add_run(&run, g, NULL, t);
	add_with_program(out, buf_text(&run), program, "");
	for (size_t i = 0; own != NULL && i < own->param_count; i++) // nothing is measured for a hostile program
		comment(out, t->dialect, "@Param %s=%s", own->params[i].name,
		        strcmp(own->params[i].value, "auto") == 0 ? "67108864" : own->params[i].value);
	comment(out, t->dialect, "%s", "");
	comment(out, t->dialect, "%s: written by %s with seed %" PRIu64 ".", program, g->config->generator,
	        g->config->seed);
	comment(out, t->dialect, "Hostile: %s.", what);
	out->failed = out->failed || run.failed;
	buf_deinit(&run);
}
