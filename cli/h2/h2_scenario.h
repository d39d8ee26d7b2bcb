// The scenario that `stressgen h2 URL ...` writes: what its options say, in the language of gen/scenarios.
#ifndef SG_H2_SCENARIO_TEXT_H
#define SG_H2_SCENARIO_TEXT_H

#include "buf.h"
#include "err.h"
#include "opt.h"

#include <stdbool.h>
#include <stdint.h>

// A URL in its parts; NUL-terminated.
struct h2_url {
	char scheme[8];      // http or https
	char authority[280]; // "host:port" as written
	char path[2048];     // with its query; at least "/"
};

// -EINVAL with `e` filled.
int h2_url_parse(const char *text, struct h2_url *u, struct err *e);
// Its host, without brackets.
void h2_url_host(const struct h2_url *u, char host[280]);
bool h2_host_is_here(const char *host); // a loopback address

// What a scenario is made of beside the options.
struct h2_scenario_parts {
	char *const *urls;      // http://..., or a path of the first one's server
	size_t count;           // none where `requests` says them all
	const char *target;     // the server's URL, of which the path is not meant; NULL: the first URL's
	bool all_there;         // the target's host goes before those of the URLs
	const char *requests;   // a file of (request ...) forms; NULL
	const char *body;       // the name of the body's file beside it; NULL: none
	const char *other_host; // to be loaded although it is another machine; NULL
	const uint64_t *seed;   // of what is drawn; NULL: nothing is
};

// Adds the (request ...) forms of the URLs.
int h2_scenario_requests(const struct opt_set *o, const struct h2_scenario_parts *parts, struct buf *out,
                         struct err *e);
// Adds which certificates are taken, as it stands in (tls ...): those that the PEM file `ca` has signed (NULL: the
// system's authorities), or any.
void h2_scenario_trust(const char *ca, bool insecure, struct buf *out);
// Adds "text" with its quotes.
void h2_scenario_string(const char *text, size_t len, struct buf *out);
// Whether the load is an open loop.
bool h2_scenario_is_open(const struct opt_set *o);

// Adds the whole file. -EINVAL with `e` filled, -ENOMEM.
int h2_scenario_write(const struct opt_set *o, const struct h2_scenario_parts *parts, struct buf *out,
                      struct err *e);

#endif
