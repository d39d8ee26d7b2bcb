// A dialect: how kernels are written in one language, as data from a *.dialect file (docs/dialects.md).
#ifndef SG_DIALECT_H
#define SG_DIALECT_H

#include "gen.h"
#include "kernel.h"
#include "sexp.h"
#include "suite.h"

// A template's result that needs no parentheses anywhere.
#define PRECEDENCE_ATOM 100
#define DIALECT_FILE_MAX (1024U * 1024U)

// The constructs beside the operations (KERNEL_OPS): X(enumerator, word, its placeholders).
#define DIALECT_CONSTRUCTS(X)                                                                                     \
	X(INT, "int", "1")                                                                                        \
	X(NEGATIVE_INT, "negative-int", "1")                                                                      \
	X(WIDE_INT, "wide-int", "1")                                                                              \
	X(NEUTRAL_INT, "neutral-int", "1")                                                                        \
	X(STRING, "string", "1")                                                                                  \
	X(TRUE, "true", "")                                                                                       \
	X(FALSE, "false", "")                                                                                     \
	X(NIL, "nil", "")                                                                                         \
	X(UNIT, "unit", "")                                                                                       \
	X(NOT_NULL, "not-null?", "1")                                                                             \
	X(FUNCTION_VALUE, "function-value", "name arity")                                                         \
	X(CALL, "call", "function args")                                                                          \
	X(TAIL_CALL, "tail-call", "function args")                                                                \
	X(APPLY, "apply", "function args arity operands")                                                         \
	X(TAIL_APPLY, "tail-apply", "function args arity operands")                                               \
	X(LAMBDA, "lambda", "params body captured")                                                               \
	X(CLOSURE, "closure", "function captured count")                                                          \
	X(LIFTED_LAMBDA, "lifted-lambda", "name params captured body")                                            \
	X(CAPTURED_VALUE, "captured-value", "name index")                                                         \
	X(SELF_PARAM, "self-param", "")                                                                           \
	X(IF, "if", "condition then else")                                                                        \
	X(WHEN, "when", "condition then")                                                                         \
	X(LET, "let", "name value body")                                                                          \
	X(BEGIN, "begin", "1 2 items")                                                                            \
	X(ATOM_ITEM, "atom-item", "1")                                                                            \
	X(LOOP, "loop", "label states names values condition effects next step result")                           \
	X(LOOP_WITHOUT_RESULT, "loop-without-result", "label states names values condition effects next step")    \
	X(LOOP_STATE, "loop-state", "name value next")                                                            \
	X(NEXT, "next", "label args names")                                                                       \
	X(DECLARE, "declare", "name")                                                                             \
	X(ASSIGN, "assign", "name value")                                                                         \
	X(ASSIGN_MANY, "assign-many", "names values")                                                             \
	X(EFFECT, "effect", "value")                                                                              \
	X(DISCARD, "discard", "value")                                                                            \
	X(RETURN, "return", "value")                                                                              \
	X(IF_ELSE, "if-else", "condition then else")                                                              \
	X(WHILE, "while", "condition body")                                                                       \
	X(FOREVER, "forever", "body")                                                                             \
	X(BREAK_UNLESS, "break-unless", "condition")                                                              \
	X(LOCAL_FUNCTION, "local-function", "name params body captured")                                          \
	X(LOCAL_FUNCTION_AROUND, "local-function-around", "name params body copies names")                        \
	X(CAPTURED, "captured", "names")                                                                          \
	X(CAPTURE_AROUND, "capture-around", "copies names function")                                              \
	X(CAPTURE, "capture", "copy name body")                                                                   \
	X(CAPTURE_PARAM, "capture-param", "copy name")                                                            \
	X(TRY, "try", "body name handler")                                                                        \
	X(TRY_FUNCTION, "try-function", "result status body name handler")                                        \
	X(EMPTY, "empty", "")                                                                                     \
	X(PARAM, "param", "name value")                                                                           \
	X(PARAM_REF, "param-ref", "name")                                                                         \
	X(GLOBAL, "global", "name")                                                                               \
	X(GLOBAL_SET, "global-set", "name value")                                                                 \
	X(GLOBAL_REF, "global-ref", "name")                                                                       \
	X(FUNCTION, "function", "name params body")                                                               \
	X(RECURSIVE_FUNCTION, "recursive-function", "name params body")                                           \
	X(FURTHER_FUNCTION, "further-function", "name params body")                                               \
	X(FUNCTION_PARAM, "function-param", "name")                                                               \
	X(RETURN_UNIT, "return-unit", "")                                                                         \
	X(PROTOTYPE, "prototype", "name params")                                                                  \
	X(SET, "set", "name value")                                                                               \
	X(SET_AFTER, "set-after", "name value rest")                                                              \
	X(FORWARD, "forward", "names")                                                                            \
	X(FORWARD_FUNCTION, "forward-function", "name params body")                                               \
	X(PROGRAM, "program", "params helpers functions globals measure expect repeat series stack kernel seed")  \
	X(SERVER, "server", "params helpers functions globals measure expect repeat series stack kernel seed")

// A template is that of an operation (its enum op) or of a construct.
enum construct {
	CONSTRUCT_BEFORE_ = OP_COUNT - 1,
#define X(name, word, placeholders) CONSTRUCT_##name,
	DIALECT_CONSTRUCTS(X)
#undef X
	        TEMPLATE_COUNT
};

// Text as it stands, or a placeholder "{name}" or "{name:precedence}".
struct piece {
	const char *text; // literal text, or NULL
	size_t len;
	const char *slot; // the placeholder's name, or NULL
	int precedence;   // what is put here must bind at least as tightly
};

struct template_line {
	struct piece *pieces;
	size_t count;
};

struct template
{
	struct template_line *lines; // NULL: the dialect does not have it
	size_t count;
	int precedence;
	bool inherited; // from a dialect that this one extends
};

struct dialect_target {
	const char *name, *command;
	const char *find, *package, *version; // "" where there is none
	const char *coverage;                 // a command that runs the program and notes what it reaches; ""
	bool extra;                           // not part of the default job
	const char *heap_flag,
	        *stack_flag; // "" where it has none; {mib}, {kib}, {bytes}, {words} stand for the limit
	const char *preload_sees_heap;
	struct param *params; // borrowed text
	size_t param_count;
};

struct dialect_helper {
	const char *name, *text; // included where the name occurs in the program
};

struct dialect {
	struct arena arena;
	const char *path;
	const char *name, *summary, *extension;
	const char *first_line;            // in front of the header; "": none
	const char *comment, *comment_end; // around each line of the header; the end is "" where none is needed
	bool abstract;                     // for others to extend, and no dialect of its own
	bool statements;                   // style: statements and expressions, or expressions alone
	bool kernel_text;                  // style: the kernel itself, without templates
	const char *find, *package, *version, *heap_flag, *stack_flag; // for targets that do not say; "": nothing
	bool c_stack; // the stack that stack_flag bounds is the process's, which must hold it
	const char *function_prefix, *variable_prefix, *dash;
	const char *global_prefix;       // of parameters and globals
	bool upper_params;               // parameters are in upper case, without a prefix
	const char *separator;           // between arguments
	const char *item_separator;      // between the items of a sequence
	const char *no_params, *no_args; // what stands where there are none
	const char *block, *block_end;   // around a sequence (a template of precedence 0) where a value is due
	const char *preload_sees_heap;   // in words
	const char *server_routes;       // what its servers have beside /work: "timer events echo"; ""
	const char *server_check;        // a command of the shell's that fails where they lack a library; ""
	const char *server_package;      // what brings it; ""
	bool server_tls;                 // they speak TLS, with a certificate of their own
	bool tail_calls;                 // eliminated where they are tagged
	bool implicit_begin;             // a body may be several expressions, one a line
	bool any_order;                  // a language may evaluate operands in any order
	bool capital_variables;          // variables are written LikeThis
	bool lifted_loops;               // each loop is a function of its own
	int64_t blank_lines;             // between functions
	const char **reserved;
	size_t reserved_count;
	const char *escapes[128]; // how a character is written in a string; NULL: as it is
	struct dialect_target *targets;
	size_t target_count;
	struct pattern *patterns; // borrowed text
	size_t pattern_count;
	struct dialect_helper *helpers;
	size_t helper_count;
	const char *lacks[TEMPLATE_COUNT]; // why, in words
	struct template templates[TEMPLATE_COUNT];
};

static inline bool dialect_has(const struct dialect *d, int t)
{
	return d->templates[t].lines != NULL;
}

// Whether a template has the placeholder.
bool template_uses(const struct template *t, const char *name);
// The word of a template in a dialect file.
const char *template_word(int t);
// The same as dialect_load, from text (what the fuzz target feeds).
int dialect_parse(const char *path, const char *text, size_t len, struct dialect **out, struct err *e);
// Reads (word [precedence] "line" ...) into its template; the placeholders must be those of the construct.
int template_parse(struct dialect *d, const struct sexp_doc *doc, const struct sexp *s, struct err *e);
// The form's (templates ...), which may be left out where the dialect inherits some, and whether all are there
// that its style cannot do without. 0 or -EINVAL.
int template_parse_all(struct dialect *d, const struct sexp_doc *doc, const struct sexp *form, bool inherits,
                       struct err *e);

#endif
