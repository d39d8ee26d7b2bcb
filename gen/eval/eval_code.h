// The evaluator's instructions, and the machine that executes them.
//
// The stack holds, for each call that is alive: a word with where to go on, the arguments, the variables bound so
// far and the operands; for a lambda the closure stands before the arguments. Where a variable stands is known
// when the code is made, counted from the first of those values (the base). A try that is under way has two words
// there: where the next outer one's are, and where its handler begins.
#ifndef SG_EVAL_CODE_H
#define SG_EVAL_CODE_H

#include "eval.h"
#include "eval_heap.h"

#include <regex.h>

// Codes below OP_COUNT are those of enum op: b operands are on top of the stack, a result takes their place. Sums,
// products and the like take two, of which the second is argument a in the source.
enum code {
	CODE_CONSTANT = OP_COUNT, // b: number of the constant
	CODE_PARAM,               // b: number of the kernel's parameter
	CODE_LOCAL,               // b: place from the base
	CODE_CAPTURED,            // b: slot of the closure at the base
	CODE_POP,
	CODE_SLIDE,      // drops the b values below the topmost
	CODE_JUMP,       // to b
	CODE_JUMP_FALSE, // takes a bool
	CODE_AND,        // to b with false on the stack, or on without
	CODE_OR,         // to b with true on the stack, or on without
	CODE_BOOL,       // looks whether it is one
	CODE_NEXT,       // a values become those at b and following
	CODE_FRAME,      // room for a call's return word
	CODE_CALL,       // a arguments; b: number of the function
	CODE_APPLY,      // a arguments, the function's value below them
	CODE_TAIL_CALL,
	CODE_TAIL_APPLY,
	CODE_CLOSURE, // of function b, with a captured values from the stack
	CODE_RETURN,
	CODE_GLOBAL,     // b: number of the global
	CODE_SET_GLOBAL, // takes its value
	CODE_INT,        // looks whether argument a in the source is one
	CODE_REGEX,      // b: number of the pattern; a string becomes whether it matches
	CODE_TRY,     // until CODE_TRIED, what is raised is pushed in the place of this one's words, and b is next
	CODE_TRIED,   // below the value
	CODE_RAISE,   // takes an int
	CODE_CALL_CC, // calls the function on the stack, below it a frame, with the continuation
	CODE_LEVEL,   // three words with where the heap is
	CODE_LEVEL_END, // below the value: what was made since goes, if nothing refers to it
	CODE_SET_LOCAL, // at b from the base, the value
	CODE_START,     // of what is measured: the globals are made
	CODE_END,       // of the program: what is measured has returned
};

struct insn {
	uint16_t code, a;
	uint32_t b;
};

struct routine {
	const struct function *function;
	uint32_t entry;
	uint32_t need; // words of stack, arguments and all
	uint32_t level;
	bool lambda;
};

// The defined functions, in the kernel's order, then what is measured, then the globals, then the lambdas.
struct program {
	const struct kernel *kernel;
	const struct eval_options *options;
	struct insn *code;
	const struct node **places; // one for each instruction
	size_t count, cap;
	struct routine *routines;
	size_t routine_count, routine_cap;
	const struct node **constants; // NODE_INT, NODE_BOOL, NODE_STRING, NODE_NIL, NODE_FUNCTION
	size_t constant_count, constant_cap;
	const struct node **patterns; // NODE_STRING
	size_t pattern_count, pattern_cap;
};

// 0 or -ENOMEM. Deinit in every case. `options` is borrowed.
int program_compile(const struct kernel *k, const struct eval_options *options, struct program *out);
void program_deinit(struct program *p);

// Which variables, by id, can live as the values of their pair or box: they are bound to a new one by a let, and
// nothing but its parts is ever asked for, in the function itself. NULL without memory; to be freed.
bool *program_find_local(const struct kernel *k);

// What changes with every instruction.
struct cursor {
	const struct insn *pc;
	value *sp;   // the first free word
	value *base; // of the call's arguments and variables
};

struct machine {
	const struct program *program;
	const int64_t *params;
	struct eval_limits limits;
	struct heap heap;
	value *constants;
	value *globals;   // VALUE_GONE: not made yet
	regex_t *regexes; // the first regex_count patterns, compiled
	size_t regex_count;
	value *stack;
	size_t top, cap;          // words used (as far as the collector must know) and there
	size_t handler;           // where the words of the innermost try are; 0: there is none
	uint64_t stores;          // how often an object was put into an older one, or calls were copied
	struct cursor *cursor;    // while it runs
	bool started;             // the globals are made
	const struct insn *begin; // of what is measured
	uint64_t steps;           // left
	const struct node *at;    // what is being done, for errors
	struct err *e;
};

// Makes the globals; then, each time, what is measured, its value in *out. 0 or the error.
int machine_start(struct machine *m);
int machine_run(struct machine *m, value *out);
// The calls that are alive: how many, and as text (see eval_backtrace).
uint64_t machine_backtrace(const struct machine *m, char *text, size_t size);
int machine_compile_patterns(struct machine *m);
void machine_free_patterns(struct machine *m);
// Executes the operation `i`, one of enum op that machine_run has no case of its own for: operands at args, the
// result at args[0].
int machine_operate(struct machine *m, const struct insn *i, value *args);
// Parts of it: those on native data, and those on objects, weak references, ephemerons and finalizers.
int machine_operate_data(struct machine *m, enum op o, value *args);
int machine_operate_weak(struct machine *m, enum op o, value *args);
// args[0], a string, becomes whether the pattern of that number is in it.
int machine_match(struct machine *m, size_t pattern, value *args);

// The object of that kind at args[index], or NULL with the error filled in (in *rc).
struct object *machine_operand(struct machine *m, const value *args, size_t index, enum object_kind kind, int *rc);
// heap_new, or NULL with the error filled in.
struct object *machine_make(struct machine *m, enum object_kind kind, size_t count, int *rc);

// Notes that the value was put into an object that may be older.
static inline void machine_stored(struct machine *m, value v)
{
	m->stores += value_object(v) != NULL;
}

// Fails at the place that the machine is at.
__attribute__((format(printf, 3, 4))) int machine_fail(struct machine *m, int code, const char *format, ...);
// The memory's end: what the heap says of it.
int machine_no_memory(struct machine *m);
// Fails at argument `index` of what the machine is doing, which is `v` where `want` is needed.
int machine_mistyped(struct machine *m, size_t index, enum type_kind want, value v);
// Further steps that an operation costs by its size: one for 8 bytes.
int machine_charge(struct machine *m, size_t bytes);

#endif
