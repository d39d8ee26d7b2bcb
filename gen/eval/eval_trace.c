// The calls that are alive, for whoever asks what the machine was doing.
#include "eval_code.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define INNERMOST 10U
#define OUTERMOST 5U

static const struct routine *routine_at(const struct program *p, size_t pc)
{
	const struct routine *found = NULL;

	for (size_t i = 0; i < p->routine_count; i++)
		if (p->routines[i].entry <= pc && (found == NULL || p->routines[i].entry > found->entry))
			found = &p->routines[i];
	return found;
}

static const char *routine_name(const struct program *p, const struct routine *r)
{
	size_t i = (size_t)(r - p->routines), first_global = p->kernel->function_count + 1;

	if (r->lambda)
		return "a lambda";
	if (i < p->kernel->function_count)
		return r->function->name;
	return i < first_global ? "what is measured" : p->kernel->globals[i - first_global].var->name;
}

// How much was written; all of the line or nothing.
static size_t write_call(const struct program *p, const struct insn *after, char *text, size_t size)
{
	size_t pc = (size_t)(after - p->code) - 1;
	const struct routine *r = routine_at(p, pc);
	const char *slash = strrchr(p->kernel->path, '/'), *file = slash != NULL ? slash + 1 : p->kernel->path;
	int n = snprintf(text, size, "%s:%u: in %s\n", file, p->places[pc]->line, routine_name(p, r));

	if (n > 0 && (size_t)n < size)
		return (size_t)n;
	*text = 0;
	return 0;
}

static struct cursor caller(const struct machine *m, struct cursor c)
{
	value word = c.base[-1];

	c.base -= word >> 1 & UINT32_MAX;
	c.pc = m->program->code + (word >> 33);
	return c;
}

static bool is_call(const struct machine *m, struct cursor c)
{
	return c.base > m->stack + 1;
}

uint64_t machine_backtrace(const struct machine *m, char *text, size_t size)
{
	uint64_t depth = 0, i = 0;
	size_t used = 0;
	struct cursor c;

	*text = 0;
	if (m->cursor == NULL)
		return 0;
	for (c = *m->cursor; is_call(m, c); c = caller(m, c))
		depth++;
	for (c = *m->cursor; is_call(m, c); c = caller(m, c), i++) {
		if (i < INNERMOST || depth - i <= OUTERMOST)
			used += write_call(m->program, c.pc, text + used, size - used);
		else if (i == INNERMOST && size - used > 64)
			used += (size_t)snprintf(text + used, size - used, "... %" PRIu64 " more calls ...\n",
			                         depth - INNERMOST - OUTERMOST);
	}
	return depth;
}
