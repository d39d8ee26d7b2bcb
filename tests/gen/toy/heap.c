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

static void push_mark(struct machine *m, value v)
{
	if (is_int(v) || v == 0 || ((struct cell *)v)->marked || ((struct cell *)v)->type == CONSTANT)
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
		if (c->type == VECTOR)
			free(c->items);
		c->type = FREE;
		c->next = m->free;
		m->free = c;
	}
}

void collect(struct machine *m)
{
	for (size_t i = 0; i < m->root_count; i++)
		push_mark(m, m->roots[i]);
	for (const struct symbol *s = m->symbols; s != NULL; s = s->next)
		push_mark(m, s->global);
	while (m->mark_count > 0) {
		const struct cell *c = (const struct cell *)m->marks[--m->mark_count];
		for (size_t i = 0; c->type == VECTOR && i < c->count; i++)
			push_mark(m, c->items[i]);
		if (c->type != VECTOR && c->type != STRING) {
			push_mark(m, c->a);
			push_mark(m, c->b);
		}
	}
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
