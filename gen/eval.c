// One evaluation: compile, run, look at what came out.
#include "eval.h"

#include "eval_code.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void mark_roots(struct heap *h, void *arg)
{
	const struct machine *m = arg;

	for (size_t i = 0; i < m->top; i++)
		heap_mark(h, m->stack[i]);
	for (size_t i = 0; m->constants != NULL && i < m->program->constant_count; i++)
		heap_mark(h, m->constants[i]);
	for (size_t i = 0; m->globals != NULL && i < m->program->kernel->global_count; i++)
		heap_mark(h, m->globals[i]);
}

static int make_constant(struct machine *m, const struct node *n, value *out)
{
	struct object *o;

	switch (n->kind) {
	case NODE_INT:
		*out = value_int(n->number);
		return 0;
	case NODE_BOOL:
		*out = value_bool(n->number != 0);
		return 0;
	case NODE_FUNCTION:
		*out = value_function(n->function->index);
		return 0;
	case NODE_STRING:
		m->at = n;
		o = heap_new(&m->heap, OBJECT_STRING, strlen(n->text));
		if (o == NULL)
			return machine_no_memory(m);
		memcpy(object_bytes(o), n->text, o->count);
		*out = value_of(o);
		return 0;
	case NODE_NIL:
		*out = VALUE_NIL;
		return 0;
	default:
		*out = VALUE_UNIT;
		return 0;
	}
}

// `count` values that are all `v`; NULL with the error filled in.
static value *make_values(struct machine *m, size_t count, value v, int *rc)
{
	value *values = calloc(count + 1, sizeof *values);

	if (values == NULL) {
		m->heap.no_memory = true;
		*rc = machine_no_memory(m);
	}
	for (size_t i = 0; values != NULL && i < count; i++)
		values[i] = v;
	return values;
}

static int make_constants(struct machine *m)
{
	const struct program *p = m->program;
	int rc = 0;

	m->constants = make_values(m, p->constant_count, VALUE_NIL, &rc);
	if (rc == 0)
		m->globals = make_values(m, p->kernel->global_count, VALUE_GONE, &rc);
	if (rc == 0)
		rc = machine_compile_patterns(m);
	for (size_t i = 0; rc == 0 && i < p->constant_count; i++)
		rc = make_constant(m, p->constants[i], &m->constants[i]);
	return rc;
}

static int run(struct machine *m, struct eval_result *out)
{
	value v;
	int rc = make_constants(m);

	if (rc == 0)
		rc = machine_run(m, &v);
	if (rc == 0 && !value_is_int(v)) {
		m->at = m->program->kernel->measured->body;
		rc = machine_fail(m, EINVAL, "'measure' needs an int here; this is %s",
		                  type_kind_name(value_type(v)));
	}
	if (rc < 0)
		return rc;
	*out = (struct eval_result){ .value = value_number(v),
		                     .steps = m->limits.steps - m->steps,
		                     .peak_bytes = m->heap.peak,
		                     .collections = m->heap.collections };
	return 0;
}

int eval_kernel(const struct kernel *k, const int64_t *values, const struct eval_limits *limits,
                struct eval_result *out, struct err *e)
{
	static const struct eval_limits usual = { EVAL_STEPS, EVAL_MEMORY_BYTES };
	struct machine m = { .params = values, .limits = limits != NULL ? *limits : usual, .e = e };
	struct program p;
	int rc;

	rc = program_compile(k, &p);
	m.program = &p;
	m.steps = m.limits.steps;
	heap_init(&m.heap, (size_t)m.limits.memory_bytes, mark_roots, &m);
	rc = rc < 0 ? err_set(e, ENOMEM, "%s: out of memory", k->path) : run(&m, out);
	heap_deinit(&m.heap);
	machine_free_patterns(&m);
	free(m.globals);
	free(m.constants);
	free(m.stack);
	program_deinit(&p);
	return rc;
}
