// The directory that a suite is written into: made, or emptied of the suite that we wrote there before.
#ifndef SG_OUTDIR_H
#define SG_OUTDIR_H

#include "err.h"

#include <stddef.h>

struct outdir {
	const char *path; // borrowed
	int marker;       // descriptor of DIR/.incomplete, which lists what we wrote; -1
};

// Makes the directory. One that is not empty must hold nothing but a suite of ours, whole or begun: that is
// removed. -ENOTEMPTY with `e` filled when it holds anything else (then nothing was touched).
int outdir_begin(struct outdir *o, const char *path, struct err *e);
// Writes one file; `name` may have directories in front. It must not be there.
int outdir_write(struct outdir *o, const char *name, const char *text, size_t len, struct err *e);
// The suite is whole: removes the marker. Call outdir_deinit all the same.
int outdir_finish(struct outdir *o, struct err *e);
void outdir_deinit(struct outdir *o);

#endif
