// mylisp FILE: a small Lisp whose operators stand last, for the tests of user-made dialects. It has a heap with a
// mark-and-sweep collector, eliminates tail calls, and says so when recursion or memory runs out (exit 3).
//
//   [n x == body]         defines function n          [c ? a ; b]           condition
//   [x y => body]         a function value            [n := value . body]   a local name
//   [a b f]  [a b f !]    calls f; calls the value f  [a , b , c]           one after the other
//   [go @ i <- 0 | body]  a loop: [1 go] in body begins its next round
//   12  'text'  yes  no  ~ (the empty list)  &n (function n as a value)  # a comment
#include <ctype.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DEPTH_MAX 400000U // evaluations inside one another
#define CELLS_MAX (UINT32_C(1) << 23)
#define ROOTS_MAX (8U * DEPTH_MAX)
#define STACK_SIZE (SIZE_C(1) << 30) // reserved, not used
#define SIZE_C(n) ((size_t)(n))

typedef intptr_t value; // an integer shifted left with the lowest bit set, or a struct cell *

enum cell_type { FREE, CONSTANT, PAIR, BOX, ENV, CLOSURE, STRING, VECTOR };

struct symbol;
struct node;

struct cell {
	enum cell_type type;
	bool marked;
	size_t count; // of items or text
	union {
		struct {
			value a, b; // PAIR; BOX: a; ENV: value and parent; CLOSURE: b is
			            // its env
			union {
				struct symbol *name;     // ENV
				const struct node *node; // CLOSURE
			};
		};
		value *items;      // VECTOR
		char *text;        // STRING
		struct cell *next; // FREE
	};
};

enum node_kind { LITERAL, NAME, FUNCTION_OF, IF, LET, LAMBDA, LOOP, SEQUENCE, CALL, APPLY };

struct node {
	enum node_kind kind;
	value literal;
	struct symbol *name, **names; // LET, LOOP: the name, the label; LAMBDA, LOOP: parameters
	size_t name_count;
	struct node **kids;
	size_t count;
};

struct primitive {
	const char *name;
	size_t args; // ANY_COUNT: any number
	value (*run)(const value *args, size_t count);
};

#define ANY_COUNT 99U

struct symbol {
	char *text;
	const struct primitive *primitive;
	struct node *function; // a LAMBDA
	struct symbol *next;
};

static struct {
	struct cell *cells, *free;
	size_t fresh, live; // cells taken so far; alive after the last collection
	size_t until_next;  // allocations
	value roots[ROOTS_MAX];
	size_t root_count;
	value *marks; // being marked
	size_t mark_count, mark_cap;
	struct symbol *symbols;
	unsigned depth;
	const char *path, *p;
	unsigned line;
	int status;
} my;

static struct cell nil_cell = {.type = CONSTANT}, yes_cell = {.type = CONSTANT}, no_cell = {.type = CONSTANT};

#define NIL ((value)&nil_cell)
#define YES ((value)&yes_cell)
#define NO ((value)&no_cell)

__attribute__((noreturn)) static void die(const char *what)
{
	fflush(stdout);
	fprintf(stderr, "mylisp: %s\n", what);
	exit(3);
}

static bool is_int(value v)
{
	return (v & 1) != 0;
}

static int64_t number(value v)
{
	if (!is_int(v))
		die("a number was expected");
	return v >> 1;
}

static value from_number(int64_t n)
{
	return (value)((uint64_t)n << 1 | 1U);
}

static struct cell *cell_of(value v, enum cell_type type)
{
	struct cell *c = (struct cell *)v;

	if (is_int(v) || c->type != type)
		die("a value of another type was expected");
	return c;
}

// --- the heap --------------------------------------------------------------------------------------------------

static void push_mark(value v)
{
	if (is_int(v) || v == 0 || ((struct cell *)v)->marked || ((struct cell *)v)->type == CONSTANT)
		return;
	((struct cell *)v)->marked = true;
	if (my.mark_count == my.mark_cap) {
		my.mark_cap = my.mark_cap == 0 ? 1024 : my.mark_cap * 2;
		my.marks = realloc(my.marks, my.mark_cap * sizeof *my.marks);
		if (my.marks == NULL)
			die("heap exhausted while marking");
	}
	my.marks[my.mark_count++] = v;
}

static void sweep(void)
{
	my.free = NULL;
	my.live = 0;
	for (size_t i = 0; i < my.fresh; i++) {
		struct cell *c = &my.cells[i];
		if (c->marked) {
			c->marked = false;
			my.live++;
			continue;
		}
		if (c->type == STRING)
			free(c->text);
		if (c->type == VECTOR)
			free(c->items);
		c->type = FREE;
		c->next = my.free;
		my.free = c;
	}
}

static void collect(void)
{
	for (size_t i = 0; i < my.root_count; i++)
		push_mark(my.roots[i]);
	while (my.mark_count > 0) {
		const struct cell *c = (const struct cell *)my.marks[--my.mark_count];
		for (size_t i = 0; c->type == VECTOR && i < c->count; i++)
			push_mark(c->items[i]);
		if (c->type != VECTOR && c->type != STRING) {
			push_mark(c->a);
			push_mark(c->b);
		}
	}
	sweep();
	my.until_next = my.live > 100000 ? my.live : 100000;
}

// May collect: what must outlive it is among the roots.
static struct cell *new_cell(enum cell_type type)
{
	struct cell *c;

	if (my.until_next-- == 0)
		collect();
	if (my.free == NULL && my.fresh == CELLS_MAX) {
		collect();
		if (my.free == NULL)
			die("heap exhausted");
	}
	c = my.free != NULL ? my.free : &my.cells[my.fresh++];
	my.free = my.free != NULL ? c->next : NULL;
	*c = (struct cell){.type = type};
	return c;
}

static void push(value v)
{
	if (my.root_count == ROOTS_MAX)
		die("recursion too deep: no room for values");
	my.roots[my.root_count++] = v;
}

static value new_string(const char *text, size_t len)
{
	struct cell *c = new_cell(STRING);

	c->text = malloc(len + 1);
	if (c->text == NULL)
		die("heap exhausted");
	memcpy(c->text, text, len);
	c->text[len] = 0;
	c->count = len;
	return (value)c;
}

// --- primitives: their arguments are among the roots
// -------------------------------------------------------------

static value truth(bool b)
{
	return b ? YES : NO;
}

#define ARITHMETIC(name, expression)                                                                              \
	static value run_##name(const value *v, __attribute__((unused)) size_t n)                                 \
	{                                                                                                         \
		int64_t a = number(v[0]), b = number(v[1]);                                                       \
		return expression;                                                                                \
	}

ARITHMETIC(add, from_number(a + b))
ARITHMETIC(subtract, from_number(a - b))
ARITHMETIC(multiply, from_number(a *b))
ARITHMETIC(divide, b == 0 ? (die("division by zero"), 0) : from_number(a / b))
ARITHMETIC(rest, b == 0 ? (die("division by zero"), 0) : from_number(a % b))
ARITHMETIC(equal, truth(a == b))
ARITHMETIC(less, truth(a < b))
ARITHMETIC(more, truth(a > b))
ARITHMETIC(at_most, truth(a <= b))
ARITHMETIC(at_least, truth(a >= b))

static value run_not(const value *v, __attribute__((unused)) size_t n)
{
	return truth(v[0] == NO);
}

static value run_pair(const value *v, __attribute__((unused)) size_t n)
{
	struct cell *c = new_cell(PAIR);

	c->a = v[0];
	c->b = v[1];
	return (value)c;
}

static value run_first(const value *v, __attribute__((unused)) size_t n)
{
	return cell_of(v[0], PAIR)->a;
}

static value run_second(const value *v, __attribute__((unused)) size_t n)
{
	return cell_of(v[0], PAIR)->b;
}

static value run_empty(const value *v, __attribute__((unused)) size_t n)
{
	return truth(v[0] == NIL);
}

static value run_box(const value *v, __attribute__((unused)) size_t n)
{
	struct cell *c = new_cell(BOX);

	c->a = v[0];
	return (value)c;
}

static value run_open(const value *v, __attribute__((unused)) size_t n)
{
	return cell_of(v[0], BOX)->a;
}

static value run_put(const value *v, __attribute__((unused)) size_t n)
{
	cell_of(v[0], BOX)->a = v[1];
	return NIL;
}

static value run_vector(const value *v, __attribute__((unused)) size_t n)
{
	struct cell *c = new_cell(VECTOR);
	int64_t count = number(v[0]);

	c->items = count >= 0 ? calloc((size_t)count + 1, sizeof(value)) : NULL;
	if (c->items == NULL)
		die("heap exhausted");
	c->count = (size_t)count;
	for (size_t i = 0; i < c->count; i++)
		c->items[i] = v[1];
	return (value)c;
}

static value *item(const value *v)
{
	struct cell *c = cell_of(v[0], VECTOR);
	int64_t i = number(v[1]);

	if (i < 0 || (size_t)i >= c->count)
		die("index out of range");
	return &c->items[i];
}

static value run_at(const value *v, __attribute__((unused)) size_t n)
{
	return *item(v);
}

static value run_at_put(const value *v, __attribute__((unused)) size_t n)
{
	*item(v) = v[2];
	return NIL;
}

static value run_size(const value *v, __attribute__((unused)) size_t n)
{
	if (is_int(v[0]) || (((struct cell *)v[0])->type != VECTOR && ((struct cell *)v[0])->type != STRING))
		die("a vector or a string was expected");
	return from_number((int64_t)((struct cell *)v[0])->count);
}

static value run_join(const value *v, __attribute__((unused)) size_t n)
{
	const struct cell *a = cell_of(v[0], STRING), *b = cell_of(v[1], STRING);
	value joined;
	char *text = malloc(a->count + b->count + 1);

	if (text == NULL)
		die("heap exhausted");
	memcpy(text, a->text, a->count);
	memcpy(text + a->count, b->text, b->count);
	joined = new_string(text, a->count + b->count);
	free(text);
	return joined;
}

static value run_part(const value *v, __attribute__((unused)) size_t n)
{
	const struct cell *s = cell_of(v[0], STRING);
	int64_t from = number(v[1]), to = number(v[2]);

	if (from < 0 || to < from || (size_t)to > s->count)
		die("index out of range");
	return new_string(s->text + from, (size_t)(to - from));
}

static value run_same(const value *v, __attribute__((unused)) size_t n)
{
	return truth(strcmp(cell_of(v[0], STRING)->text, cell_of(v[1], STRING)->text) == 0);
}

static value run_before(const value *v, __attribute__((unused)) size_t n)
{
	return truth(strcmp(cell_of(v[0], STRING)->text, cell_of(v[1], STRING)->text) < 0);
}

static value run_digits(const value *v, __attribute__((unused)) size_t n)
{
	char text[32];

	return new_string(text, (size_t)snprintf(text, sizeof text, "%" PRId64, number(v[0])));
}

static value run_clock(__attribute__((unused)) const value *v, __attribute__((unused)) size_t n)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return from_number((int64_t)t.tv_sec * 1000000000 + t.tv_nsec);
}

static value run_print(const value *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_int(v[i]))
			printf("%" PRId64, number(v[i]));
		else
			fputs(cell_of(v[i], STRING)->text, stdout);
	puts("");
	return NIL;
}

static value run_collect(__attribute__((unused)) const value *v, __attribute__((unused)) size_t n)
{
	collect();
	return NIL;
}

static value run_exit(const value *v, __attribute__((unused)) size_t n)
{
	fflush(stdout);
	exit((int)number(v[0]));
}

// clang-format off
static const struct primitive primitives[] = {
	{"+", 2, run_add}, {"-", 2, run_subtract}, {"*", 2, run_multiply}, {"/", 2, run_divide},
	{"rest", 2, run_rest}, {"=", 2, run_equal}, {"<", 2, run_less}, {">", 2, run_more},
	{"<=", 2, run_at_most}, {">=", 2, run_at_least}, {"not", 1, run_not}, {"pair", 2, run_pair},
	{"first", 1, run_first}, {"second", 1, run_second}, {"empty", 1, run_empty}, {"box", 1, run_box},
	{"open", 1, run_open}, {"put", 2, run_put}, {"vector", 2, run_vector}, {"at", 2, run_at},
	{"at-put", 3, run_at_put}, {"size", 1, run_size}, {"join", 2, run_join}, {"part", 3, run_part},
	{"same", 2, run_same}, {"before", 2, run_before}, {"digits", 1, run_digits},
	{"clock", 0, run_clock}, {"print", ANY_COUNT, run_print}, {"collect", 0, run_collect},
	{"exit", 1, run_exit},
};
// clang-format on

// --- reading ---------------------------------------------------------------------------------------------------

__attribute__((noreturn)) static void bad_syntax(const char *what)
{
	fprintf(stderr, "%s:%u: %s\n", my.path, my.line, what);
	exit(2);
}

static void *need(void *memory)
{
	if (memory == NULL)
		die("out of memory");
	return memory;
}

static struct symbol *intern(const char *text, size_t len)
{
	struct symbol *s = my.symbols;

	while (s != NULL && (strncmp(s->text, text, len) != 0 || s->text[len] != 0))
		s = s->next;
	if (s != NULL)
		return s;
	s = need(calloc(1, sizeof *s));
	s->text = need(strndup(text, len));
	for (size_t i = 0; i < sizeof primitives / sizeof primitives[0]; i++)
		if (strcmp(primitives[i].name, s->text) == 0)
			s->primitive = &primitives[i];
	s->next = my.symbols;
	my.symbols = s;
	return s;
}

static struct node *new_node(enum node_kind kind)
{
	struct node *n = need(calloc(1, sizeof *n));

	n->kind = kind;
	return n;
}

static void skip_blanks(void)
{
	for (;; my.p++) {
		if (*my.p == '#')
			my.p += strcspn(my.p, "\n");
		if (*my.p == '\n')
			my.line++;
		else if (*my.p == 0 || !isspace((unsigned char)*my.p))
			return;
	}
}

static struct node *literal(value v)
{
	struct node *n = new_node(LITERAL);

	n->literal = v;
	push(v); // for ever
	return n;
}

static struct node *read_text(void)
{
	char *text = need(malloc(strlen(my.p) + 1));
	size_t len = 0;

	for (my.p++; *my.p != '\'' && *my.p != 0; my.p++) {
		if (*my.p == '^' && my.p[1] != 0) // ^n newline, ^t tab, else the character itself
			my.p++, text[len++] = (char)(*my.p == 'n' ? '\n' : *my.p == 't' ? '\t' : *my.p);
		else
			text[len++] = *my.p;
	}
	if (*my.p == 0)
		bad_syntax("text without a closing '");
	my.p++;
	struct node *n = literal(new_string(text, len));
	free(text);
	return n;
}

static struct node *read_list(void);

static struct node *read_item(void)
{
	const char *start = my.p;
	struct node *n;
	char *end;

	if (*my.p == '[')
		return read_list();
	if (*my.p == '\'')
		return read_text();
	while (*my.p != 0 && !isspace((unsigned char)*my.p) && strchr("[]'#", *my.p) == NULL)
		my.p++;
	if (my.p == start)
		bad_syntax(*my.p == 0 ? "the file ends inside a list" : "a list is closed that was not opened");
	int64_t integer = strtoll(start, &end, 10);
	if (end == my.p)
		return literal(from_number(integer));
	n = new_node(*start == '&' ? FUNCTION_OF : NAME);
	n->name = intern(start + (*start == '&'), (size_t)(my.p - start) - (*start == '&'));
	if (strcmp(n->name->text, "yes") == 0 || strcmp(n->name->text, "no") == 0 ||
	    strcmp(n->name->text, "~") == 0)
		return literal(*start == 'y' ? YES : *start == 'n' ? NO : NIL);
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
static void take_names(struct node *n, struct node **items, size_t count, size_t step)
{
	n->names = need(calloc(count + 1, sizeof(struct symbol *)));
	for (size_t i = 0; i < count; i += step) {
		if (items[i]->kind != NAME)
			bad_syntax("a name was expected");
		n->names[n->name_count++] = items[i]->name;
	}
}

static struct node *make_loop(struct node **items, size_t count)
{
	struct node *n = new_node(LOOP);
	size_t bar = find_mark(items, count, "|");

	if (count < 4 || bar + 2 != count || items[0]->kind != NAME || (bar - 2) % 3 != 0)
		bad_syntax("[label @ name <- value ... | body] was expected");
	n->name = items[0]->name;
	take_names(n, items + 2, bar - 2, 3);
	n->kids = need(calloc(n->name_count + 1, sizeof(struct node *)));
	for (size_t i = 0; i < n->name_count; i++)
		n->kids[i] = items[4 + 3 * i];
	n->kids[n->name_count] = items[bar + 1];
	return n;
}

static struct node *make_function(struct node **items, size_t mark, size_t count)
{
	struct node *n = new_node(LAMBDA);

	if (mark + 2 != count)
		bad_syntax("one expression was expected as the function's body");
	take_names(n, items, mark, 1);
	n->kids = items + mark + 1;
	return n;
}

// What the items between brackets mean: the marks among them say.
static struct node *classify(struct node **items, size_t count)
{
	struct node *n;
	size_t mark;

	if ((mark = find_mark(items, count, "==")) < count && mark > 0 && items[0]->kind == NAME) {
		n = literal(NIL);
		items[0]->name->function = make_function(items + 1, mark - 1, count - 1);
	} else if ((mark = find_mark(items, count, "=>")) < count) {
		n = make_function(items, mark, count);
	} else if (count == 5 && is_mark(items[1], "?") && is_mark(items[3], ";")) {
		n = new_node(IF);
		items[1] = items[2];
		items[2] = items[4];
	} else if (count == 5 && is_mark(items[1], ":=") && is_mark(items[3], ".") && items[0]->kind == NAME) {
		n = new_node(LET);
		n->name = items[0]->name;
		items[0] = items[2];
		items[1] = items[4];
	} else if (count > 1 && is_mark(items[1], "@")) {
		return make_loop(items, count);
	} else if (find_mark(items, count, ",") < count) {
		n = new_node(SEQUENCE);
		for (size_t i = 0; i < count; i += 2)
			items[n->count++] = items[i];
	} else {
		bool apply = count > 1 && is_mark(items[count - 1], "!");
		n = new_node(apply ? APPLY : CALL);
		if (count == 0 || (!apply && items[count - 1]->kind != NAME))
			bad_syntax("a list ends in the name of a function");
		n->name = items[count - 1]->name;
		n->count = count - 1; // APPLY: the last of them is the function
	}
	if (n->kids == NULL)
		n->kids = items;
	return n;
}

static struct node *read_list(void)
{
	struct node **items = NULL;
	size_t count = 0;

	my.p++;
	for (skip_blanks(); *my.p != ']'; skip_blanks()) {
		items = need(realloc(items, (count + 1) * sizeof(struct node *)));
		items[count++] = read_item();
	}
	my.p++;
	return classify(items, count);
}

// --- evaluation ------------------------------------------------------------------------------------------------

static value eval(const struct node *n, value env);

static value bind(struct symbol *name, value v, value env)
{
	struct cell *c;

	push(v);
	push(env);
	c = new_cell(ENV);
	c->name = name;
	c->a = v;
	c->b = env;
	my.root_count -= 2;
	return (value)c;
}

static const struct cell *find(const struct symbol *name, value env)
{
	const struct cell *c;

	for (; env != NIL; env = c->b) {
		c = (const struct cell *)env;
		if (c->name == name)
			return c;
	}
	return NULL;
}

static value closure(const struct node *n, value env)
{
	struct cell *c;

	push(env);
	c = new_cell(CLOSURE);
	c->node = n;
	c->b = env;
	my.root_count--;
	return (value)c;
}

static value function_of(const struct symbol *name, value env)
{
	const struct cell *local = find(name, env);

	if (local != NULL)
		return local->a;
	if (name->function == NULL) {
		fprintf(stderr, "mylisp: '%s' is not defined\n", name->text);
		exit(3);
	}
	return closure(name->function, NIL);
}

// The environment of a call whose arguments are the last `count` roots.
static value enter(const struct node *f, value env, size_t count)
{
	size_t first = my.root_count - count;

	if (f->name_count != count)
		die("a function was called with the wrong number of arguments");
	for (size_t i = 0; i < count; i++)
		env = bind(f->names[i], my.roots[first + i], env);
	my.root_count = first;
	return env;
}

// A loop is a function that is bound to its label in its own environment, and called.
static value enter_loop(const struct node *n, value env)
{
	value go;

	for (size_t i = 0; i < n->name_count; i++)
		push(eval(n->kids[i], env));
	env = bind(n->name, NIL, env);
	push(env);
	go = closure(n, env);
	my.root_count--;
	((struct cell *)env)->a = go;
	return enter(n, env, n->name_count);
}

static const struct node *body_of(const struct node *f)
{
	return f->kind == LOOP ? f->kids[f->name_count] : f->kids[0];
}

// Evaluates the operands onto the roots. Calls a primitive (true, with the result), or finds what to go on with.
static bool call(const struct node **n, value *env, value *out)
{
	const struct node *at = *n;
	size_t count = at->count - (at->kind == APPLY), first = my.root_count;
	const struct primitive *p = at->kind == CALL ? at->name->primitive : NULL;
	const struct cell *f;

	for (size_t i = 0; i < count; i++)
		push(eval(at->kids[i], *env));
	if (p != NULL) {
		if (p->args != ANY_COUNT && p->args != count)
			die("a primitive was called with the wrong number of arguments");
		*out = p->run(my.roots + first, count);
		my.root_count = first;
		return true;
	}
	f = cell_of(at->kind == APPLY ? eval(at->kids[count], *env) : function_of(at->name, *env), CLOSURE);
	*n = body_of(f->node);
	*env = enter(f->node, f->b, count);
	return false;
}

static value eval_simple(const struct node *n, value env)
{
	const struct cell *local;

	switch (n->kind) {
	case LITERAL:
		return n->literal;
	case NAME:
		local = find(n->name, env);
		if (local == NULL && n->name->function != NULL && n->name->function->name_count == 0)
			return eval(n->name->function->kids[0], NIL);
		if (local == NULL) {
			fprintf(stderr, "mylisp: '%s' is not defined\n", n->name->text);
			exit(3);
		}
		return local->a;
	case FUNCTION_OF:
		return function_of(n->name, env);
	default:
		return closure(n, env);
	}
}

static value eval(const struct node *n, value env)
{
	size_t roots = my.root_count;
	value out = NIL;

	if (++my.depth > DEPTH_MAX)
		die("recursion too deep");
	push(env);
	for (bool done = false; !done;) {
		my.roots[roots] = env;
		switch (n->kind) {
		case IF:
			n = n->kids[eval(n->kids[0], env) == YES ? 1 : 2];
			break;
		case LET:
			env = bind(n->name, eval(n->kids[0], env), env);
			n = n->kids[1];
			break;
		case LOOP:
			env = enter_loop(n, env);
			n = body_of(n);
			break;
		case SEQUENCE:
			for (size_t i = 0; i + 1 < n->count; i++)
				eval(n->kids[i], env);
			n = n->kids[n->count - 1];
			break;
		case CALL:
		case APPLY:
			done = call(&n, &env, &out);
			break;
		default:
			out = eval_simple(n, env);
			done = true;
		}
	}
	my.root_count = roots;
	my.depth--;
	return out;
}

static void *run(__attribute__((unused)) void *unused)
{
	for (skip_blanks(); *my.p != 0; skip_blanks())
		eval(read_item(), NIL);
	return NULL;
}

int main(int argc, char **argv)
{
	FILE *f = argc == 2 ? fopen(argv[1], "r") : NULL;
	char *text = NULL;
	size_t size = 0;
	pthread_attr_t attributes;
	pthread_t thread;

	if (f == NULL || getdelim(&text, &size, 0, f) < 0) {
		fprintf(stderr, "usage: mylisp FILE\n");
		return 2;
	}
	fclose(f);
	my.path = argv[1];
	my.p = text;
	my.line = 1;
	my.until_next = 100000;
	my.cells = need(calloc(CELLS_MAX, sizeof *my.cells));
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	if (pthread_create(&thread, &attributes, run, NULL) != 0)
		die("no memory for the stack");
	pthread_join(thread, NULL);
	return 0;
}
