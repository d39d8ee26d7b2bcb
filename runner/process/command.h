// From a test to the program and arguments that execute it: @Run with its quotes and {placeholders}, else the
// file's run bit, else its extension.
#ifndef SG_COMMAND_H
#define SG_COMMAND_H

#include "err.h"
#include "suite.h"

#include <stdbool.h>
#include <stddef.h>

struct command;

struct command_context {
	const char *suite_dir; // absolute
	const char *called;    // what holds the command, in messages ("--wrap"); NULL: the test's @Run
	const char *(*resolve)(void *arg, const char *name); // {stressgen:NAME}; may be NULL
	void *resolve_arg;
	// the package that brings a program that is missing, into `to`; false: not known; NULL: nobody knows
	bool (*package)(void *arg, const char *program, char *to, size_t size);
	void *package_arg;
	const struct param *params; // before the test's own @Param
	size_t param_count;
	const char *wrap; // words in front of the command; NULL
	// adds the words in front of those; NULL: none
	int (*prefix)(void *arg, struct command *out, struct err *e);
	void *prefix_arg;
	bool direct; // the test's file ran by itself when it was looked at before: it is not looked at again
};

struct command {
	char *program; // path of the file to execute; relative ones are from the working directory
	char **argv;   // NULL-terminated
	size_t argc;
	bool direct;        // nothing but the test's file, which the kernel knows how to run
	bool unseen;        // that is from before: where it cannot be executed now, resolve again without `direct`
	bool own_program;   // one of ours, which reports by itself
	char own_name[128]; // "{stressgen:NAME}"
};

// Words are split at blanks; '...' is literal, "..." knows \" and \\, a backslash outside quotes takes the next
// character as it is. There is no shell: | and > are ordinary arguments. Placeholders are replaced everywhere,
// and what they bring in is never split. Fills a zeroed `out` (deinit in every case). -ENOENT "program not
// found: X" when it, or what stands behind its "env", is not on this machine; -EINVAL for a command that cannot be
// read.
int command_resolve(const struct command_context *ctx, const struct suite_test *t, struct command *out,
                    struct err *e);
void command_deinit(struct command *c);

// Searches PATH; a name with a slash is taken as it is, from the working directory. From malloc; NULL when
// there is no such executable file.
char *command_find(const char *name);

#endif
