// The hunt for cliffs: one kernel on one target after another.
#ifndef SG_CLIFF_HUNT_H
#define SG_CLIFF_HUNT_H

#include "catalogue.h"
#include "cliff_journal.h"
#include "cliffs.h"
#include "kernel.h"
#include "pipeline.h"
#include "trial.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hunt {
	struct app *app;
	struct catalogue catalogue;
	struct strings kernels;
	struct gen_target *targets; // owned
	size_t target_count;
	const char *dir;
	struct cliffs found;
	size_t pairs, pair; // how many there are, and which one is under way, from 1
	bool interrupted;
	int64_t most;                  // values end there, where the kernel allows more; 0: nowhere
	struct allocator_choice alloc; // --alloc's; zeroed where there is none
	struct cliff_journal journal;
	struct err *e;
};

// What is searched where it is no kernel: a size of an HTTP/2 scenario.
struct hunt_scenario {
	const char *param, *target;
	int64_t least, first, most;
	int (*write)(const struct hunt_scenario *s, int64_t value, struct buf *out); // the file; 0 or -ENOMEM
	uint64_t deadline_ns;
};

int hunt_one_scenario(struct hunt *h, const struct hunt_scenario *s);
// cliff_http2.c: --http2, in the place of kernels and targets.
int hunt_http2(struct hunt *h);
// Finds one cliff, adds it to what was found, and keeps the program that breaks. 0, also when there is none or the
// person stopped it (`interrupted`); else -errno with h->e filled.
int hunt_one(struct hunt *h, const char *kernel_path, const struct gen_target *target);
// The parameter of that name; NULL: "depth" where there is one, else the first. NULL when there is none.
struct kernel_param *hunt_param(const struct kernel *k, const char *name);
// A trial for the hunt's limits; the caller opens it.
struct trial hunt_trial(struct hunt *h, const struct gen_target *target);
// The capacity of slabs is the same for each trial, and not measured from the kernel's default.
int hunt_set_slab(struct hunt *h, struct trial *t);
// The kernel with that value and so many repetitions, and no limit but those of the runtime and of the trial. 0 or
// -ENOMEM.
int hunt_kernel_text(struct kernel *k, struct kernel_param *param, int64_t value, int64_t repeat, struct buf *out);
// cliffs.json and cliffs.html.
int hunt_write_files(struct hunt *h);

// cliff_remedies.c: --remedies, in the place of kernels and targets.
int hunt_remedies(struct hunt *h);

#endif
