// What a server on this machine costs: its processes, found by its port or named, their CPU time and memory.
#ifndef SG_H2_COST_H
#define SG_H2_COST_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#define H2_SERVER_PROCESSES 256U

struct h2_server_processes {
	pid_t pids[H2_SERVER_PROCESSES];
	uint64_t cpu_ns[H2_SERVER_PROCESSES]; // as last seen
	size_t count;                         // 0: not found: another machine's, or another user's
};

// Those that listen at a loopback address or a unix socket's path (by /proc/net and the descriptors of processes
// that we may look at), or with `pid` > 0 that process and its descendants.
void h2_server_find(struct h2_server_processes *s, const struct sockaddr *address, pid_t pid);
// All of them together, by their CPU clocks; of those that have ended what was last seen, so that it never falls.
uint64_t h2_server_cpu_ns(struct h2_server_processes *s);
// All of them together; those that have ended have none.
uint64_t h2_server_rss_bytes(const struct h2_server_processes *s);

#endif
