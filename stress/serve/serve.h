// A service under load as a test: started, waited for, warmed up, loaded, left alone, ended; what it needed
// meanwhile is reported in sample lines. One process of this program is one such test.
#ifndef SG_SERVE_H
#define SG_SERVE_H

#include "buf.h"

#include <regex.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct service {
	pid_t pid;           // and its group's number
	int out;             // what it prints, stdout and stderr; -1: it has closed them
	struct buf said;     // the beginning of that, where a line is waited for
	uint64_t peak_bytes; // of its group's resident memory since service_watch began
	bool ended;
	int status; // as waitpid gives it, once it has ended
};

// Starts `command` by the shell's exec in a group of its own. 0 or -errno.
int service_start(struct service *s, const char *command);
// Looks once: reads what it prints (and passes it on), sees whether it has ended, and what it holds.
void service_look(struct service *s);
// Resident bytes of its group now.
uint64_t service_memory(const struct service *s);
// Does something take connections at that port of the loopback?
bool service_listens(unsigned port);
// A port that nobody listened at a moment ago. 0: none.
unsigned service_free_port(void);
// SIGTERM, and after grace_ns SIGKILL, to all of it. True when SIGTERM was enough; *took_ns until it had ended.
bool service_stop(struct service *s, uint64_t grace_ns, uint64_t *took_ns);

// The load, in the environment without the service's malloc; its sample lines are passed on (`heard`), or nothing
// of it. `command` "h2 ...": `self` h2 ..., whose histograms and gauges become sample lines.
struct load {
	pid_t pid;
	bool is_h2;
	char dir[64]; // of the h2 run; ""
};

int load_start(struct load *l, const char *command, const char *self, bool heard);
// True when it has ended; *ok: with exit status 0.
bool load_is_over(struct load *l, bool *ok);
void load_kill(struct load *l);
// Passes on what an h2 run measured, and removes it. 0 or -errno.
int load_finish(struct load *l, bool heard);

#endif
