// From a kernel's tree to a program's text. emit.c fills templates and assembles the program; emit_expr.c writes
// expressions of either style; emit_stmt.c lays expressions out as statements, emit_ask.c tells it which need
// that.
#ifndef SG_EMIT_H
#define SG_EMIT_H

#include "buf.h"
#include "dialect.h"
#include "kernel.h"

// Stands for a newline inside a string of the program, which no layout may move.
#define NEWLINE_IN_STRING '\1'

// A piece of program: lines without a last newline, and how tightly its outermost operator binds.
struct text {
	const char *s;
	size_t len;
	int precedence;
};

// What is put into one placeholder: one text, or (items) a list joined by a separator.
struct slot {
	const char *name;
	struct text text;
	const struct text *items;
	size_t count;
	const char *separator;
	bool list;
};

#define SLOT(slot_name, value)                                                                                    \
	{                                                                                                         \
		.name = (slot_name), .text = (value)                                                              \
	}
#define SLOT_LIST(slot_name, list_items, list_count, between)                                                     \
	{                                                                                                         \
		.name = (slot_name), .items = (list_items), .count = (list_count), .separator = (between),        \
		.list = true                                                                                      \
	}

// A longer list has each of its items on a line of its own.
#define LIST_ROOM 80U

// Names that are taken, by the kernel as a whole (owner 0) or by one function.
struct name_entry {
	const char *name;
	unsigned owner;
	unsigned number; // the last that was put behind this name to make another
	struct name_entry *next;
};

#define NAME_BUCKETS 256U

struct names {
	struct name_entry *buckets[NAME_BUCKETS];
};

struct emitter {
	const struct dialect *d;
	const struct kernel *k;
	struct arena arena; // all texts
	bool failed;        // out of memory: what was written is worthless
	struct names names;
	unsigned owner;            // the function that is being written, from 1; 0: the kernel as a whole
	const char **vars;         // by variable id: its name in the program
	bool *settled;             // by variable id: now stands for a copy that no loop changes
	const char **global_names; // in the order of kernel->globals
	const char **functions;    // in the order of kernel->functions
	uint8_t *traces;           // enum trace, in that order
	struct buf *block;         // statements go here
	struct buf *lifted;        // functions out of the one that is being written, in front of it
	struct text
	        *wrappers; // in the order of kernel->functions: what stands for it as a value; s NULL: nothing yet
};

struct emit_values {
	const int64_t *params; // in the kernel's order
	int64_t expect, stack;
	uint64_t seed;
};

// A template that uses a placeholder twice can double the text at each level of nesting.
#define PROGRAM_BYTES (64U * 1024U * 1024U)

// The program behind its header, to be freed by the caller through buf_deinit; ends in a newline. 0, -ENOMEM, or
// -E2BIG when more than PROGRAM_BYTES would be needed to write it.
int emit_program(const struct dialect *d, const struct kernel *k, const struct emit_values *v, struct buf *out);
// The same as an HTTP/2 server, each of whose requests does what the kernel measures (docs/http2.md); for dialects
// that have a template for it.
int emit_server(const struct dialect *d, const struct kernel *k, const struct emit_values *v, struct buf *out);
// The kernel as text of the kernel language, to which kernel_parse gives the same tree; ends in a newline. With
// values, they are the parameters' defaults, there are no instances, and the formulas are their results. 0,
// -ENOMEM.
int kernel_write(const struct kernel *k, const struct emit_values *v, struct buf *out);
// NULL when the dialect can write the kernel; else why not (written into `reason`).
const char *emit_lacks(const struct dialect *d, const struct kernel *k, char *reason, size_t size);

// --- within the emitter ---
struct text emit_text(struct emitter *em, const char *s, size_t len); // copied; an atom
struct text emit_word(struct emitter *em, const char *s);
// A name that is free in the current function, made from the kernel's `name`.
const char *emit_name(struct emitter *em, const char *prefix, const char *name);
// The same for a variable, as the dialect writes its variables.
const char *emit_variable(struct emitter *em, const char *name);
// What stands for parameters (their names) or arguments, also where there are none.
struct slot emit_params_slot(struct emitter *em, const struct text *names, size_t count);
struct slot emit_args_slot(struct emitter *em, const struct text *args, size_t count);
// Fills a template. Expressions of several lines are joined into one where that is short.
struct text emit_fill(struct emitter *em, int template, const struct slot *slots, size_t count);
struct text emit_fill_lines(struct emitter *em, int template, const struct slot *slots, size_t count);
const char *emit_function_name(const struct emitter *em, const struct function *f);
// Nodes that both styles write alike, from the texts of their operands (in the order of evaluation).
struct text emit_leaf(struct emitter *em, const struct node *n);
struct text emit_op(struct emitter *em, const struct node *n, const struct text *args);
// (not (null? x)), where the dialect has a word for it: x is n->args[0]->args[0].
bool emit_is_not_null(const struct emitter *em, const struct node *n);
struct text emit_not_null(struct emitter *em, struct text operand);
struct text emit_call(struct emitter *em, const struct node *n, struct text function, const struct text *args);
// An expression in expression style.
struct text emit_expression(struct emitter *em, const struct node *n);
// The same where the language may take several expressions, one a line.
struct text emit_body(struct emitter *em, const struct node *n);
// Whether it can be told when a node is evaluated.
enum trace {
	TRACE_NONE,   // it cannot
	TRACE_READ,   // it reads what can change
	TRACE_EFFECT, // it changes something, raises, or calls what may
};

// Finds what calls of each function leave, for emit_trace; false when there is no memory.
bool emit_trace_functions(struct emitter *em);
enum trace emit_trace(const struct emitter *em, const struct node *n);
// Where a language's operands are evaluated in any order: those before the index that leave a trace must be kept
// in variables, so that the order is the kernel's. 0: none.
size_t emit_bound_operands(const struct emitter *em, struct node *const *nodes, size_t count);
// What an operation or a call evaluates, a function value before its arguments, into KERNEL_ARGS_MAX + 1 places.
// Returns the number.
size_t emit_operands_of(const struct node *n, struct node **out);
// One that is only done for its effect.
struct text emit_effect(struct emitter *em, const struct node *n);
// Expressions one after another.
struct text emit_items(struct emitter *em, const struct text *items, size_t count);
struct text emit_unit(struct emitter *em);
// A loop as a function of its own, which goes to em->lifted; the text is its first call.
struct text emit_lifted_loop(struct emitter *em, const struct loop *l);
// A function value where functions cannot be nested: a function of its own, in em->lifted, and a closure of it.
struct text emit_closure(struct emitter *em, const struct function *f);
struct text emit_function_closure(struct emitter *em, const struct function *f);
struct text emit_captured_names(struct emitter *em, const struct function *f);
// What makes a global: of either style.
struct text emit_global_value(struct emitter *em, const struct kernel_global *g, const char *name);
struct text emit_global_block(struct emitter *em, const struct kernel_global *g, const char *name);
// A function's body in statement style: a block that returns the value.
struct text emit_block(struct emitter *em, const struct function *f);

// --- what statement style asks before it writes (emit_ask.c) ---
// Whether the node needs statements in front of the one that uses it; of several (NULL ones are passed over), any.
bool emit_needs_statements(const struct emitter *em, const struct node *n);
bool emit_any_needs_statements(const struct emitter *em, struct node *const *nodes, size_t count);
// A variable from outside that a loop gives new values to, while the closure must keep the one it saw.
bool emit_is_moving(const struct emitter *em, const struct var *v);
// Whether the function is written where its value is used.
bool emit_is_inline_lambda(const struct emitter *em, const struct function *f);
// Whether it makes no difference when it is evaluated: it has no effects and reads nothing that can change.
bool emit_is_pure(const struct node *n);
// The state variables that get another value, as indices into KERNEL_ARGS_MAX places. Returns their number.
size_t emit_changing(const struct loop *l, size_t *out);
// An order in which the assignments of these state variables can follow one another: none reads a variable
// assigned before. What has effects keeps its place. Sorts `order`; false when there is none.
bool emit_one_by_one(const struct loop *l, size_t *order, size_t count);

#endif
