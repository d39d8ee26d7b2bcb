// One mutation under way, for fuzz.c and fuzz_shrink.c.
#ifndef SG_H2_FUZZ_SHRINK_H
#define SG_H2_FUZZ_SHRINK_H

#include "fuzz.h"
#include "fuzz_case.h"

enum fuzz_kind { FUZZ_FINE, FUZZ_CRASH, FUZZ_UNSERVED, FUZZ_GROWTH };

struct fuzz_verdict {
	enum fuzz_kind kind;
	char words[320]; // behind "the server "
};

struct fuzz {
	const struct fuzz_config *config;
	struct fuzz_result *result;
	struct fuzz_server server;
	uint64_t rss;          // of the server when it was fresh; 0: not known
	uint64_t since;        // the first case that this server has taken
	bool counting;         // reactions
	enum fuzz_kind sought; // while a case is made small; then it is waited for
};

// Stops the server and starts it again, and sees that it serves. 0, or -errno with `e` filled.
int fuzz_fresh_server(struct fuzz *f, struct err *e);
// Performs the case on the server as it is. 0, or -errno with `e` filled.
int fuzz_try(struct fuzz *f, const struct fuzz_case *c, struct fuzz_verdict *v, struct err *e);
// Makes the case as small as it still breaks a fresh server in that way; *again: whether it does at all. 0, or
// -errno with `e` filled.
int fuzz_shrink(struct fuzz *f, struct fuzz_case *c, enum fuzz_kind kind, bool *again, struct err *e);

#endif
