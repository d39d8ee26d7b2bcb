// A small Lisp whose objects come from one fixed slab, and which dies when it is full: the failure that
// stressgen was conceived for, in miniature. It tells the slab through slab_probe.h.
//
//     program: (define (f x ...) body) and expressions; numbers, symbols, (if c a b), + - * <, (print x)
//
// Nothing is ever given back: each number, binding and argument list takes an object for good.
#include "slab_probe.h"

#include <ctype.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OBJECTS 32768

enum kind { NUMBER, SYMBOL, PAIR };

struct object {
	enum kind kind;
	long number;
	const char *symbol;
	struct object *head, *tail;
};

static struct object slab[OBJECTS];
static size_t taken;
static struct slab_probe *probe;
static unsigned depth;           // of apply
static struct object *functions; // list of (name parameters body)

static struct object *slab_acquire(enum kind kind)
{
	struct object *o;

	if (taken == OBJECTS) {
		slab_probe_exhausted(probe, sizeof *o, depth);
		fprintf(stderr, "%s:%d:%s || Attempted to aquire, when the slab is already full\n", __FILE__,
		        __LINE__, __func__);
		raise(SIGTRAP);
		abort();
	}
	slab_probe_acquire(probe);
	o = &slab[taken++];
	o->kind = kind;
	return o;
}

static struct object *number(long n)
{
	struct object *o = slab_acquire(NUMBER);

	o->number = n;
	return o;
}

static struct object *pair(struct object *head, struct object *tail)
{
	struct object *o = slab_acquire(PAIR);

	o->head = head;
	o->tail = tail;
	return o;
}

static void die(const char *what)
{
	fprintf(stderr, "tinylisp: %s\n", what);
	exit(1);
}

// -- reading ------------------------------------------------------------------------------------------------

static const char *skip_blanks(const char *p)
{
	for (;; p++) {
		if (*p == ';')
			p += strcspn(p, "\n");
		if (*p == '\0' || !isspace((unsigned char)*p))
			return p;
	}
}

static struct object *read_object(const char **text);

static struct object *read_list(const char **text)
{
	struct object *head;

	*text = skip_blanks(*text);
	if (**text == '\0')
		die("a bracket is not closed");
	if (**text == ')') {
		++*text;
		return NULL;
	}
	head = read_object(text);
	return pair(head, read_list(text));
}

static struct object *read_object(const char **text)
{
	struct object *o;
	char *end;
	long n;

	*text = skip_blanks(*text);
	if (**text == '(') {
		++*text;
		return read_list(text);
	}
	n = strtol(*text, &end, 10);
	if (end != *text) {
		*text = end;
		return number(n);
	}
	n = (long)strcspn(*text, " \t\n();");
	if (n == 0)
		die("a bracket too many");
	o = slab_acquire(SYMBOL);
	o->symbol = strndup(*text, (size_t)n);
	*text += n;
	return o;
}

// -- evaluating ---------------------------------------------------------------------------------------------

static struct object *eval(struct object *o, struct object *bindings);

static bool is(const struct object *o, const char *name)
{
	return o != NULL && o->kind == SYMBOL && strcmp(o->symbol, name) == 0;
}

static struct object *lookup(const struct object *list, const char *name)
{
	for (; list != NULL; list = list->tail)
		if (is(list->head->head, name))
			return list->head->tail;
	fprintf(stderr, "tinylisp: '%s' is not defined\n", name);
	exit(1);
}

static long value(struct object *o, struct object *bindings)
{
	o = eval(o, bindings);
	if (o == NULL || o->kind != NUMBER)
		die("a number was expected");
	return o->number;
}

static struct object *apply(struct object *function, struct object *arguments, struct object *bindings)
{
	struct object *inner = NULL;
	struct object *result;

	for (struct object *p = function->head; p != NULL; p = p->tail) {
		if (arguments == NULL)
			die("too few arguments");
		inner = pair(pair(p->head, eval(arguments->head, bindings)), inner);
		arguments = arguments->tail;
	}
	depth++;
	result = eval(function->tail->head, inner);
	depth--;
	return result;
}

static struct object *eval_form(const char *name, struct object *arguments, struct object *bindings)
{
	struct object *first = arguments->head;
	struct object *rest = arguments->tail;
	long n;

	if (strcmp(name, "if") == 0)
		return eval(value(first, bindings) != 0 ? rest->head : rest->tail->head, bindings);
	if (strcmp(name, "define") == 0) {
		functions = pair(pair(first->head, pair(first->tail, rest)), functions);
		return NULL;
	}
	if (strcmp(name, "print") == 0) {
		n = value(first, bindings);
		printf("%ld\n", n);
		return number(n);
	}
	if (strcmp(name, "+") == 0)
		return number(value(first, bindings) + value(rest->head, bindings));
	if (strcmp(name, "-") == 0)
		return number(value(first, bindings) - value(rest->head, bindings));
	if (strcmp(name, "*") == 0)
		return number(value(first, bindings) * value(rest->head, bindings));
	if (strcmp(name, "<") == 0)
		return number(value(first, bindings) < value(rest->head, bindings));
	return apply(lookup(functions, name), arguments, bindings);
}

static struct object *eval(struct object *o, struct object *bindings)
{
	if (o == NULL || o->kind == NUMBER)
		return o;
	if (o->kind == SYMBOL)
		return lookup(bindings, o->symbol);
	if (o->head == NULL || o->head->kind != SYMBOL || o->tail == NULL)
		die("(name argument ...) was expected");
	return eval_form(o->head->symbol, o->tail, bindings);
}

static char *read_file(const char *path)
{
	char *text = calloc(1, 65536);
	FILE *f = fopen(path, "r");

	if (f == NULL || text == NULL || fread(text, 1, 65535, f) == 0) {
		perror(path);
		exit(2);
	}
	fclose(f);
	return text;
}

int main(int argc, char **argv)
{
	const char *text;

	if (argc != 2) {
		fputs("usage: tinylisp_slab FILE\n", stderr);
		return 2;
	}
	probe = slab_probe_register("tinylisp objects", sizeof(struct object), OBJECTS);
	text = read_file(argv[1]);
	while (*(text = skip_blanks(text)) != '\0')
		eval(read_object(&text), NULL);
	puts("@@ done");
	return 0;
}
