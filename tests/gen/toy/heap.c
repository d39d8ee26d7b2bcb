// Cells, and the collector: mark with a stack of its own, then sweep.
#include "mylisp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct cell nil_cell = { .type = CONSTANT }, yes_cell = { .type = CONSTANT }, no_cell = { .type = CONSTANT };

__attribute__((noreturn)) void die(const char *what)
{
	fflush(stdout);
	fprintf(stderr, "mylisp: %s\n", what);
	exit(3);
}

int64_t number(value v)
{
	if (!is_int(v))
		die("a number was expected");
	return v >> 1;
}

value from_number(int64_t n)
{
	return (value)((uint64_t)n << 1 | 1U);
}

struct cell *cell_of(value v, enum cell_type type)
{
	struct cell *c = (struct cell *)v;

	if (is_int(v) || c->type != type)
		die("a value of another type was expected");
	return c;
}

void *need(void *memory)
{
	if (memory == NULL)
		die("out of memory");
	return memory;
}

bool is_alive(value v)
{
	const struct cell *c = (const struct cell *)v;

	return is_int(v) || c->type == CONSTANT || c->marked;
}

static void push_mark(struct machine *m, value v)
{
	if (v == 0 || is_alive(v))
		return;
	((struct cell *)v)->marked = true;
	if (m->mark_count == m->mark_cap) {
		m->mark_cap = m->mark_cap == 0 ? 1024 : m->mark_cap * 2;
		m->marks = realloc(m->marks, m->mark_cap * sizeof *m->marks);
		if (m->marks == NULL)
			die("heap exhausted while marking");
	}
	m->marks[m->mark_count++] = v;
}

static void sweep(struct machine *m)
{
	m->free = NULL;
	m->live = 0;
	for (size_t i = 0; i < m->fresh; i++) {
		struct cell *c = &m->cells[i];
		if (c->marked) {
			c->marked = false;
			m->live++;
			continue;
		}
		if (c->type == STRING)
			free(c->text);
		if (c->type == VECTOR || c->type == MAP || c->type == EPHEMERONS)
			free(c->items);
		c->type = FREE;
		c->next = m->free;
		m->free = c;
	}
}

static void mark_inside(struct machine *m, struct cell *c)
{
	switch (c->type) {
	case VECTOR:
	case MAP:
		for (size_t i = 0; i < c->count; i++)
			push_mark(m, c->items[i]);
		break;
	case EPHEMERONS:
		c->next_marked = m->ephemerons;
		m->ephemerons = c;
		break;
	case PAIR:
	case BOX:
	case ENV:
	case CLOSURE:
		push_mark(m, c->a);
		push_mark(m, c->b);
		break;
	default:
		break;
	}
}

static void mark_all(struct machine *m)
{
	while (m->mark_count > 0)
		mark_inside(m, (struct cell *)m->marks[--m->mark_count]);
}

// What hangs on keys that are alive, until nothing more does.
static void mark_ephemerons(struct machine *m)
{
	bool more = true;

	while (more) {
		more = false;
		for (const struct cell *t = m->ephemerons; t != NULL; t = t->next_marked)
			for (size_t i = 1; i < t->count; i += 2)
				if (t->items[i] != 0 && is_alive(t->items[i]) && !is_alive(t->items[i + 1])) {
					push_mark(m, t->items[i + 1]);
					mark_all(m);
					more = true;
				}
	}
	for (; m->ephemerons != NULL; m->ephemerons = m->ephemerons->next_marked)
		drop_dead_keys(m->ephemerons);
}

static void clear_weak(struct machine *m)
{
	for (size_t i = 0; i < m->fresh; i++)
		if (m->cells[i].type == WEAK && !is_alive(m->cells[i].a))
			m->cells[i].a = NIL;
}

static void finalize(struct machine *m)
{
	size_t left = 0;

	for (size_t i = 0; i < m->finalizer_count; i++) {
		struct finalizer f = m->finalizers[i];
		if (is_alive(f.object))
			m->finalizers[left++] = f;
		else
			((struct cell *)f.box)->a = from_number(number(((struct cell *)f.box)->a) + 1);
	}
	m->finalizer_count = left;
}

void collect(struct machine *m)
{
	for (size_t i = 0; i < m->root_count; i++)
		push_mark(m, m->roots[i]);
	for (const struct symbol *s = m->symbols; s != NULL; s = s->next)
		push_mark(m, s->global);
	for (size_t i = 0; i < m->finalizer_count; i++)
		push_mark(m, m->finalizers[i].box);
	mark_all(m);
	mark_ephemerons(m);
	clear_weak(m);
	finalize(m);
	sweep(m);
	m->until_next = m->live > 100000 ? m->live : 100000;
}

struct cell *new_cell(struct machine *m, enum cell_type type)
{
	struct cell *c;

	if (m->until_next-- == 0)
		collect(m);
	if (m->free == NULL && m->fresh == CELLS_MAX) {
		collect(m);
		if (m->free == NULL)
			die("heap exhausted");
	}
	c = m->free != NULL ? m->free : &m->cells[m->fresh++];
	m->free = m->free != NULL ? c->next : NULL;
	*c = (struct cell){ .type = type };
	return c;
}

void push(struct machine *m, value v)
{
	if (m->root_count == ROOTS_MAX)
		die("recursion too deep: no room for values");
	m->roots[m->root_count++] = v;
}

value new_string(struct machine *m, const char *text, size_t len)
{
	struct cell *c = new_cell(m, STRING);

	c->text = malloc(len + 1);
	if (c->text == NULL)
		die("heap exhausted");
	memcpy(c->text, text, len);
	c->text[len] = 0;
	c->count = len;
	return (value)c;
}
