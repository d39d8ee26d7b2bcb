// Trials: one kernel, written for one target and run, over and over, in a directory of their own.
#ifndef SG_TRIAL_H
#define SG_TRIAL_H

#include "catalogue.h"
#include "pipeline.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// How one trial ended.
struct trial_end {
	enum verdict verdict;
	bool expected, clean, wrong; // wrong: a check was bad
	bool late;                   // a load of HTTP/2 that its deadline ended
	int signal, exit_code;
	uint64_t wall_ns, cpu_ns, peak_rss_bytes;
	uint64_t repetition_ns;       // the median one, as the program tells; 0: it does not
	uint64_t slab_used_bytes;     // the most that its fullest pool held at a time
	uint64_t slab_capacity_bytes; // that of the same pool in the end; 0: it has none
	char evidence[256];           // in words
	char slab[160];               // the slab that was exhausted, in words; "": none
	char heap[200]; // what the allocator held, in words; "": it was not instrumented, or another one is used
};

struct trial {
	struct app *app;
	struct gen_target target; // what it refers to is borrowed
	uint64_t seed;
	struct param *params; // for {param:NAME}; measured at the first trial when there are none; owned
	size_t param_count;
	uint64_t timeout_ns, memory_bytes;    // 0: what the options say
	uint64_t cpu_s;                       // CPU seconds of each process; 0: no limit
	bool preload;                         // the allocator instrumentation
	const struct allocator_choice *alloc; // the malloc that it runs on; borrowed; NULL: the target's own
	const char *prefix;                   // "stressgen-shrink": of the directory's name
	char dir[64];
	struct err *e;
};

// Makes the directory, below $TMPDIR.
int trial_open(struct trial *t);
void trial_close(struct trial *t); // removes it
// Writes the kernel file into the suite DIR; `keep`: the suite holds the kernel too.
int trial_write(const struct trial *t, const char *kernel, const char *dir, bool keep);
// Runs the kernel. 0; -ENOTSUP when the dialect cannot write it, -EINTR on a signal, else -errno with t->e filled.
int trial_run(struct trial *t, const char *text, size_t len, struct trial_end *end);
// The same for an HTTP/2 scenario.
int trial_run_scenario(struct trial *t, const char *text, size_t len, struct trial_end *end);
// Writes the kernel's text into the suite DIR, and loads that: the program that a person runs.
int trial_keep(const struct trial *t, const char *text, size_t len, const char *dir, struct suite *suite);

#endif
