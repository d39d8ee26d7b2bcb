// The server as a process of its own, in the test's process group: started, asked for its port, ended, accounted.
#ifndef SG_H2_CHILD_H
#define SG_H2_CHILD_H

#include "buf.h"
#include "counters.h"
#include "err.h"
#include "scenario.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct h2_child {
	pid_t pid; // 0: none
	int out;   // the server's stdout
	int life;  // its stdin: closed when we are gone, however we went
	uint16_t port;
	bool foreign; // not our program: SIGTERM may simply end it
};

struct h2_child_usage {
	uint64_t cpu_ns, max_rss_bytes;
	bool not_found; // the shell did not find a foreign one's program
	bool has_counters;
	uint64_t counters[H2_COUNTER_COUNT];
	char trouble[128]; // how it ended, when not as it should; "" when it did
};

// Starts `program server --h2-engine engine` and waits for its port. 0, or -errno with `e` filled (and nothing
// left behind).
int h2_child_start(struct h2_child *c, const char *program, const char *engine,
                   const struct h2_server_wishes *wishes, struct err *e);
// The same with a command of the shell's in place of our program: it prints a line "port N" when it is ready.
// -ENOENT where the command's program is not on this machine, or says by a line "@@ missing REASON" that what it
// needs is not.
int h2_child_start_command(struct h2_child *c, const char *command, struct err *e);
// SIGTERM, then its last words and its end; after twenty seconds SIGKILL. Does nothing when there is none.
void h2_child_stop(struct h2_child *c, struct h2_child_usage *usage);
// The same; what it printed since its port, up to 4 MiB, is added to `said` (NULL: nowhere).
void h2_child_stop_hearing(struct h2_child *c, struct h2_child_usage *usage, struct buf *said);

#endif
