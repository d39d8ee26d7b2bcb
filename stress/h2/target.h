// Where the requests go: a server on this machine.
#ifndef SG_H2_TARGET_H
#define SG_H2_TARGET_H

#include "err.h"

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

struct h2_target {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} address;
	char authority[64]; // "127.0.0.1:8080": for requests that name no host, and for messages
};

// "http://HOST:PORT" with a loopback HOST (127.x.x.x, [::1], localhost) and at most a "/" behind it. -EINVAL for
// what is no such URL, -EPERM for a host that is not this machine; `e` says what to try.
int h2_target_parse(const char *url, struct h2_target *t, struct err *e);
void h2_target_local(struct h2_target *t, uint16_t port); // 127.0.0.1

#endif
