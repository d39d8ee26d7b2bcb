// A suite: a directory of tests and its suite.json, in the order of running.
#ifndef SG_SUITE_H
#define SG_SUITE_H

#include "err.h"
#include "header.h"
#include "name_index.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SG_SUITE_VERSION 1

// How a target's own words are told: first match wins. `class` is "stack", "cstack", "heap", "slab" or
// "assert"; `exit` is "*", a status, or a signal's name ("SIGABRT"); stream is "out", "err" or "both";
// `regex` is a POSIX extended regular expression applied to each line.
struct pattern {
	char *class_name, *exit, *stream, *regex;
};

// One invocation of a test in a comparison (docs/formats.md, "Pairs").
struct suite_invocation {
	char *of;                 // the test's id
	const char *side, *phase; // as in struct result; not owned: they live as long as the program
	unsigned pair;
	uint64_t layout_bytes; // by which its environment is padded
	// The malloc's library in the place of the run's, and its name; "": the C library's own; NULL: as the run
	// has it.
	const char *allocator, *allocator_title;
	// "NAME=VALUE", set in it alone, in the place of what the runner has of that name; borrowed as above.
	const struct strings *variables;
	bool bare; // without the allocator instrumentation: what is timed is the program alone
};

struct suite_test {
	char *path; // relative to the suite's directory
	char *id;
	char *kernel, *dialect, *target; // NULL where it has none
	char *growth;                    // declared: "n", "n log n", ...; NULL
	char *param_text;                // "depth=10000" for display; NULL
	char *case_name;                 // which of the file's cases (suite_expand); NULL: the whole file
	char *source; // what it was made from, where that is in the suite: a kernel, a hostile program, a server;
	              // NULL
	char *hash;   // CRC-32 of the file as 8 hex digits
	char *preload_options; // what the preloaded library is told in this test alone; NULL
	struct pattern *patterns;
	size_t pattern_count;
	struct test_meta meta;               // parsed from the file by suite_load
	struct suite_invocation *invocation; // owned; NULL: an ordinary test
};

struct suite_left_out {
	char *kernel, *dialect, *reason;
};

struct suite {
	char *dir;       // as given
	char *generator; // "stressgen 0.1.0"
	uint64_t seed;
	json_t *options; // object; owned
	struct suite_test *tests;
	size_t count;
	struct suite_left_out *left_out;
	size_t left_out_count;
	char hash[9];            // over all tests' ids and hashes, in order
	char *note;              // e.g. "no suite.json: every executable file is a test"; NULL
	struct name_index index; // of the ids, made by suite_load
};

// Reads DIR/suite.json, or, where there is none, takes every file that can be executed or has a header
// (sorted by path; hidden files and directories left out); then every test's header. A test's id is its @Test,
// else that of suite.json, else its path. Checks ids (twice is an error), dependencies and circles; what
// meta.depends_on names by path is an id afterwards. The hashes are those of the files as they are now; where they
// differ from suite.json's, `note` says so. A directory that gen began and did not finish (DIR/.incomplete) is
// refused. -ENOENT, -EINVAL ... with `e` filled. Deinit in every case.
int suite_load(const char *dir, struct suite *s, struct err *e);
// Single files as a suite; their paths are taken from `dir` (usually ".") and kept as given.
int suite_from_files(const char *dir, char *const *paths, size_t count, struct suite *s, struct err *e);
// Writes DIR/suite.json atomically from everything but `meta`; computes the hashes of the files first. The same
// suite gives the same bytes. -ERANGE for a seed above 2^63 - 1, which JSON readers could not give back.
int suite_save(struct suite *s, struct err *e);
void suite_deinit(struct suite *s);
// Adds a zeroed test at the end; NULL without memory. The pointer is good until the next add.
struct suite_test *suite_add(struct suite *s);
int suite_leave_out(struct suite *s, const char *kernel, const char *dialect, const char *reason);
// Puts tests in the place of a test: one for each of its cases (cases[i], a list for tests[i]; count 0: it has
// none and stays as it is), with the id "ID::CASE", and each of those `repeat` times, with the ids ID, "ID#2",
// "ID#3", ... Whoever depends on a test that is replaced depends on all its cases. -EINVAL when two ids are the
// same.
int suite_expand(struct suite *s, const struct strings *cases, unsigned repeat, struct err *e);
// Adds a copy of a test (of any suite) as one invocation of it, with the id "ID@SIDE#PAIR" and the command `run`
// (NULL: the test's own). What it depends on is the same side's invocation of that pair, where `paired` says that
// the test with that id has one; else nothing. Takes over nothing. 0, or -ENOMEM; suite_seal when all are there.
typedef bool (*suite_paired_fn)(void *arg, const char *id);
int suite_add_invocation(struct suite *s, const struct suite_test *t, const struct suite_invocation *how,
                         const char *run, suite_paired_fn paired, void *arg);
// Makes the index and the hash of a suite whose tests were added one by one. -EINVAL when two have one id.
int suite_seal(struct suite *s, struct err *e);
// The path of a test's file: below s->dir, or as given where it was given absolute. From malloc; NULL without
// memory.
char *suite_test_path(const struct suite *s, const struct suite_test *t);
// NULL when no test has that id.
const struct suite_test *suite_find(const struct suite *s, const char *id);

#endif
