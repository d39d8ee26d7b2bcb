// Generating, running and reporting: the steps that `gen`, `run` and the default job share.
#ifndef SG_PIPELINE_H
#define SG_PIPELINE_H

#include "allocators.h"
#include "cli.h"
#include "gen.h"
#include "header.h"
#include "run.h"
#include "runner.h"
#include "suite.h"

#include <jansson.h>
#include <stddef.h>

#define SG_RUNS_DIR "stressgen-runs"
#define SG_LATEST SG_RUNS_DIR "/latest"
#define SG_SUITE_DIR "stressgen-suite" // where `gen` writes, and `run` looks, unless told otherwise

struct pipeline {
	struct app *app;
	char *run_dir;     // owned; NULL: not made yet
	bool first_run;    // here: there was no directory of runs before it
	const char *label; // what it is to be called after then
	struct suite suite;
	char *earlier;     // the run whose suite it is, owned; NULL: the suite was named itself
	size_t *selection; // indices into the suite, owned
	size_t selected;
	struct param *params; // overrides for {param:NAME}, owned
	size_t param_count;
	json_t *cases;         // of an earlier run: id -> names; owned, else NULL
	unsigned repeat;       // likewise, else 0
	uint64_t soak_ns;      // likewise; 0: none
	json_t *chosen;        // the ids that a run to be resumed had selected, in its order; owned, else NULL
	char *preload_options; // what the preloaded library is told, owned; NULL
	struct allocator_choice alloc; // --alloc's; zeroed where there is none
	json_t *recalled_alloc;        // that of an earlier run to be resumed; owned, else NULL
	bool unreported;               // the run is not reported on: there is more to come
	bool grown;                    // the run goes on although its suite has changed: it has more tests
	const char *wrap;              // in the place of --wrap's; NULL: as that says
	json_t *pairs;  // run.json's "pairs", of this run or of the one to be resumed; owned, else NULL
	json_t *origin; // run.json's "began" and "revision", of this run or of the one to be resumed; owned, else
	                // NULL
	json_t *source; // what the suite was made of where it is no directory, for run.json; owned, else NULL
};

void pipeline_deinit(struct pipeline *j);

// Step 1: writes the suite into DIR as the options say. An exit code.
int pipeline_generate(struct app *app, const char *dir);
// The same with a seed, and more sizes of some kernels.
int pipeline_generate_more(struct app *app, const char *dir, uint64_t seed, const struct gen_size *more,
                           size_t count);
// refine.c: whether the options want more sizes where curves bend, and measuring those, when pipeline_run has run
// the suite in DIR (unreported). An exit code.
bool pipeline_refines(const struct app *app);
int pipeline_refine(struct pipeline *j, const char *suite_dir);
// Makes the run's directory: --output, else a new one in stressgen-runs/ named after the time and `label`.
int pipeline_choose_dir(struct pipeline *j, const char *label, struct err *e);
// Only looks whether it can be made: pipeline_run makes it when everything before the tests is done, so that
// nothing is left of what is stopped before.
int pipeline_check_dir(struct pipeline *j, const char *label, struct err *e);
// select.c: what --only, --filter and their like leave, by priority; --shuffle, --budget. -ENOENT when nothing is
// left (exit 4).
int pipeline_select(struct pipeline *j, struct err *e);
// cmd_list.c: the selected tests in their order, or with --show-tags their tags, on stdout.
void pipeline_list(const struct pipeline *j);
// Step 2: where a selected test wants a slab and nobody said how large, measures the kernels' peaks
// (calibrate.c); fills params.
int pipeline_calibrate(struct pipeline *j, struct err *e);
// near_full.c: measures for each selected near-full test how little memory it needs, and sets its slab to 1.05
// times that. 0, or -EINVAL or -ENOMEM with `e` filled.
int pipeline_near_full(struct pipeline *j, struct err *e);
// cases.c: puts a test in the place of each case that a file's @List prints, and repeats tests as --repeat says.
// An earlier run's are taken from its run.json. -EINVAL or -ENOMEM.
int pipeline_expand(struct pipeline *j, struct err *e);
// fail_alloc.c: what --instrument and --fail-alloc tell the preloaded library; a walk puts a test in the place of
// the command for each request that is to fail. -EINVAL, -ENOENT or -ENOMEM.
int pipeline_instrument(struct pipeline *j, struct err *e);
// aside.c: runs a suite in a temporary directory (config's run_dir is set) and loads what came of it. Deinit in
// every case.
struct aside {
	char dir[512];
	struct run run;
};
int aside_run(struct aside *a, struct runner_config *config, struct err *e);
void aside_deinit(struct aside *a);
// Takes away a directory that was chosen and stayed empty.
void pipeline_abandon(const struct pipeline *j);
// Whether a run is in that directory.
bool pipeline_is_run(const char *path);
// The suite in DIR, or that of the run in DIR with its parameters.
int pipeline_load(struct pipeline *j, const char *dir, struct err *e);
// The suite of the earlier run in DIR, and its parameters.
int pipeline_recall(struct pipeline *j, const char *dir, struct err *e);
// Prints why nothing ran; the exit code (-ENODEV: something that was asked for is missing).
int pipeline_refuse(const struct err *e, int rc);
// What the command line names: one of those, of the following two, or DIR. -ENODEV where it is a command whose
// program is not there.
int pipeline_arguments(struct pipeline *j, struct err *e);
// "-- ./prog args": a suite of one test whose command it is.
int pipeline_command(struct pipeline *j, char *const *words, size_t count, struct err *e);
// Single files, from `dir`.
int pipeline_files(struct pipeline *j, const char *dir, char *const *paths, size_t count, struct err *e);
// What run.json says of the run beside the machine's facts; a new reference.
json_t *pipeline_info(const struct pipeline *j);
// Takes over how the tests of an earlier run were run, from its run.json, but for what the command line says.
int pipeline_recall_options(struct opt_set *o, const json_t *info, struct err *e);
// origin.c: when the run began and what it measures (--revision, else git's commit), once for all of its parts.
void origin_take(struct pipeline *j);
void origin_recall(struct pipeline *j, const json_t *info);
// Whether tests run in containers.
bool pipeline_contained(const struct opt_set *o);
unsigned pipeline_workers(const struct opt_set *o); // how many tests at a time
// Whether self-protection is on: by its option, by --safe-mode, or since one of its thresholds was named.
bool pipeline_protects(const struct opt_set *o);
// The options as the runner wants them, but for its hooks. 0 or -EINVAL.
int pipeline_config(const struct pipeline *j, struct runner_config *c, struct err *e);
// Steps 3 and 4: runs what is selected and reports. An exit code.
int pipeline_run(struct pipeline *j, bool resume);
// The run alone: `summary` (zeroed) says how it went. Negative, with `e` filled, when it could not begin.
int pipeline_execute(struct pipeline *j, bool resume, struct runner_summary *summary, struct err *e);
// Nothing has refused it: says how many tests there are, and makes it the latest.
void pipeline_begun(const struct pipeline *j);
// Why a run broke off or is worth nothing, on stderr.
void pipeline_say_why(const struct pipeline *j, const struct runner_summary *s);
// against.c: --against, or a run to be resumed that had it: what is selected runs in pairs, and is compared. An
// exit code.
bool pipeline_is_paired(const struct pipeline *j);
int pipeline_against(struct pipeline *j, bool resume);
// ab.c: `stressgen ab`, or one that is to be resumed: what is selected runs in variants, and is compared. An exit
// code.
bool pipeline_is_ab(const struct pipeline *j);
int pipeline_ab(struct pipeline *j, bool resume);
// Reports on the run in DIR: the files into it, the summary on stdout. An exit code of reading, not of the run:
// "untrusted" when lines of its journal are damaged, "tests" when --strict-growth finds something.
int pipeline_report(const struct app *app, const char *dir);
// SG_EXIT_OK, or SG_EXIT_UNTRUSTED when what was read is not the whole run (the reports say why).
int pipeline_trust(const struct run *r);
// --resume: --output's or the latest run, ready for pipeline_run; deinit in every case. 0 or a negative errno.
int pipeline_recall_resumed(struct pipeline *j, struct err *e);
// The same, and goes on with it. An exit code.
int pipeline_resume(struct app *app);
// Adds one word as sh and the runner's command splitter read it, a blank in front of any but the first.
void pipeline_quote(const char *word, struct buf *out);
// "stressgen" as the person called it, for commands that are printed.
const char *pipeline_self(void);

// format.c: what --format names; NULL: text. A format of several files: the first of them.
const struct report_format *format_find(const char *name);
// -EINVAL for a format of several files, which stdout cannot take.
int format_check_stdout(const struct report_format *f, struct err *e);
int format_print(const struct report_format *f, const struct run *run, struct err *e); // to stdout
// The format's file or files at `output`: made sure of before the work begins, then written, or given up.
int format_begin(const char *name, const char *output, struct err *e);
int format_write(const char *name, const struct run *run, const char *output, struct err *e);
void format_abandon(const char *name, const char *output);

// events.c: writes what the hooks are told to the file (or "-") as well. NULL with `e` filled.
struct events;
struct events *events_new(const char *path, const char *run_dir, size_t tests, struct runner_hooks *hooks,
                          struct err *e);
void events_free(struct events *v, const struct runner_summary *s); // accepts NULL

// progress.c
struct progress;
struct progress *progress_new(const struct pipeline *j,
                              struct runner_hooks *hooks); // fills hooks; NULL: no memory
void progress_free(struct progress *p);

#endif
