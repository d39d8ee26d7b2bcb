// Runs the programs of stress/ that work on a slab pool, in the temporary directory.
#ifndef SG_TEST_PROGRAM_H
#define SG_TEST_PROGRAM_H

#include "buf.h"
#include "telemetry.h"

extern struct buf program_out, program_err; // what the last run printed

// A path in the temporary directory; a static buffer, good for the next three calls too.
const char *program_path(const char *name);
// Writes a file there.
void program_write(const char *name, const char *text);
// Runs libexec's PROGRAM there with these words (for sh). The exit status; -N for signal N.
int program_run(const char *program, const char *words);
// Fails unless the text holds the part.
void program_assert(const struct buf *b, const char *part);
// The telemetry of the last run; borrowed until the next call.
const struct tele_file *program_telemetry(void);

#endif
