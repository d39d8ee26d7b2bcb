// The server that the mutating mode works on: our own, one that a command starts, or one that is there already.
#ifndef SG_H2_FUZZ_SERVER_H
#define SG_H2_FUZZ_SERVER_H

#include "child.h"
#include "err.h"
#include "target.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct fuzz_server_config {
	const char *program;         // ours (stressgen-h2), for the embedded server; NULL: not that
	const char *engine;          // its engine
	char *const *command;        // NULL-terminated, "{port}" stands for the port; NULL: none
	const struct h2_target *url; // where it listens; NULL: a free port of 127.0.0.1
	const char *log;             // file for what the command prints
};

struct fuzz_server {
	const struct fuzz_server_config *config; // borrowed
	struct h2_target target;
	struct h2_child child; // the embedded one
	pid_t pid;             // 0: not ours to start
};

// Starts it, and waits until it can be connected to. 0, or -errno with `e` filled (and nothing left behind).
int fuzz_server_start(struct fuzz_server *s, const struct fuzz_server_config *c, struct err *e);
void fuzz_server_stop(struct fuzz_server *s); // SIGTERM, after two seconds SIGKILL; all of its process group
// Whether it can be started again after it broke.
bool fuzz_server_is_ours(const struct fuzz_server *s);
// Whether its process has ended within `wait_ns`; then `words` says how.
bool fuzz_server_has_ended(struct fuzz_server *s, uint64_t wait_ns, char *words, size_t size);
uint64_t fuzz_server_rss(const struct fuzz_server *s); // bytes, of it and its children; 0: not known

#endif
