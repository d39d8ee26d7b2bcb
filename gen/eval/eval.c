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

struct eval {
	struct machine m;
	struct program p;
	struct eval_options options;
};

int eval_measure(struct eval *ev, struct eval_result *out)
{
	struct machine *m = &ev->m;
	value v;
	int rc = machine_run(m, &v);

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
		                     .calls_bound = m->cap, // each has a word at least
		                     .collections = m->heap.collections,
		                     .made_bytes = m->heap.made + m->heap.fresh,
		                     .released_bytes = m->heap.released };
	return 0;
}

int eval_open(const struct kernel *k, const int64_t *values, const struct eval_limits *limits,
              const struct eval_options *options, struct eval **out, struct err *e)
{
	static const struct eval_limits usual = { EVAL_STEPS, EVAL_MEMORY_BYTES };
	struct eval *ev = *out = calloc(1, sizeof *ev);
	struct machine *m;
	int rc;

	if (ev == NULL)
		return err_set(e, ENOMEM, "%s: out of memory", k->path);
	m = &ev->m;
	ev->options = *options;
	m->program = &ev->p;
	m->params = values;
	m->limits = limits != NULL ? *limits : usual;
	m->steps = m->limits.steps;
	m->e = e;
	heap_init(&m->heap, (size_t)m->limits.memory_bytes, &ev->options, mark_roots, m);
	rc = program_compile(k, &ev->options, &ev->p);
	rc = rc < 0 ? err_set(e, ENOMEM, "%s: out of memory", k->path) : make_constants(m);
	return rc < 0 ? rc : machine_start(m);
}

void eval_close(struct eval *ev)
{
	struct machine *m;

	if (ev == NULL)
		return;
	m = &ev->m;
	heap_give_back(&m->heap, m->stack, m->cap * sizeof(value));
	heap_deinit(&m->heap);
	machine_free_patterns(m);
	free(m->globals);
	free(m->constants);
	program_deinit(&ev->p);
	free(ev);
}

uint64_t eval_backtrace(const struct eval *ev, char *text, size_t size)
{
	return machine_backtrace(&ev->m, text, size);
}

uint64_t eval_live(struct eval *ev)
{
	heap_collect(&ev->m.heap);
	return ev->m.heap.live;
}

uint64_t eval_collections(const struct eval *ev)
{
	return ev->m.heap.collections;
}

int eval_kernel(const struct kernel *k, const int64_t *values, const struct eval_limits *limits,
                struct eval_result *out, struct err *e)
{
	static const struct eval_options plain = { 0 };
	struct eval *ev;
	int rc = eval_open(k, values, limits, &plain, &ev, e);

	if (rc == 0)
		rc = eval_measure(ev, out);
	eval_close(ev);
	return rc;
}
