// A client program of anybody's against a hostile server: started, limited, judged.
#ifndef SG_H2_CLIENT_TRIAL_H
#define SG_H2_CLIENT_TRIAL_H

#include "err.h"

#include <stdbool.h>
#include <stdio.h>

struct h2_client_trial {
	const char *hostile; // file
	const char *program; // our own, which serves
	char *const *words; // the client's command, NULL-terminated; {url}, {port} and {authority} are replaced in
	                    // it, and the URL comes last where none of them is
	FILE *out;          // sample lines go there
};

// *passed: whether the client did something that is right. 0, -EINVAL for a bad file, -ENOENT when there is no
// such program, or another -errno, with `e` filled.
int h2_client_trial(const struct h2_client_trial *t, bool *passed, struct err *e);

#endif
