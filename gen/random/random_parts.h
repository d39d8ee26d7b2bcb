// What the parts of the random generator share. random.c makes the kernel and its functions, random_make.c
// expressions of any type, random_effect.c loops and effects, random_own.c those of one type, random_int.c
// integers, random_special.c what not every language has.
#ifndef SG_RANDOM_PARTS_H
#define SG_RANDOM_PARTS_H

#include "form.h"
#include "kernel.h"
#include "rng.h"

// The types of random programs: those of kernels, with what they hold.
// X(enumerator, kind, what it holds or returns, its parameters)
#define RANDOM_TYPES(X)                                                                                           \
	X(INT, INT, INT, "")                                                                                      \
	X(BOOL, BOOL, BOOL, "")                                                                                   \
	X(TEXT, STRING, TEXT, "")                                                                                 \
	X(INTS, LIST, INT, "")                                                                                    \
	X(TEXTS, LIST, TEXT, "")                                                                                  \
	X(NESTED, LIST, INTS, "")                                                                                 \
	X(MAPPERS, LIST, MAPPER, "")                                                                              \
	X(INT_VECTOR, VECTOR, INT, "")                                                                            \
	X(TEXT_VECTOR, VECTOR, TEXT, "")                                                                          \
	X(INT_MAP, MAP, INT, "")                                                                                  \
	X(INTS_MAP, MAP, INTS, "")                                                                                \
	X(INT_BOX, BOX, INT, "")                                                                                  \
	X(BOOL_BOX, BOX, BOOL, "")                                                                                \
	X(TEXT_BOX, BOX, TEXT, "")                                                                                \
	X(INTS_BOX, BOX, INTS, "")                                                                                \
	X(MAPPER, FUNCTION, INT, "i")                                                                             \
	X(JOINER, FUNCTION, INT, "ii")                                                                            \
	X(TESTER, FUNCTION, BOOL, "i")                                                                            \
	X(EDITOR, FUNCTION, TEXT, "t")                                                                            \
	X(THUNK, FUNCTION, INT, "")                                                                               \
	X(UNIT, UNIT, UNIT, "")

enum rtype {
#define X(name, kind, holds, params) R_##name,
	RANDOM_TYPES(X)
#undef X
	        R_COUNT
};

// The last that any value may have: a function's parameter, a loop's state.
#define R_LAST_COMMON R_THUNK

struct rshape {
	enum type_kind kind;
	enum rtype holds;
	const char *params; // of a function: i int, t text
};

extern const struct rshape random_shapes[R_COUNT];

// Bounds that every value of a type keeps where nothing narrower is known: of an integer the value, of strings,
// lists and vectors the length.
#define TEXT_MOST 64
#define LIST_MOST 16
#define VECTOR_LEAST 3
#define VECTOR_MOST 8
// What a call of a function value costs at most, in nodes, and how many calls are alive in it.
#define VALUE_COST 400U
#define VALUE_DEPTH 60U

// What not every program has, so that a language without it still runs most of them.
enum feature {
	FEATURE_TRY,
	FEATURE_GLOBAL,
	FEATURE_CALL_CC,
	FEATURE_BUILTIN,
	FEATURE_REGEX,
	FEATURE_DATA,
	FEATURE_WEAK, // objects, weak references, finalizers
	FEATURE_EPHEMERON,
	FEATURE_GC,
	FEATURE_COUNT,
};

struct made {
	struct form *form;
	int64_t lo, hi;      // see above
	uint64_t call_cost;  // of a function value
	unsigned call_depth; // likewise
};

struct rvar {
	const char *name;
	enum rtype type;
	struct made is; // its bounds
};

#define RANDOM_PARAMS 4U

struct rfunction {
	const char *name;
	enum rtype params[RANDOM_PARAMS], result;
	size_t param_count;
	int64_t fuel; // the most that the first parameter may be; 0: it is no count-down
	int64_t lo, hi;
	uint64_t cost;
	unsigned depth;
	bool raises, used;
};

#define RANDOM_VARS 256U
#define RANDOM_FUNCTIONS 96U

// Functions that are written in the kernel language itself, where a program calls them.
enum helper { HELPER_CLIP_TEXT, HELPER_CLIP_ITEMS, HELPER_SUM_INTS, HELPER_COUNT };

struct random {
	struct rng rng;
	struct forms forms;
	struct rvar vars[RANDOM_VARS];
	size_t var_count;
	struct rfunction functions[RANDOM_FUNCTIONS];
	size_t function_count;
	unsigned features; // bit per enum feature
	bool helpers[HELPER_COUNT];
	// of the function or lambda that is being made
	uint64_t cost, limit; // nodes evaluated in one call, at most; never beyond the limit
	uint64_t times;       // how often what is being made now is evaluated in one call
	unsigned depth;       // calls alive inside
	bool may_raise;       // what is raised here is caught somewhere
	bool raises;          // something may be raised out of it
	bool wild;            // whatever is raised is caught around the whole
};

// --- chance ---
uint64_t random_below(struct random *g, uint64_t n);
int64_t random_between(struct random *g, int64_t lo, int64_t hi);
bool random_chance(struct random *g, unsigned percent);
bool random_has(const struct random *g, enum feature f);

// --- random.c ---
// A name for a variable; `fresh`: no other in scope has it.
const char *random_name(struct random *g, bool fresh);
void random_helper(struct random *g, enum helper h); // it is called here
// Whether `cost` more nodes, as often as is evaluated here, keep within the limit.
bool random_affords(const struct random *g, uint64_t cost);
void random_spend(struct random *g, uint64_t cost);
void random_note_depth(struct random *g, unsigned depth);

// --- random_make.c ---
// An expression of the type, of about `size` nodes.
struct made random_make(struct random *g, enum rtype t, unsigned size);
struct made random_within(struct random *g, enum rtype t, unsigned size, int64_t lo, int64_t hi); // of an int
struct made random_standard(struct random *g, enum rtype t, unsigned size); // within the type's bounds
struct made random_bound(struct random *g, enum rtype t, struct made m, int64_t lo, int64_t hi);
struct made random_bounds(enum rtype t); // those of the type, without a form
// The index of an item of a vector that has at least `length` of them; a map's key.
struct form *random_index(struct random *g, int64_t length, unsigned size);
struct form *random_key(struct random *g, unsigned size);
// A variable in scope; `type` R_COUNT: any of that kind. NULL when there is none.
const struct rvar *random_variable(struct random *g, enum rtype type, enum type_kind kind);
// A new variable in the innermost scope; leave restores var_count.
const char *random_bind(struct random *g, enum rtype t, struct made is);
const char *random_bind_fresh(struct random *g, enum rtype t, struct made is);
struct form *random_pair(struct random *g, const char *name, struct form *value); // (name value)
// A call of a defined function that returns `t`; false when there is none that can be called here.
bool random_call(struct random *g, enum rtype t, unsigned size, struct made *out);
struct form *random_call_of(struct random *g, struct rfunction *f, unsigned size);
struct made random_plain(struct form *form, int64_t lo, int64_t hi);

// --- random_effect.c ---
struct form *random_effect(struct random *g, unsigned size);
bool random_affords_loop(const struct random *g, unsigned size);
// The loop of a counter and, unless `t` is R_UNIT, of a state of that type; it lacks its result.
struct form *random_open_loop(struct random *g, enum rtype t, unsigned size, const char **state);

// --- random_own.c ---
struct made random_leaf(struct random *g, enum rtype t);
struct made random_own(struct random *g, enum rtype t, unsigned size);
struct made random_lambda(struct random *g, enum rtype t, unsigned size);

// --- random_int.c ---
struct made random_int_leaf(struct random *g);
struct made random_int(struct random *g, unsigned size);
struct made random_bound_int(struct random *g, struct made m, int64_t lo, int64_t hi);
// An integer in which all of a value of the type has a say.
struct made random_digest(struct random *g, enum rtype t, struct made m);

// --- random_special.c ---
#define RANDOM_HELD "held" // the global that holds objects, in programs with weak references or ephemerons
// An integer made with one of the program's features; false when there is no such thing, or it costs too much
// here.
bool random_special(struct random *g, enum feature f, unsigned size, struct made *out);
struct form *random_regex(struct random *g); // a bool

// (word item ...) in the generator's forms.
#define FORM(g, ...) form_of(&(g)->forms, __VA_ARGS__, (struct form *)NULL)
#define ATOM(g, text) form_atom(&(g)->forms, text)
#define INT(g, number) form_int(&(g)->forms, number)

#endif
