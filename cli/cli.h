// What the subcommands share: the table of commands and options, where our own files are, how to talk.
#ifndef SG_CLI_H
#define SG_CLI_H

#include "buf.h"
#include "err.h"
#include "fuzz_options.h"
#include "opt.h"
#include "reports.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SG_BUGS_HINT "this is a fault in stressgen; please report it with the command that led here"

// X(enumerator, name, function, positional arguments, one line)
#define SG_COMMANDS(X)                                                                                            \
	X(JOB, "", cmd_job, "", "generate the suite, run it and report: the whole way")                           \
	X(GEN, "gen", cmd_gen, "[--check FILE...]", "write a suite of tests from kernels and scenarios")          \
	X(RUN, "run", cmd_run, "[SUITE|RUN|FILE...]", "run a suite, or single test files, and report")            \
	X(H2, "h2", cmd_h2, "URL...", "load an HTTP/2 server, and report")                                        \
	X(AB, "ab", cmd_ab, "[SUITE|RUN|FILE...]",                                                                \
	  "say which of several mallocs, commands or settings is better at what")                                 \
	X(BISECT, "bisect", cmd_bisect, "-- COMMAND...", "find the commit that made a program slower or larger")  \
	X(SHRINK, "shrink", cmd_shrink, "TEST [SUITE|RUN]", "make a failing generated test small")                \
	X(CLIFF, "cliff", cmd_cliff, "[KERNEL...]",                                                               \
	  "find the value from which a kernel breaks, and how it breaks")                                         \
	X(RECORD, "record", cmd_record, "-o TRACE -- COMMAND...", "record what a program asks of malloc")         \
	X(REPLAY, "replay", cmd_replay, "TRACE", "perform a recorded program's calls on a malloc, and report")    \
	X(H2_CLIENTS, "h2-clients", cmd_h2_clients, "-- COMMAND...",                                              \
	  "run an HTTP/2 client against each hostile server, and judge it")                                       \
	X(H2_SERVER, "h2-server", cmd_h2_server, "", "serve HTTP/2 for load, faults and clients, until SIGTERM")  \
	X(H2_FUZZ, "h2-fuzz", cmd_h2_fuzz, H2_FUZZ_ARGS,                                                          \
	  "mutate frames against an HTTP/2 server, make small what breaks it")                                    \
	X(REPORT, "report", cmd_report, "[RUN]", "report on a run again, in any format")                          \
	X(COMPARE, "compare", cmd_compare, "BASE HEAD", "say what differs between two runs, or two sets of them") \
	X(HISTORY, "history", cmd_history, "add|list|show|trend|annotate|prune|export [...]",                     \
	  "keep what runs measured, and say whether it moved")                                                    \
	X(TOP, "top", cmd_top, "[RUN]", "list the tests of a run that took most of something")                    \
	X(LIST, "list", cmd_list, "[SUITE|FILE...]", "list the catalogue, or a suite's tests")                    \
	X(TARGETS, "targets", cmd_targets, "", "show the runtimes and policies that can be stressed here")        \
	X(DOCTOR, "doctor", cmd_doctor, "", "say what this machine offers for isolation and measuring")           \
	X(COMPLETION, "completion", cmd_completion, "bash|zsh|fish|man",                                          \
	  "print shell completion or the man page")                                                               \
	X(VERSION, "version", cmd_version, "", "print the versions of stressgen and its libraries")

enum command_id {
#define X(id, name, run, args, help) COMMAND_##id,
	SG_COMMANDS(X)
#undef X
	        COMMAND_COUNT
};

#define BIT(id) (UINT32_C(1) << COMMAND_##id)
#define BIT_ALL UINT32_MAX

struct paths {                                // absolute, owned
	char *bin;                            // this program
	char *lua;                            // libexec/stressgen/stressgen-lua
	char *eval;                           // libexec/stressgen/stressgen-eval
	char *h2;                             // libexec/stressgen/stressgen-h2
	char *native;                         // libexec/stressgen/stressgen-native
	char *init;                           // libexec/stressgen/stressgen-init
	char *serve;                          // libexec/stressgen/stressgen-serve
	char *malloc;                         // libexec/stressgen/stressgen-malloc
	char *preload;                        // lib/stressgen/libstressalloc.so
	char *kernels, *dialects, *scenarios; // share/stressgen/...
};

struct app {
	enum command_id command;
	struct opt_set opts;
	struct paths paths;
	struct term_style out_style; // stdout's
	bool err_is_terminal;
	bool err_colour;
};

struct subcommand {
	const char *name;
	int (*run)(struct app *app); // an exit code
	const char *args;
	const char *help;
};

extern const struct subcommand cli_commands[COMMAND_COUNT];
extern const struct opt cli_options[];
extern const size_t cli_option_count;
extern const struct opt_alias cli_aliases[]; // h2load's words
extern const size_t cli_alias_count;

#define X(id, name, run, args, help) int run(struct app *app);
SG_COMMANDS(X)
#undef X

// help.c. All text is added to `out`.
void help_short(enum command_id c, unsigned columns, struct buf *out); // -h
void help_full(enum command_id c, unsigned columns, struct buf *out);  // --help
void help_man(struct buf *out);

// paths.c: by this program's own place. 0 or -errno with `e`.
int paths_init(struct paths *p, struct err *e);
void paths_deinit(struct paths *p);
const char *paths_resolve(void *paths, const char *name); // runner_config.resolve
// Finds an executable in $PATH; from malloc, NULL when there is none.
char *paths_which(const char *name);

// config.c: config files, environment and defaults behind the command line's values.
int config_apply(struct opt_set *s, struct err *e);
// Each config file in turn, the nearest to the person first; stops at a negative result.
typedef int (*config_reader)(void *arg, const char *path, const char *text, struct err *e);
int config_each(const struct opt_set *s, config_reader read, void *arg, struct err *e);
void config_show(const struct opt_set *s, struct buf *out); // --show-config

// say.c: talk goes to stderr.
__attribute__((format(printf, 2, 3))) void say(const struct app *app, const char *format, ...);
// "stressgen: message" and the exit code that fits errno `code` (usage unless it is ENOMEM and the like).
int complain(const struct err *e, int code);

#endif
