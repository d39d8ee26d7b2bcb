// Cases and repetitions as tests of their own.
#include "suite_parts.h"

#include "buf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

// "ID", "ID::CASE", "ID#2", "ID::CASE#2"
static char *new_id(const char *id, const char *case_name, unsigned repetition)
{
	struct buf text = { 0 };

	buf_adds(&text, id);
	if (case_name != NULL)
		buf_addf(&text, "::%s", case_name);
	if (repetition > 1)
		buf_addf(&text, "#%u", repetition);
	return buf_take(&text);
}

// A copy of a text that may be missing; false without memory.
static bool copy_text(char **to, const char *from)
{
	*to = from != NULL ? strdup(from) : NULL;
	return from == NULL || *to != NULL;
}

static bool copy_patterns(struct suite_test *to, const struct suite_test *from)
{
	to->patterns = calloc(from->pattern_count + 1, sizeof *to->patterns);
	if (to->patterns == NULL)
		return false;
	for (size_t i = 0; i < from->pattern_count; i++) {
		struct pattern *p = &to->patterns[to->pattern_count++];

		if (!copy_text(&p->class_name, from->patterns[i].class_name) ||
		    !copy_text(&p->exit, from->patterns[i].exit) ||
		    !copy_text(&p->stream, from->patterns[i].stream) ||
		    !copy_text(&p->regex, from->patterns[i].regex))
			return false;
	}
	return true;
}

static bool copy_test(struct suite_test *to, const struct suite_test *from, const char *case_name,
                      unsigned repetition)
{
	return (to->id = new_id(from->id, case_name, repetition)) != NULL && copy_text(&to->path, from->path) &&
	       copy_text(&to->kernel, from->kernel) && copy_text(&to->dialect, from->dialect) &&
	       copy_text(&to->target, from->target) && copy_text(&to->growth, from->growth) &&
	       copy_text(&to->source, from->source) && copy_text(&to->param_text, from->param_text) &&
	       copy_text(&to->hash, from->hash) && copy_text(&to->case_name, case_name) &&
	       copy_text(&to->preload_options, from->preload_options) && copy_patterns(to, from) &&
	       test_meta_copy(&to->meta, &from->meta) == 0;
}

// The ids of all cases of tests[position] instead of its own.
static int depend_on_cases(struct strings *ids, unsigned line, const struct suite_test *t,
                           const struct strings *cases, struct test_meta *m)
{
	for (size_t i = 0; i < cases->count; i++) {
		unsigned *lines = reallocarray(m->depends_on_lines, ids->count + 1, sizeof *lines);
		char *id = new_id(t->id, cases->items[i], 1);
		int rc = lines == NULL || id == NULL ? -ENOMEM : 0;

		if (lines != NULL)
			m->depends_on_lines = lines;
		if (rc == 0) {
			lines[ids->count] = line;
			rc = strings_add(ids, id, strlen(id));
		}
		free(id);
		if (rc < 0)
			return rc;
	}
	return 0;
}

// Replaces what was expanded among the dependencies of one of the old tests.
static int mend_dependencies(const struct suite *s, struct suite_test *t, const struct strings *cases)
{
	struct test_meta *m = &t->meta;
	struct strings old = m->depends_on;
	unsigned *lines = m->depends_on_lines;
	int rc = 0;

	m->depends_on = (struct strings){ 0 };
	m->depends_on_lines = NULL;
	for (size_t i = 0; rc == 0 && i < old.count; i++) {
		const struct suite_test *d = suite_find(s, old.items[i]);
		const struct strings *of = &cases[d - s->tests];
		const struct suite_test whole = { .id = old.items[i] };
		char *none = NULL;
		const struct strings itself = { &none, 1 };

		rc = of->count > 0 ? depend_on_cases(&m->depends_on, lines[i], d, of, m)
		                   : depend_on_cases(&m->depends_on, lines[i], &whole, &itself, m);
	}
	strings_deinit(&old);
	free(lines);
	return rc;
}

static int add_copies(struct suite *to, const struct suite_test *from, const char *case_name, unsigned repeat)
{
	for (unsigned n = 1; n <= repeat; n++) {
		struct suite_test *t = suite_add(to);

		if (t == NULL || !copy_test(t, from, case_name, n))
			return -ENOMEM;
	}
	return 0;
}

// Exchanges the tests of two suites.
static void swap_tests(struct suite *a, struct suite *b)
{
	struct suite old = *a;

	a->tests = b->tests;
	a->count = b->count;
	b->tests = old.tests;
	b->count = old.count;
}

int suite_expand(struct suite *s, const struct strings *cases, unsigned repeat, struct err *e)
{
	struct suite made = { 0 };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < s->count; i++)
		rc = mend_dependencies(s, &s->tests[i], cases);
	for (size_t i = 0; rc == 0 && i < s->count; i++) {
		if (cases[i].count == 0)
			rc = add_copies(&made, &s->tests[i], s->tests[i].case_name, repeat);
		for (size_t k = 0; rc == 0 && k < cases[i].count; k++)
			rc = add_copies(&made, &s->tests[i], cases[i].items[k], repeat);
	}
	if (rc == 0) {
		swap_tests(s, &made);
		rc = suite_index(s, e);
	} else {
		err_set(e, -rc, "%s: %s", s->dir, strerror(-rc));
	}
	if (rc == 0)
		suite_hash(s);
	suite_deinit(&made);
	return rc;
}

// ---- invocations ----------------------------------------------------------------------------------------------

static char *invocation_id(const char *id, const struct suite_invocation *how)
{
	struct buf text = { 0 };

	buf_addf(&text, "%s@%s#%u", id, how->side, how->pair);
	return buf_take(&text);
}

// Its dependencies are invocations too.
static int pair_dependencies(struct test_meta *m, const struct suite_invocation *how, suite_paired_fn paired,
                             void *arg)
{
	struct strings old = m->depends_on;
	int rc = 0;

	m->depends_on = (struct strings){ 0 };
	for (size_t i = 0; rc == 0 && i < old.count; i++) {
		char *id = paired(arg, old.items[i]) ? invocation_id(old.items[i], how) : NULL;

		if (id != NULL)
			rc = strings_add(&m->depends_on, id, strlen(id));
		free(id);
	}
	strings_deinit(&old);
	return rc;
}

int suite_add_invocation(struct suite *s, const struct suite_test *t, const struct suite_invocation *how,
                         const char *run, suite_paired_fn paired, void *arg)
{
	struct suite_test *to = suite_add(s);

	if (to == NULL || !copy_test(to, t, t->case_name, 1))
		return -ENOMEM;
	free(to->id);
	to->id = invocation_id(t->id, how);
	to->invocation = malloc(sizeof *to->invocation);
	if (to->id == NULL || to->invocation == NULL)
		return -ENOMEM;
	*to->invocation = *how;
	to->invocation->of = strdup(t->id);
	if (run != NULL) {
		free(to->meta.run);
		to->meta.run = strdup(run);
	}
	if (to->invocation->of == NULL || (run != NULL && to->meta.run == NULL))
		return -ENOMEM;
	return pair_dependencies(&to->meta, how, paired, arg);
}

int suite_seal(struct suite *s, struct err *e)
{
	const int rc = suite_index(s, e);

	if (rc == 0)
		suite_hash(s);
	return rc;
}
