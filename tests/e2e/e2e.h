// Running the real binary and looking at what it did.
#ifndef SG_E2E_H
#define SG_E2E_H

#include "buf.h"

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

struct outcome {
	int exit_code;  // 128 + signal when it died of one
	struct buf out; // what it printed on stdout
	struct buf err; // and on stderr
};

// Runs `bin/stressgen ARGS...` (a NULL-terminated list) in `dir` and waits for its end.
struct outcome e2e_run(const char *dir, const char *const *args);
#define E2E(dir, ...) e2e_run(dir, (const char *const[]){ __VA_ARGS__, NULL })
// Runs a shell's line there, in which `stressgen` is that binary: a command that it told a person to type.
struct outcome e2e_shell(const char *dir, const char *line);
void outcome_deinit(struct outcome *o);

// Starts it without waiting; stdout and stderr go to DIR/background.log.
pid_t e2e_start(const char *dir, const char *const *args);
#define E2E_START(dir, ...) e2e_start(dir, (const char *const[]){ __VA_ARGS__, NULL })

// An HTTP/2 server of ours on a port of its own, with one more option where that is not NULL.
struct e2e_server {
	pid_t pid;
	char url[64];
};
struct e2e_server e2e_server_start(const char *dir, const char *option, const char *value);
void e2e_server_stop(struct e2e_server *s);

// The only cliff in the JSON that `stressgen cliff` printed, borrowed from *all, which is to be released.
json_t *e2e_cliff(const struct outcome *o, json_t **all);

// A copy of tests/e2e/suite as DIR/suite; returns DIR (the case's own directory).
const char *e2e_suite(void);
void e2e_write(const char *dir, const char *name, const char *text, bool executable);

// DIR/report.json of a run; to be released with json_decref. Fails the case when it is not JSON.
json_t *e2e_report(const char *run_dir);
// The test of that id in it (borrowed); fails the case when it is not there.
json_t *e2e_test(json_t *report, const char *id);
// `compare RUN --format json` in `dir`, which must end well; to be released. And its row of that test and metric
// (borrowed); fails the case when it is not there.
json_t *e2e_comparison(const char *dir, const char *run);
const json_t *e2e_row(const json_t *comparison, const char *test, const char *metric);
// Wherever a line of the text was wrapped.
void assert_contains(const char *text, const char *part);

#endif
