// What the files that write a suite share: the work under way, and one test's parts.
#ifndef SG_GENERATION_H
#define SG_GENERATION_H

#include "buf.h"
#include "dialect.h"
#include "emit.h"
#include "gen.h"
#include "kernel.h"
#include "mode.h"
#include "outdir.h"
#include "suite.h"
#include "text_params.h"

struct generation {
	const struct gen_config *config;
	struct kernel **kernels; // sorted
	size_t kernel_count;
	struct outdir dir;
	struct suite suite;
	json_t *ids;        // of the tests so far: id -> true
	const char *source; // the file in the suite that the kernel at hand is in; NULL
	bool random;        // it is a random one
	struct mode modes[MODES_MAX];
	size_t mode_count;
	bool *params_used; // of config->params; NULL: there are none
	struct err *e;
};

// One kernel instance on one target.
struct pairing {
	const struct kernel *kernel;
	const struct kernel_instance *instance;
	const struct gen_target *target;
	struct emit_values values;
	struct buf id, params; // "recursion/sum-1000.python3", "depth=1000"
};

// suite.c. -ENOMEM, with g->e filled.
int generation_no_memory(struct generation *g);
// What suite.json says of a test; *out is the suite's. -EEXIST when there is one of that id.
int generation_add_test(struct generation *g, const char *path, const char *id, const char *kernel,
                        const char *dialect, const char *target, struct suite_test **out);
// Those of the target, then those of its language.
int generation_copy_patterns(struct generation *g, struct suite_test *t, const struct gen_target *target);
// A kernel's tests, and beside them its own text, where there are any.
int generation_write_kept(struct generation *g, const struct kernel *k, const struct buf *text);
// What the kernel's formulas say, at the parameters in `v`; without them, what the evaluator finds.
int generation_find_expected(const struct kernel *k, struct emit_values *v, struct err *e);

// suite_header.c. The dialect's own target of that name; NULL when the person brought the command along.
const struct dialect_target *generation_find_target(const struct gen_target *t);
// By target: its flags with the limits in them, else what stands in their place; owned. NULL: no limit is asked
// for.
json_t *generation_describe_limits(const struct gen_config *c);
// The lines in front of a test's program. No memory: out->failed.
void generation_add_header(struct buf *out, const struct generation *g, const struct pairing *p);
// The test of a hostile program, as a file of its own: with a header that no hostile byte can harm.
void generation_add_hostile_header(struct buf *out, const struct generation *g, const struct gen_target *t,
                                   const char *id, const char *program, const char *what);

// How a server's program, a file of the test's directory, is started: a command for a shell.
void generation_add_server_command(struct buf *out, const struct generation *g, const struct gen_target *t,
                                   const char *program);

// suite_other.c: what is not written from the catalogue's kernels as they stand.
bool generation_is_plain_id(const char *id); // one that can be a path
int generation_write_random(struct generation *g, uint64_t index);
int generation_write_modes(struct generation *g, const struct kernel *k); // a GC kernel in each mode asked for
int generation_write_malformed(struct generation *g, const struct gen_target *t, uint64_t index);
int generation_check_scenario(struct generation *g, const char *from); // with what the person set; writes nothing
int generation_write_scenario(struct generation *g, const char *from);
// The parameters of a scenario's text, with what the person set; random ones are drawn from the suite's seed.
int generation_read_params(struct generation *g, const char *from, const struct buf *text, struct text_params *p);
// Writes each into the header, as one of the test's; `values` gets them as "a=1 b=2".
int generation_set_params(struct generation *g, const char *from, const struct text_params *p, struct buf *text,
                          struct buf *values);
int generation_write_workload(struct generation *g, const struct gen_workload *w);

// suite_serve.c: a scenario, and the servers for it. One that cannot be written for a language is left out.
int generation_check_service(struct generation *g, const char *from); // as generation_check_scenario
int generation_write_service(struct generation *g, const char *from);
// Tests that mutate frames against our own server, and against one of each language that can serve without TLS.
int generation_check_fuzz(struct generation *g);
int generation_write_fuzz(struct generation *g);

#endif
