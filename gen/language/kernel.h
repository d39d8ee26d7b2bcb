// The kernel language: one *.kernel file as a checked tree (docs/kernels.md).
#ifndef SG_KERNEL_H
#define SG_KERNEL_H

#include "arena.h"
#include "err.h"
#include "header.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Integers are safe in a double.
#define KERNEL_INT_MAX ((INT64_C(1) << 53) - 1)
// Operands, parameters, bindings or state variables in one form.
#define KERNEL_ARGS_MAX 64U
#define KERNEL_FILE_MAX (1024U * 1024U)
#define KERNEL_REPEAT_MAX 1000

enum type_kind {
	TYPE_ANY, // not known (yet)
	TYPE_INT,
	TYPE_BOOL,
	TYPE_STRING,
	TYPE_LIST, // nil or a pair of anything
	TYPE_VECTOR,
	TYPE_MAP, // string keys
	TYPE_BOX,
	TYPE_FUNCTION,
	TYPE_UNIT,       // no value: an effect
	TYPE_DATA,       // the language's own nested data: an empty sequence, or a sequence of one
	TYPE_OBJECT,     // nothing but its identity
	TYPE_WEAK,       // a weak reference to an object
	TYPE_EPHEMERONS, // a map with objects as keys, which it does not keep alive
	TYPE_COUNT,
};

struct type {
	enum type_kind kind;
	struct type *same;  // TYPE_ANY that was found to be this one
	struct type **args; // TYPE_FUNCTION
	size_t arg_count;
	struct type *result; // TYPE_FUNCTION
};

// The operations: X(enumerator, word, signature). A signature has a letter for each argument, '>' and one for the
// result: i int, b bool, s string, l list, v vector, m map, x box, d data, o object, w weak reference, e
// ephemerons, f a function from int to int, c one that takes a continuation, a anything, u nothing (an effect).
// '*' behind the last argument's letter: once or more often. The words are those of dialect templates too.
#define KERNEL_OPS(X)                                                                                             \
	X(ADD, "+", "ii*>i")                                                                                      \
	X(SUBTRACT, "-", "ii>i")                                                                                  \
	X(MULTIPLY, "*", "ii*>i")                                                                                 \
	X(QUOTIENT, "quotient", "ii>i")                                                                           \
	X(REMAINDER, "remainder", "ii>i")                                                                         \
	X(EQUAL, "=", "ii>b")                                                                                     \
	X(LESS, "<", "ii>b")                                                                                      \
	X(GREATER, ">", "ii>b")                                                                                   \
	X(LESS_EQUAL, "<=", "ii>b")                                                                               \
	X(GREATER_EQUAL, ">=", "ii>b")                                                                            \
	X(NOT, "not", "b>b")                                                                                      \
	X(AND, "and", "bb*>b")                                                                                    \
	X(OR, "or", "bb*>b")                                                                                      \
	X(CONS, "cons", "aa>l")                                                                                   \
	X(CAR, "car", "l>a")                                                                                      \
	X(CDR, "cdr", "l>a")                                                                                      \
	X(NULL, "null?", "l>b")                                                                                   \
	X(LIST, "list", "a*>l")                                                                                   \
	X(MAKE_VECTOR, "make-vector", "ia>v")                                                                     \
	X(VECTOR_REF, "vector-ref", "vi>a")                                                                       \
	X(VECTOR_SET, "vector-set!", "via>u")                                                                     \
	X(VECTOR_LENGTH, "vector-length", "v>i")                                                                  \
	X(MAKE_MAP, "make-map", ">m")                                                                             \
	X(MAP_REF, "map-ref", "msa>a")                                                                            \
	X(MAP_SET, "map-set!", "msa>u")                                                                           \
	X(MAP_HAS, "map-has?", "ms>b")                                                                            \
	X(MAP_DELETE, "map-delete!", "ms>u")                                                                      \
	X(MAP_SIZE, "map-size", "m>i")                                                                            \
	X(BOX, "box", "a>x")                                                                                      \
	X(UNBOX, "unbox", "x>a")                                                                                  \
	X(SET_BOX, "set-box!", "xa>u")                                                                            \
	X(STRING_APPEND, "string-append", "ss*>s")                                                                \
	X(STRING_LENGTH, "string-length", "s>i")                                                                  \
	X(SUBSTRING, "substring", "sii>s")                                                                        \
	X(STRING_EQUAL, "string=?", "ss>b")                                                                       \
	X(STRING_LESS, "string<?", "ss>b")                                                                        \
	X(NUMBER_TO_STRING, "number->string", "i>s")                                                              \
	X(FULL_GC, "full-gc", ">u")                                                                               \
	X(RAISE, "raise", "i>a")                                                                                  \
	X(CALL_CC, "call/cc", "c>a")                                                                              \
	X(CALL_THROUGH_BUILTIN, "call-through-builtin", "fi>i")                                                   \
	X(REGEX_MATCH, "regex-match?", "ss>b")                                                                    \
	X(DATA_EMPTY, "data-empty", ">d")                                                                         \
	X(DATA_WRAP, "data-wrap", "d>d")                                                                          \
	X(DATA_UNWRAP, "data-unwrap", "d>d")                                                                      \
	X(DATA_IS_EMPTY, "data-empty?", "d>b")                                                                    \
	X(DATA_EQUAL, "data-equal?", "dd>b")                                                                      \
	X(DATA_TO_STRING, "data->string", "d>s")                                                                  \
	X(STRING_TO_DATA, "string->data", "s>d")                                                                  \
	X(DATA_OPEN, "data-open", ">s")                                                                           \
	X(DATA_CLOSE, "data-close", ">s")                                                                         \
	X(NEW_OBJECT, "new-object", ">o")                                                                         \
	X(SAME, "same?", "oo>b")                                                                                  \
	X(MAKE_WEAK, "make-weak", "o>w")                                                                          \
	X(WEAK_ALIVE, "weak-alive?", "w>b")                                                                       \
	X(MAKE_EPHEMERONS, "make-ephemerons", ">e")                                                               \
	X(EPHEMERON_SET, "ephemeron-set!", "eoa>u")                                                               \
	X(EPHEMERON_HAS, "ephemeron-has?", "eo>b")                                                                \
	X(EPHEMERON_REF, "ephemeron-ref", "eoa>a")                                                                \
	X(SET_FINALIZER, "set-finalizer!", "ox>u")

enum op {
#define X(name, word, signature) OP_##name,
	KERNEL_OPS(X)
#undef X
	        OP_COUNT
};

const char *op_word(enum op o);
const char *op_signature(enum op o);
// False when no operation has this word.
bool op_find(const char *word, enum op *out);
enum type_kind op_result(enum op o); // TYPE_ANY where it is what its use needs

enum node_kind {
	NODE_INT,
	NODE_BOOL,
	NODE_STRING,
	NODE_NIL,
	NODE_VAR,
	NODE_OP,       // op, args
	NODE_IF,       // args: condition, then, else (else is NULL: no value either way)
	NODE_LET,      // vars and args: names and values, each sees those before it; body
	NODE_BEGIN,    // args: effects and, last, the value
	NODE_LOOP,     // struct loop
	NODE_LAMBDA,   // function
	NODE_FUNCTION, // a defined function as a value: function
	NODE_CALL,     // a defined function, args; tail
	NODE_APPLY,    // body: the function's value; args; tail
	NODE_TRY,      // body; vars[0]: what was raised, in args[0], the handler
};

struct var {
	const char *name;
	struct type *type;
	unsigned id; // from 0, without gaps, within the kernel
	unsigned
	        level; // 0: a parameter or global of the kernel; 1: of a defined function; more: of a lambda in it
	bool global;   // made once, before the first repetition
	bool in_loop;  // gets a new value in each round of a loop of its own function
	unsigned line, column;
};

struct loop;
struct function;

struct node {
	enum node_kind kind;
	unsigned line, column;
	struct type *type;
	union {
		int64_t number; // NODE_INT, NODE_BOOL
		const char *text;
		struct var *var;
		struct loop *loop;
		struct {
			enum op op;
			bool tail; // tagged as a tail call
			struct function *function;
			struct node *body;
			struct var **vars;
			struct node **args;
			size_t count;
		};
	};
};

// State variables with their first values; while the condition holds: effects, then all states get their next
// values at once; then the result (NULL: none).
struct loop {
	struct var **vars;
	struct node **first, **next; // one for each variable
	size_t count;
	struct node *condition;
	struct node **effects;
	size_t effect_count;
	struct node *result;
};

// A defined function, a lambda, what is measured, or what makes a global (these two without a name or parameters).
struct function {
	const char *name; // NULL for a lambda
	uint32_t index;   // of a defined function, among the kernel's
	struct var **params;
	size_t param_count;
	struct node *body;
	struct type *type;
	struct var **captured; // a lambda's variables from outside, kernel parameters left out
	size_t captured_count;
	bool early; // referred to by a function defined before it
	unsigned line, column;
};

struct kernel_param {
	struct var *var;
	int64_t value, min, max;
};

// A value that is made once, before the first repetition, and seen by all functions.
struct kernel_global {
	struct var *var;       // of level 0
	struct function *make; // computes it, without a name or parameters
};

// One row of parameter values for the default suite.
struct kernel_instance {
	int64_t *values; // one for each parameter; where `given` is false, the default
	bool *given;
	bool *from_depth; // the value comes from --depth
	bool slow;        // its test is marked @Slow
};

struct kernel {
	struct arena arena;
	const char *path;
	enum test_kind kind;
	const char *name; // "recursion/sum"
	const char *summary;
	const char *stresses;   // NULL
	const char *growth;     // of time: "n", "n log n", ...; NULL
	const char *growth_all; // with what it says of other costs: "n; memory 1; collections log n"; NULL
	uint64_t timeout_s;     // 0: the runner's default
	struct kernel_param *params;
	size_t param_count;
	struct kernel_instance *instances; // at least one
	size_t instance_count;
	struct kernel_global *globals; // each sees those before it
	size_t global_count;
	struct function **functions;
	size_t function_count;
	const char *series; // of the latencies
	int64_t repeat;
	struct function *measured;
	struct node *expect; // NULL: the evaluator says it
	struct node *stack;  // calls alive at once; NULL: the evaluator says it where there is recursion
	unsigned var_count;
	uint64_t ops_used;   // bit per enum op
	uint32_t nodes_used; // bit per enum node_kind
	bool tail_calls;     // some call is tagged
	bool captures;       // some lambda has variables from outside
};

// Reads and checks a kernel file. *out is to be freed by kernel_free. Errors name file:line:column.
int kernel_load(const char *path, struct kernel **out, struct err *e);
// The same from text (what the fuzz target feeds).
int kernel_parse(const char *path, const char *text, size_t len, struct kernel **out, struct err *e);
void kernel_free(struct kernel *k); // accepts NULL

// Fills in file:line:column and returns -EINVAL.
__attribute__((format(printf, 5, 6))) int kernel_err(const struct kernel *k, unsigned line, unsigned column,
                                                     struct err *e, const char *format, ...);

// The kernel's own name behind the kind: "sum".
const char *kernel_short_name(const struct kernel *k);

// Infers and checks all types; called by kernel_parse.
int kernel_check(struct kernel *k, struct err *e);
const struct type *type_of(const struct type *t); // what it was found to be
const char *type_name(const struct type *t);      // "an int"
const char *type_kind_name(enum type_kind kind);

// The values of one instance with `depth` for those that come from --depth; `values` has param_count entries.
// -ERANGE for one outside its declared range.
int kernel_instance_values(const struct kernel *k, const struct kernel_instance *i, uint64_t depth,
                           int64_t *values, struct err *e);
// Evaluates a formula over the parameters (integers, booleans, if, let, loop): expect or stack. -ERANGE when an
// intermediate leaves ±(2^53 - 1), -ELOOP after too many steps.
int kernel_evaluate(const struct kernel *k, const struct node *formula, const int64_t *values, int64_t *out,
                    struct err *e);
// Whether a function may call itself, directly or through others, tagged tail calls included.
bool kernel_recurses(const struct kernel *k);

#endif
