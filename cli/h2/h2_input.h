// What `stressgen h2` requests of whom: the URLs of the command line, those of --input-file, --base-uri.
#ifndef SG_H2_INPUT_H
#define SG_H2_INPUT_H

#include "buf.h"
#include "err.h"
#include "opt.h"

#include <stdbool.h>
#include <stddef.h>

struct h2_input {
	char **urls; // those of the command line, then those of the file; the array is owned, the texts are
	             // borrowed
	size_t count;
	char *target;    // the URL of the server; borrowed
	bool all_there;  // --base-uri names the server: of the URLs only the path is taken
	char *requests;  // the whole path of a file of (request ...) forms, in place of the URLs; owned; NULL
	struct buf text; // of the file
};

// `in` must be zeroed, and deinited in every case. -EINVAL and others with `e` filled, "FILE:LINE: ..." for what
// is wrong in the file.
int h2_input_read(const struct opt_set *o, struct h2_input *in, struct err *e);
// Whether anything in the load is drawn: places other than counters, Poisson's arrivals.
bool h2_input_is_drawn(const struct opt_set *o, const struct h2_input *in);
void h2_input_deinit(struct h2_input *in);

#endif
