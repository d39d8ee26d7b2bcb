// What the parts of mylisp share: values, the tree of a program, and the machine that holds all of its state.
#ifndef MYLISP_H
#define MYLISP_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEPTH_MAX 400000U // evaluations inside one another
#define CELLS_MAX (UINT32_C(1) << 23)
#define ROOTS_MAX (8U * DEPTH_MAX)
#define STACK_SIZE ((size_t)1 << 30) // reserved, not used

typedef intptr_t value; // an integer shifted left with the lowest bit set, or a struct cell *

enum cell_type { FREE, CONSTANT, PAIR, BOX, ENV, CLOSURE, STRING, VECTOR, MAP, EPHEMERONS, WEAK, ESCAPE };

struct symbol;
struct node;
struct machine;
struct handler;

struct cell {
	enum cell_type type;
	bool marked;
	size_t count; // of items or text
	union {
		struct {
			value a, b; // PAIR; BOX, WEAK: a; ENV: value and parent; CLOSURE: b is its environment
			union {
				struct symbol *name;     // ENV
				const struct node *node; // CLOSURE
			};
		};
		struct {
			value *items;             // VECTOR, MAP, EPHEMERONS
			struct cell *next_marked; // EPHEMERONS
		};
		char *text;              // STRING
		struct cell *next;       // FREE
		struct handler *handler; // ESCAPE; NULL when it has returned
	};
};

enum node_kind { LITERAL, NAME, FUNCTION_OF, IF, LET, LAMBDA, LOOP, SEQUENCE, CALL, APPLY, EXCEPT, GLOBAL };

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
	size_t args;                                                      // ANY_COUNT: any number
	value (*run)(struct machine *m, const value *args, size_t count); // the arguments are among the roots
};

#define ANY_COUNT 99U

#define PRIMITIVE(name)                                                                                           \
	static value run_##name(__attribute__((unused)) struct machine *m,                                        \
	                        __attribute__((unused)) const value *v, __attribute__((unused)) size_t n)

struct symbol {
	char *text;
	const struct primitive *primitive;
	struct node *function; // a LAMBDA
	value global;          // 0: none
	struct symbol *next;
};

// An [ ... except ... ] that is being evaluated, or a call that a continuation leads out of.
struct handler {
	jmp_buf jump;
	struct handler *outer;
	struct cell *escape; // the continuation; NULL
};

// Adds 1 to the box when the object is found dead.
struct finalizer {
	value object, box;
};

struct kept; // memory of the program's tree

struct machine {
	struct cell *cells, *free;
	size_t fresh, live; // cells taken so far; alive after the last collection
	size_t until_next;  // allocations before the next one
	value *roots;
	size_t root_count;
	value *marks; // being marked
	size_t mark_count, mark_cap;
	struct kept *kept;
	struct symbol *symbols;
	unsigned depth;
	struct handler *handlers;
	value raised;            // or what a continuation was given
	struct cell *ephemerons; // marked ones
	struct finalizer *finalizers;
	size_t finalizer_count, finalizer_cap;
	const char *path, *p;
	unsigned line;
};

extern const struct cell nil_cell, yes_cell, no_cell;

#define NIL ((value)&nil_cell)
#define YES ((value)&yes_cell)
#define NO ((value)&no_cell)

static inline bool is_int(value v)
{
	return (v & 1) != 0;
}

// heap.c
__attribute__((noreturn)) void die(const char *what); // exit 3
int64_t number(value v);
value from_number(int64_t n);
struct cell *cell_of(value v, enum cell_type type);
void *need(void *memory);
void collect(struct machine *m);
// May collect: what must outlive it is among the roots.
struct cell *new_cell(struct machine *m, enum cell_type type);
void push(struct machine *m, value v);
value new_string(struct machine *m, const char *text, size_t len);
bool is_alive(value v); // while collecting: it was marked

// mylisp.c
value apply(struct machine *m, value f, value argument); // both are among the roots
// Goes on where the innermost handler is that is `to`, or, for NULL, an except.
__attribute__((noreturn)) void leave(struct machine *m, const struct handler *to, value with);

// tables.c
void drop_dead_keys(struct cell *ephemerons);

// tables.c and deep.c: the last has no name.
extern const struct primitive table_primitives[], deep_primitives[];

// primitives.c: NULL when there is none of that name.
const struct primitive *find_primitive(const char *name);

// read.c: errors end the program with exit 2.
void skip_blanks(struct machine *m);
struct node *read_item(struct machine *m);
void read_end(struct machine *m); // gives back what was read

#endif
