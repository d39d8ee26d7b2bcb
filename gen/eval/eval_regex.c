// Regular expressions: those of the C library, compiled once for each place in the kernel.
#include "eval_code.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

int machine_compile_patterns(struct machine *m)
{
	const struct program *p = m->program;

	m->regexes = calloc(p->pattern_count + 1, sizeof *m->regexes);
	while (m->regexes != NULL && m->regex_count < p->pattern_count &&
	       regcomp(&m->regexes[m->regex_count], p->patterns[m->regex_count]->text, REG_EXTENDED | REG_NOSUB) ==
	               0)
		m->regex_count++;
	if (m->regexes != NULL && m->regex_count == p->pattern_count)
		return 0;
	m->heap.no_memory = true; // the parser has refused what cannot be compiled
	return machine_no_memory(m);
}

void machine_free_patterns(struct machine *m)
{
	for (size_t i = 0; i < m->regex_count; i++)
		regfree(&m->regexes[i]);
	free(m->regexes);
}

int machine_match(struct machine *m, size_t pattern, value *args)
{
	struct object *s;
	int rc = 0, found;

	if (!value_is(args[0], OBJECT_STRING))
		return machine_mistyped(m, 1, TYPE_STRING, args[0]);
	s = value_object(args[0]);
	if (s->count > INT_MAX)
		return machine_fail(m, ERANGE, "a string of %u characters is too long to be matched", s->count);
	rc = machine_charge(m, (size_t)s->count * 16);
	if (rc < 0)
		return rc;
	found = regexec(&m->regexes[pattern], object_bytes(s), 0, NULL, 0);
	if (found == REG_ESPACE) {
		m->heap.no_memory = true;
		return machine_no_memory(m);
	}
	args[0] = value_bool(found == 0);
	return 0;
}
