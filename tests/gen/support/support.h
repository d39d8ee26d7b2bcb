// What the generator's tests share: the shipped kernels and dialects, suites in a fresh directory, running
// programs.
#ifndef SG_GEN_SUPPORT_H
#define SG_GEN_SUPPORT_H

#include "dialect.h"
#include "gen.h"
#include "kernel.h"

#include <stddef.h>

// Parses a kernel that must be right; to be freed by kernel_free.
struct kernel *support_kernel(const char *text);
// The message with which a kernel's text is refused.
void support_refuse(const char *text, const char *message);
// A kernel with this body of (measure ...), between definitions and a result of 0; a static buffer.
const char *support_around(const char *definitions, const char *body);

// Paths of all shipped kernels, sorted; owned by the caller (support_free_paths).
char **support_kernels(size_t *count);
void support_free_paths(char **paths, size_t count);
// gen/dialects/NAME.dialect, or tests/gen/toy/mylisp.dialect.
struct dialect *support_dialect(const char *name);
// A file's text from malloc; fails the test when there is none.
char *support_read(const char *path);
// Holds `text` against golden/NAME; with SG_UPDATE_GOLDEN=1 that is written.
void support_golden(const char *name, const char *text);
// Writes the suite of one *.serve file for the first target of each dialect; `param`: NAME=VALUE, or NULL.
int support_services(const char *dir, const char *service, struct dialect *const *dialects, size_t dialect_count,
                     uint64_t seed, const char *param, struct err *e);
// Writes the suite of these kernels on the first target of each dialect. 0 or the error.
int support_suite(const char *dir, char *const *kernels, size_t kernel_count, struct dialect *const *dialects,
                  size_t dialect_count, uint64_t seed, struct err *e);
// Runs `program FILE` and returns its output and, in *status, its exit status; to be freed.
char *support_run(const char *program, const char *file, int *status);
// The same for a command of the shell; its stdout only.
char *support_shell(const char *command, int *status);

#endif
