// What recurses in the interpreter itself: the printer, the reader and the equality of nested lists, functions
// that are called back, and continuations. And regular expressions.
#include "mylisp.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

static void go_down(struct machine *m)
{
	if (++m->depth > DEPTH_MAX)
		die("recursion too deep");
}

struct text {
	char *bytes;
	size_t len, room;
};

static void add(struct text *t, char c)
{
	if (t->len == t->room) {
		t->room = 2 * t->room + 64;
		t->bytes = need(realloc(t->bytes, t->room));
	}
	t->bytes[t->len++] = c;
}

static void write_list(struct machine *m, struct text *t, value v)
{
	go_down(m);
	add(t, '[');
	if (v != NIL)
		write_list(m, t, cell_of(v, PAIR)->a);
	add(t, ']');
	m->depth--;
}

PRIMITIVE(write)
{
	struct text t = { 0 };
	value written;

	write_list(m, &t, v[0]);
	written = new_string(m, t.bytes, t.len);
	free(t.bytes);
	return written;
}

static value read_nested(struct machine *m, const char **p)
{
	struct cell *pair;
	value inner;

	go_down(m);
	if (*(*p)++ != '[')
		die("the text is no list");
	if (**p == ']') {
		inner = NIL;
	} else {
		inner = read_nested(m, p);
		push(m, inner);
		pair = new_cell(m, PAIR);
		m->root_count--;
		pair->a = inner;
		pair->b = NIL;
		inner = (value)pair;
	}
	if (*(*p)++ != ']')
		die("the text is no list");
	m->depth--;
	return inner;
}

PRIMITIVE(read)
{
	const char *p = cell_of(v[0], STRING)->text;
	value read = read_nested(m, &p);

	if (*p != 0)
		die("something follows the list in the text");
	return read;
}

static bool is_same(struct machine *m, value a, value b)
{
	bool same;

	if (a == b || a == NIL || b == NIL)
		return a == b;
	go_down(m);
	same = is_same(m, cell_of(a, PAIR)->a, cell_of(b, PAIR)->a);
	m->depth--;
	return same;
}

PRIMITIVE(alike)
{
	return is_same(m, v[0], v[1]) ? YES : NO;
}

PRIMITIVE(matches)
{
	regex_t compiled;
	bool found;

	if (regcomp(&compiled, cell_of(v[0], STRING)->text, REG_EXTENDED | REG_NOSUB) != 0)
		die("the regular expression is wrong");
	found = regexec(&compiled, cell_of(v[1], STRING)->text, 0, NULL, 0) == 0;
	regfree(&compiled);
	return found ? YES : NO;
}

PRIMITIVE(through)
{
	return apply(m, v[0], v[1]);
}

// A continuation leaves calls that are under way, and no others: it does not bring them back.
PRIMITIVE(leave_by)
{
	const unsigned depth = m->depth;
	struct cell *escape = new_cell(m, ESCAPE);
	struct handler h = { .outer = m->handlers, .escape = escape };
	value out;

	push(m, (value)escape);
	escape->handler = m->handlers = &h;
	out = setjmp(h.jump) == 0 ? apply(m, v[0], (value)escape) : m->raised;
	m->handlers = h.outer;
	escape->handler = NULL;
	m->depth = depth;
	return out;
}

const struct primitive deep_primitives[] = {
	{ "write", 1, run_write },
	{ "read", 1, run_read },
	{ "alike", 2, run_alike },
	{ "matches", 2, run_matches },
	{ "through", 2, run_through },
	{ "leave-by", 1, run_leave_by },
	{ 0 },
};
