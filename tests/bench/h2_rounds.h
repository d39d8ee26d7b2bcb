// Load programs run on one core, servers on another, one after the other in every round, so that whatever else the
// machine does falls on all of them. CPU time is the kernel's account of each process.
#ifndef SG_BENCH_H2_ROUNDS_H
#define SG_BENCH_H2_ROUNDS_H

#include "buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define GET_128 "(path \"/\") (expect (status 200) (length 128))"
#define MAX_ROUNDS 50
#define SERVER_CORE 0U
#define CLIENT_CORE 1U

extern char h2_program[]; // stressgen-h2

double seconds_now(void);
// On a machine with one core the affinity cannot be set, and the figures say less.
void pin(unsigned core);
double median(double *values, unsigned n); // sorts them

// Of one run, in s; server_cpu is what the process `h2_server` used meanwhile.
struct cost {
	double cpu, wall, server_cpu;
	uint64_t rss_bytes; // the most that the client held
};

// ---- servers ------------------------------------------------------------------------------------------------

struct h2_answers;

struct bench_server {
	const char *name;
	pid_t pid, worker; // the process that serves, where that is a child of it; else pid
	unsigned port;
	char dir[64]; // its files; "": none
};

// "nghttpd", "nginx" or "h2o" on SERVER_CORE, serving "/" of `bytes` bytes; with its own configuration, h2c, one
// thread. False with a message when it is not installed or does not serve.
bool server_start(struct bench_server *s, const char *name, size_t bytes);
// Our own with the engine, "session" or "wire", and one option more, or NULL.
bool server_start_own(struct bench_server *s, const char *engine, const char *option);
// The canned responder, with bodies of that many bytes. `log`: in memory that is shared; NULL: none.
bool server_start_responder(struct bench_server *s, size_t bytes, struct h2_answers *log);
void server_stop(struct bench_server *s);
double server_cpu(const struct bench_server *s);                 // s so far
uint64_t server_memory(const struct bench_server *s, bool peak); // bytes resident

// ---- loads --------------------------------------------------------------------------------------------------

// Runs `argv` on CLIENT_CORE; its standard output goes to `out`, or nowhere. False when it failed.
bool run_client(char *const argv[], const struct bench_server *s, struct buf *out, struct cost *c);

struct load {
	unsigned connections, streams;
	uint64_t requests;
	const char *more;    // of our (load ...), e.g. "(coalesce 100us)"; ""
	const char *request; // of our (request ...), e.g. "(path \"/\")"
	char *const *peer;   // h2load's further arguments, NULL at the end; or NULL
	size_t answer_bytes; // of each response's body, and
	size_t upload_bytes; // of each request's: for the limit
};

bool run_ours(const struct load *l, const char *engine, const struct bench_server *s, struct buf *out,
              struct cost *c);
bool run_h2load(const struct load *l, const struct bench_server *s, struct cost *c);

// A goal for a ratio of ours to theirs; `value` 0: none.
struct goal {
	double value;
	bool at_least; // else at most
};

// What is run beside h2load.
struct contender {
	const char *name;      // of the line: "session", "wire", "wire, coalesced"; NULL: the limit (h2_bare.h)
	const char *engine;    // of ours
	const char *more;      // of our (load ...), in the place of the load's; NULL: the load's
	struct goal cpu, rate; // against h2load
};

#define MAX_CONTENDERS 4U

// A line of a table for each contender: `rounds` times h2load and each of them in turn, so that one run of h2load
// is the pair of all. False when a program failed.
bool compare_loads(const struct load *l, const struct contender *contenders, size_t count,
                   const struct bench_server *s, unsigned rounds, bool with_h2load);

#endif
