// Where the requests go: a server on this machine, or one that the person has named twice.
#ifndef SG_H2_TARGET_H
#define SG_H2_TARGET_H

#include "err.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#define H2_HOST_BYTES 256U

struct h2_target {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_un local;
	} address;
	char authority[H2_HOST_BYTES + 8]; // "127.0.0.1:8080": for requests that name no host
	char place[H2_HOST_BYTES + 8];     // where it is connected to, for messages: likewise, or "unix:/PATH"
	char host[H2_HOST_BYTES];          // of the URL: what the certificate must be for
	bool tls;                          // https
};

struct h2_target_options {
	const char *connect_to; // "HOST:PORT" or "unix:/PATH": connect there, whatever the URL's host; NULL
	const char *allow_host; // this one may be another machine; NULL: only this one
};

// "http://HOST:PORT" or "https://...", at most a "/" behind it; port 80 or 443 where there is none. HOST is a
// loopback address (127.x.x.x, [::1], localhost: 127.0.0.1, or [::1] if a server listens there alone), or
// options->allow_host, whose address is then asked of the resolver. `options` may be NULL. -EINVAL for what is no
// such URL, -EPERM for a host that is not this machine, -ENOENT for one that is not known; `e` says what to try.
int h2_target_resolve(const char *url, const struct h2_target_options *options, struct h2_target *t,
                      struct err *e);
int h2_target_parse(const char *url, struct h2_target *t, struct err *e); // without options
void h2_target_local(struct h2_target *t, uint16_t port);                 // 127.0.0.1
bool h2_target_is_here(const struct h2_target *t);                        // a loopback address or a unix socket

#endif
