// One HTTP/2 scenario as its file says it: load, requests, the responses that are right (docs/http2.md).
#ifndef SG_H2_SCENARIO_H
#define SG_H2_SCENARIO_H

#include "arrivals.h"
#include "attack.h"
#include "body.h"
#include "client_settings.h"
#include "err.h"
#include "scenario_limits.h"
#include "search.h"
#include "tls.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define H2_SCENARIO_BYTES (4U * 1024U * 1024U) // the largest file
#define H2_MAX_REQUESTS 256U                   // templates in one scenario
#define H2_MAX_HEADERS 64U                     // of one request
#define H2_MAX_EXPECTED 32U                    // headers expected of one response
#define H2_MAX_TRAILERS 16U                    // sent with one request, or expected of one response
#define H2_MAX_MESSAGES 1024U                  // of gRPC's, in one request
#define H2_MAX_PARTS 4096U                     // of one request, that are made for each of its exchanges
#define H2_MAX_MADE (1024U * 1024U)            // bytes that they may become
#define H2_GRPC_EXPECTED 2U                    // content-type and grpc-status
#define H2_SHA256_BYTES 32U
#define H2_MAX_CONNECTIONS 10000U
#define H2_MAX_STREAMS 100000U
#define H2_MAX_CHURN 100000U // connections/s
#define H2_MAX_THREADS 64U
#define H2_MAX_WEIGHT 1000U
#define H2_MAX_BODY (64U * 1024U * 1024U)

struct h2_header {
	const char *name, *value;
	size_t name_len, value_len;
	bool begins; // an expected one: a value that goes on behind it with '+' or ';' is right too
};

enum h2_expect_body {
	EXPECT_ANY,    // whatever it is (its length must still agree with content-length)
	EXPECT_BODY,   // exactly `body`
	EXPECT_LENGTH, // that many bytes of anything
};

// (status ok): any from 200 to 399.
#define H2_STATUS_OK 0U
#define H2_MESSAGES_ANY (-1)

struct h2_expect {
	uint16_t status; // 200 where the scenario does not say; H2_STATUS_OK
	enum h2_expect_body kind;
	struct h2_body body; // EXPECT_LENGTH uses its length alone
	struct h2_header headers[H2_MAX_EXPECTED];
	size_t header_count;
	struct h2_header trailers[H2_MAX_TRAILERS + H2_GRPC_EXPECTED];
	size_t trailer_count;
	bool echoes;     // `body` is the request's
	bool has_sha256; // of the body
	uint8_t sha256[H2_SHA256_BYTES];
	int64_t messages; // of a gRPC response: how many; H2_MESSAGES_ANY
};

// What is made for each exchange, where a template has places (template.h): fields first, then the body's parts.
enum h2_part_kind {
	H2_PART_PATH,
	H2_PART_AUTHORITY,
	H2_PART_HEADER,  // the header of that index
	H2_PART_TRAILER, // likewise
	H2_PART_MESSAGE, // one of gRPC's begins
	H2_PART_FIELD,   // of such a message: protobuf's field of that number
	H2_PART_BODY,    // bytes
};

struct h2_template;

struct h2_part {
	enum h2_part_kind kind;
	size_t index;
	struct h2_template *text; // owned; NULL: `bytes`, borrowed
	const char *bytes;
	size_t len;
};

// A request that is made again and again. Names are unique in a scenario: they name checks and series.
struct h2_request {
	const char *name;
	const char *method, *path;
	const char *scheme;    // NULL: as the target's URL says
	const char *authority; // NULL: the target's host and port
	struct h2_header headers[H2_MAX_HEADERS];
	size_t header_count;
	struct h2_header trailers[H2_MAX_TRAILERS];
	size_t trailer_count;
	bool has_body; // content-length is sent, unless it is gRPC
	struct h2_body body;
	bool is_grpc;
	struct h2_part *parts; // owned; none: all of its exchanges are the same
	size_t part_count;
	uint64_t salt;   // so that two templates draw different numbers
	unsigned weight; // how often in one round
	struct h2_expect expect;
};

struct scenario {
	const char *name, *summary;
	struct h2_tls_client_config tls;
	const char *connect_to; // h2_target_options; NULL
	const char *serve;      // the kernel that its server performs, which only a runtime does; NULL
	const char *target;     // URL of the server to be loaded; NULL: the one of the command line, or our own
	unsigned connections, streams; // streams: at a time on each connection
	uint64_t requests;             // in all; 0: no bound but duration_ns
	uint64_t warm_up_ns;           // before the duration: judged, but in no figure; 0: none
	uint64_t duration_ns;          // no new request after that; 0: none
	uint64_t deadline_ns;          // all must have ended by then
	struct h2_server_wishes {      // 0: the server's default
		uint64_t max_streams, max_body_bytes, max_header_bytes, idle_timeout_ns;
		uint64_t handshake_timeout_ns, request_timeout_ns, stall_timeout_ns, goaway_after, window_bytes;
		const char *misbehave; // a hostile server's file; not a scenario's to say
	} server;
	struct h2_client_settings settings; // of the load's connections
	struct h2_goal goal;                // the highest rate that keeps it is searched; count 0: no
	uint64_t most_rate;                 // up to which; 0: H2_MAX_RATE
	struct h2_schedule schedule;        // of an open loop; count 0: closed. Its seed is that of templates too
	uint64_t per_connection;            // requests before reconnecting; 0: no bound
	uint64_t idle_ns;                   // how long a connection that has made them stays open
	uint64_t churn_per_s;               // connections that are replaced, of all; 0: none
	uint64_t lifetime_ns;               // a connection is replaced when it is so old; 0: never
	uint64_t connection_rate;           // so many are opened in rate_period_ns; 0: all at once
	uint64_t rate_period_ns;
	uint64_t request_timeout_ns; // 0: none but the deadline
	uint64_t coalesce_ns;        // how often the sockets are looked at; 0: as soon as there is something
	bool spin;                   // all the time
	unsigned threads;            // at most `connections`
	struct h2_attack *attack;    // beside the load; NULL: none
	bool patient;                // how long it waits for a reaction is its parameter "patience"
	bool asks;                   // what its frames ask for is its parameter "path"
	struct h2_limits limits;
	struct h2_request *items;
	size_t count;
	uint64_t round;                // the sum of the weights
	struct sexp_doc *doc;          // owns every text
	struct sexp_doc *requests_doc; // (requests "FILE"); NULL
	char **made;                   // bodies from files, gRPC's messages; owned, as the texts in it
	size_t made_count;
};

// Parses and checks a scenario. `s` must be zeroed. -EINVAL with "path:line:column: ..." in `e`. Deinit in
// every case.
int scenario_parse(const char *path, const char *text, size_t len, struct scenario *s, struct err *e);
// Requests that name no scheme are the target's.
void scenario_set_scheme(struct scenario *s, bool tls);
int scenario_load(const char *path, struct scenario *s, struct err *e); // the same from a file
// The same with its parameters (base/text/text_params.h) as `count` words NAME=VALUE say; "seed=N", where the
// scenario has no parameter of that name, is what random ones are drawn from.
int scenario_load_with(const char *path, char *const *words, size_t count, struct scenario *s, struct err *e);
void scenario_deinit(struct scenario *s);
// Whether a healthy client is measured beside it, and what it costs the server.
bool scenario_measures_harm(const struct scenario *s);
// When the last connection is begun, from the load's beginning, where they are opened at a rate; else 0.
uint64_t scenario_opening_ns(const struct scenario *s);
void h2_request_deinit(struct h2_request *q); // what it owns itself; scenario_deinit does it

#endif
