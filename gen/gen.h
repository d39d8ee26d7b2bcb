// The generator: kernels and scenarios in, a suite of test files out.
#ifndef SG_GEN_H
#define SG_GEN_H

#include "err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pattern;
struct dialect; // a language that kernels are emitted in: one *.dialect file

// Reads a dialect file (docs/dialects.md). *out is to be freed by dialect_free. Errors name file:line:column.
int dialect_load(const char *path, struct dialect **out, struct err *e);
void dialect_free(struct dialect *d);              // accepts NULL
const char *dialect_name(const struct dialect *d); // "lua"
bool dialect_is_abstract(const struct dialect *d); // for others to extend: no target, nothing to emit
const char *dialect_summary(const struct dialect *d);
// A dialect's targets: ways to run one emitted program. There is at least one.
size_t dialect_target_count(const struct dialect *d);
const char *dialect_target_name(const struct dialect *d, size_t i);    // "lua@slab-fixed", "python3"
const char *dialect_target_command(const struct dialect *d, size_t i); // with {file}, {param:...}
const char *dialect_target_find(const struct dialect *d,
                                size_t i); // program that must be in PATH; NULL: none needed
const char *dialect_target_package(const struct dialect *d, size_t i); // the Debian package that brings it; NULL
const char *dialect_target_version(const struct dialect *d, size_t i); // command that prints its version; NULL
const char *dialect_target_heap_flag(const struct dialect *d,
                                     size_t i); // how its own limit is set; NULL: it has none
const char *dialect_target_stack_flag(const struct dialect *d, size_t i); // likewise
const char *dialect_target_preload(const struct dialect *d, size_t i); // whether a preloaded malloc sees its heap
bool dialect_target_is_extra(const struct dialect *d, size_t i);       // not part of the default job
bool dialect_serves(const struct dialect *d);                          // its programs can be HTTP/2 servers
// A command of the shell's that fails where those lack a library, {program} standing for the runtime's path; NULL:
// they need none.
const char *dialect_server_check(const struct dialect *d);
const char *dialect_server_package(const struct dialect *d); // what brings the library; NULL: not known

#define DIALECT_CAPABILITIES_MAX 16U
// What the language can do, in words ("tail calls", "call/cc", ...); their number.
size_t dialect_capabilities(const struct dialect *d, const char *out[DIALECT_CAPABILITIES_MAX]);

struct gen_target {
	const struct dialect *dialect;
	const char *name;               // for ids and reports
	const char *command;            // @Run; NULL: that of the dialect's target of that name
	const struct pattern *patterns; // in front of the dialect's
	size_t pattern_count;
	const char *heap_flag, *stack_flag; // NULL: those of the dialect's target
};

// A test of kind alloc: a native workload with parameters.
struct gen_workload {
	const char *name, *summary;
	const char *suffix; // of the id; "": none
	const char *values; // "name=value ..."; the workload's defaults for what is not in it
	bool slow;
};

// One more size of a kernel than `sizes` gives it.
struct gen_size {
	const char *kernel; // "recursion/sum"
	int64_t size;
};

struct gen_config {
	const char *const *kernels; // kernel files
	size_t kernel_count;
	bool keep_kernels;            // the suite holds them too, as it does random ones: kernels/NAME.kernel
	const char *const *scenarios; // HTTP/2 scenario files, copied with their header
	size_t scenario_count;
	uint64_t fuzz_count; // tests that mutate frames, for our own server and for each of `servers`
	// *.serve files: scenarios with a server to be written for them (docs/http2.md)
	const char *const *services;
	size_t service_count;
	const struct gen_target *servers; // what they are written for; those that cannot serve are passed over
	size_t server_count;
	const char *kernel_dir;    // where the kernels are that services name
	const char *const *params; // NAME=VALUE for the scenarios and services that have a parameter of that name
	size_t param_count;
	const struct gen_workload *workloads; // native allocator workloads
	size_t workload_count;
	uint64_t random_count;    // random kernels, other/random-SEED-0 and so on (docs/random.md)
	unsigned random_size;     // nodes of each, about; 0: the usual
	uint64_t malformed_count; // hostile programs for each target
	const struct gen_target *targets;
	size_t target_count;
	const char *out_dir; // made; must be empty, or hold a suite that we wrote (then it is replaced)
	uint64_t seed;
	uint64_t depth;                    // for kernels' (depth from --depth) instances
	unsigned sizes;                    // of each kernel that grows with one, in place of its own; 0: its own
	const struct gen_size *more_sizes; // beside those
	size_t more_count;
	bool coverage;       // targets run by their command for that, where they have one
	uint64_t heap_bytes; // limits that targets are to be given, by their own flags where they have some; 0:
	                     // none
	uint64_t stack_bytes;
	const char *gc_modes;  // of GC kernels, "bursts,gc-every-1000" (docs/catalogue.md); NULL: none
	const char *generator; // "stressgen 0.1.0"
};

// Writes the suite: one file for each (kernel instance, target), suite.json last. 0 or -errno with `e` filled.
int gen_suite(const struct gen_config *c, struct err *e);
// Parses and checks one kernel without writing anything, and evaluates its instances (--depth: the parameter's
// default) within the limits of eval.h: -EINVAL where its formula says something else than the kernel computes.
int gen_check_kernel(const char *path, struct err *e);

#endif
