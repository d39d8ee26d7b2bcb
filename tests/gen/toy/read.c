// Text into a tree: what stands between brackets is told by the marks in it.
#include "mylisp.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((noreturn)) static void bad_syntax(struct machine *m, const char *what)
{
	fprintf(stderr, "%s:%u: %s\n", m->path, m->line, what);
	exit(2);
}

// Memory that the tree has until the end.
struct kept {
	struct kept *next;
	max_align_t bytes[];
};

static void *keep(struct machine *m, size_t bytes)
{
	struct kept *k = need(calloc(1, sizeof *k + bytes));

	k->next = m->kept;
	m->kept = k;
	return k->bytes;
}

void read_end(struct machine *m)
{
	while (m->kept != NULL) {
		struct kept *next = m->kept->next;
		free(m->kept);
		m->kept = next;
	}
}

static struct symbol *intern(struct machine *m, const char *text, size_t len)
{
	struct symbol *s = m->symbols;

	while (s != NULL && (strncmp(s->text, text, len) != 0 || s->text[len] != 0))
		s = s->next;
	if (s != NULL)
		return s;
	s = keep(m, sizeof *s);
	s->text = keep(m, len + 1);
	memcpy(s->text, text, len);
	s->primitive = find_primitive(s->text);
	s->next = m->symbols;
	m->symbols = s;
	return s;
}

static struct node *new_node(struct machine *m, enum node_kind kind)
{
	struct node *n = keep(m, sizeof *n);

	n->kind = kind;
	return n;
}

void skip_blanks(struct machine *m)
{
	for (;; m->p++) {
		if (*m->p == '#')
			m->p += strcspn(m->p, "\n");
		if (*m->p == '\n')
			m->line++;
		else if (*m->p == 0 || !isspace((unsigned char)*m->p))
			return;
	}
}

static struct node *literal(struct machine *m, value v)
{
	struct node *n = new_node(m, LITERAL);

	n->literal = v;
	push(m, v); // for ever
	return n;
}

static struct node *read_text(struct machine *m)
{
	char *text = need(malloc(strlen(m->p) + 1));
	size_t len = 0;

	for (m->p++; *m->p != '\'' && *m->p != 0; m->p++) {
		if (*m->p == '^' && m->p[1] != 0) // ^n newline, ^t tab, else the character itself
			m->p++, text[len++] = (char)(*m->p == 'n' ? '\n' : *m->p == 't' ? '\t' : *m->p);
		else
			text[len++] = *m->p;
	}
	if (*m->p == 0)
		bad_syntax(m, "text without a closing '");
	m->p++;
	struct node *n = literal(m, new_string(m, text, len));
	free(text);
	return n;
}

static struct node *read_list(struct machine *m);

struct node *read_item(struct machine *m)
{
	const char *start = m->p;
	struct node *n;
	char *end;

	if (*m->p == '[')
		return read_list(m);
	if (*m->p == '\'')
		return read_text(m);
	while (*m->p != 0 && !isspace((unsigned char)*m->p) && strchr("[]'#", *m->p) == NULL)
		m->p++;
	if (m->p == start)
		bad_syntax(m, *m->p == 0 ? "the file ends inside a list" : "a list is closed that was not opened");
	int64_t integer = strtoll(start, &end, 10);
	if (end == m->p)
		return literal(m, from_number(integer));
	n = new_node(m, *start == '&' ? FUNCTION_OF : NAME);
	n->name = intern(m, start + (*start == '&'), (size_t)(m->p - start) - (*start == '&'));
	if (strcmp(n->name->text, "yes") == 0 || strcmp(n->name->text, "no") == 0 ||
	    strcmp(n->name->text, "~") == 0)
		return literal(m, *start == 'y' ? YES : *start == 'n' ? NO : NIL);
	return n;
}

static bool is_mark(const struct node *n, const char *mark)
{
	return n->kind == NAME && strcmp(n->name->text, mark) == 0;
}

static size_t find_mark(struct node **items, size_t count, const char *mark)
{
	size_t i = 0;

	while (i < count && !is_mark(items[i], mark))
		i++;
	return i;
}

// The names in front of a mark.
static void take_names(struct machine *m, struct node *n, struct node **items, size_t count, size_t step)
{
	n->names = keep(m, (count + 1) * sizeof(struct symbol *));
	for (size_t i = 0; i < count; i += step) {
		if (items[i]->kind != NAME)
			bad_syntax(m, "a name was expected");
		n->names[n->name_count++] = items[i]->name;
	}
}

static struct node *make_loop(struct machine *m, struct node **items, size_t count)
{
	struct node *n = new_node(m, LOOP);
	size_t bar = find_mark(items, count, "|");

	if (count < 4 || bar + 2 != count || items[0]->kind != NAME || (bar - 2) % 3 != 0)
		bad_syntax(m, "[label @ name <- value ... | body] was expected");
	n->name = items[0]->name;
	take_names(m, n, items + 2, bar - 2, 3);
	n->kids = keep(m, (n->name_count + 1) * sizeof(struct node *));
	for (size_t i = 0; i < n->name_count; i++)
		n->kids[i] = items[4 + 3 * i];
	n->kids[n->name_count] = items[bar + 1];
	return n;
}

static struct node *make_function(struct machine *m, struct node **items, size_t mark, size_t count)
{
	struct node *n = new_node(m, LAMBDA);

	if (mark + 2 != count)
		bad_syntax(m, "one expression was expected as the function's body");
	take_names(m, n, items, mark, 1);
	n->kids = items + mark + 1;
	return n;
}

// What the items between brackets mean: the marks among them say.
static struct node *classify(struct machine *m, struct node **items, size_t count)
{
	struct node *n;
	size_t mark;

	if ((mark = find_mark(items, count, "==")) < count && mark > 0 && items[0]->kind == NAME) {
		n = literal(m, NIL);
		items[0]->name->function = make_function(m, items + 1, mark - 1, count - 1);
	} else if ((mark = find_mark(items, count, "=>")) < count) {
		n = make_function(m, items, mark, count);
	} else if (count == 5 && is_mark(items[1], "?") && is_mark(items[3], ";")) {
		n = new_node(m, IF);
		items[1] = items[2];
		items[2] = items[4];
	} else if (count == 5 && is_mark(items[1], ":=") && is_mark(items[3], ".") && items[0]->kind == NAME) {
		n = new_node(m, LET);
		n->name = items[0]->name;
		items[0] = items[2];
		items[1] = items[4];
	} else if (count == 5 && is_mark(items[1], "except") && is_mark(items[3], ".") && items[2]->kind == NAME) {
		n = new_node(m, EXCEPT);
		n->name = items[2]->name;
		items[1] = items[4];
	} else if (count == 3 && is_mark(items[1], "<==") && items[0]->kind == NAME) {
		n = new_node(m, GLOBAL);
		n->name = items[0]->name;
		items[0] = items[2];
	} else if (count > 1 && is_mark(items[1], "@")) {
		return make_loop(m, items, count);
	} else if (find_mark(items, count, ",") < count) {
		n = new_node(m, SEQUENCE);
		for (size_t i = 0; i < count; i += 2)
			items[n->count++] = items[i];
	} else {
		bool apply = count > 1 && is_mark(items[count - 1], "!");
		n = new_node(m, apply ? APPLY : CALL);
		if (count == 0 || (!apply && items[count - 1]->kind != NAME))
			bad_syntax(m, "a list ends in the name of a function");
		n->name = items[count - 1]->name;
		n->count = count - 1; // APPLY: the last of them is the function
	}
	if (n->kids == NULL)
		n->kids = items;
	return n;
}

static struct node *read_list(struct machine *m)
{
	struct node **items = NULL;
	size_t count = 0, room = 0;

	m->p++;
	for (skip_blanks(m); *m->p != ']'; skip_blanks(m)) {
		if (count == room) {
			struct node **more = keep(m, (room = 2 * room + 8) * sizeof(struct node *));
			memcpy(more, items != NULL ? items : more, count * sizeof(struct node *));
			items = more;
		}
		items[count++] = read_item(m);
	}
	m->p++;
	return classify(m, items, count);
}
