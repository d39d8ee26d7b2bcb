// A place to try the runner in: a suite of scripts in a temporary directory, a run, and what came of it.
#ifndef SG_TEST_LAB_H
#define SG_TEST_LAB_H

#include "harness.h"
#include "run.h"
#include "runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct lab {
	char suite_dir[300], run_dir[300];
	struct runner_config config; // the tests change what they like before lab_run
	struct suite suite;
	struct runner_summary summary;
	struct run run; // read back after lab_run
	struct err err;
	int rc;           // of runner_run
	char notes[4096]; // all that the note hook was told, a line each
	char ended[4096]; // ids as the ended hook was told them, a line each
};

// Fresh directories; names are relative to the suite.
void lab_init(struct lab *l);
void lab_deinit(struct lab *l);
// Writes an executable file: "#!/bin/sh", then `body`, which may begin with header lines.
void lab_script(struct lab *l, const char *name, const char *body);
// A script that execs a program with arguments.
void lab_program(struct lab *l, const char *name, const char *header, const char *program, const char *args);
// Loads the suite and runs it. The run is read back even when it failed.
void lab_run(struct lab *l);
// lab_init, lab_run and a look at its rc, of a suite of one test, t.sh: a script; or one that execs a program.
void lab_run_script(struct lab *l, const char *body);
void lab_run_program(struct lab *l, const char *program, const char *header, const char *args);
// lab_run with --resume; what came before is freed.
void lab_resume(struct lab *l);
// A dozen tests, four at a time, each of which must be alone in its temporary directory.
void lab_run_several(struct lab *l);
// Starts the run in a process of its own, which exits with runner_run's stop_signal or code.
pid_t lab_run_apart(struct lab *l);
// Waits until a file of the run is there and not empty, at most half a minute.
void lab_wait_for(const struct lab *l, const char *path);
// Reads the run back (after lab_run_apart).
void lab_load(struct lab *l);

// The result of a test, which must be there.
const struct result *lab_result(const struct lab *l, const char *id);
// Fails unless the test has this verdict and its evidence holds `words`.
void lab_expect(const struct lab *l, const char *id, enum verdict v, const char *words);
// A file of the run, or "" when it is not there; from malloc.
char *lab_read(const struct lab *l, const char *path);
// How many processes that this lab's tests started have `text` in their command line; those of a lab that runs
// at the same time are not counted.
unsigned lab_processes(const char *text);
// Waits until it is `least` or more, at most half a minute.
void lab_wait_processes(const char *text, unsigned least);
// Waits until lab_processes(text) is 0, at most half a minute; what it is then.
unsigned lab_processes_after_wait(const char *text);

#endif
