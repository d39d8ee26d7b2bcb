// One request under way and the judgement of its response. Nothing here knows sessions or sockets: any engine
// feeds it what came, and a response is right only if all of it was.
#ifndef SG_H2_EXCHANGE_H
#define SG_H2_EXCHANGE_H

#include "hist.h"
#include "prepared.h"

#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <stdint.h>

// X(enumerator, what a report calls it)
#define H2_FAULTS(X)                                                                                              \
	X(NONE, "right")                                                                                          \
	X(STATUS, "status")                                                                                       \
	X(HEADER, "header")                                                                                       \
	X(BODY, "body")                                                                                           \
	X(LENGTH, "length")                                                                                       \
	X(HASH, "hash")                                                                                           \
	X(TRAILER, "trailer")                                                                                     \
	X(GRPC, "grpc")                                                                                           \
	X(MALFORMED, "malformed")                                                                                 \
	X(RESET, "reset")                                                                                         \
	X(REFUSED, "refused")                                                                                     \
	X(TIMEOUT, "timeout")                                                                                     \
	X(LOST, "lost")                                                                                           \
	X(UNANSWERED, "unanswered")

enum h2_fault {
#define X(name, text) H2_FAULT_##name,
	H2_FAULTS(X)
#undef X
	        H2_FAULT_COUNT
};

const char *h2_fault_name(enum h2_fault f);

#define H2_STATUS_CLASSES 6U

// What came of one thread's exchanges of one request.
struct h2_tally {
	uint64_t counts[H2_FAULT_COUNT];
	uint64_t classes[H2_STATUS_CLASSES]; // final responses by the first digit of their status
	uint64_t drawn;                      // requests that were made from a template: the next one's number
	struct hist *latency;                // of right responses, in ns; owned
	char first[256];                     // the first fault in words; "" while there is none
	enum h2_fault first_fault;
};

struct exchange {
	const struct h2_prepared *prepared;
	struct h2_tally *tally;
	uint64_t number;        // which request of the load, from 0
	uint64_t start_ns;      // when it was first handed to the engine
	uint64_t first_ns;      // when the first of its response was read, by *now_ns; 0 before that
	const uint64_t *now_ns; // the owner's clock; NULL: first_ns stays 0
	struct h2_more *more;   // the slot's own, of a load that needs it (more.h); NULL
	uint64_t body_sent;     // for the engine's use, as the next one
	int32_t stream;
	uint64_t body_seen;
	uint64_t headers_seen; // bits of expected headers that were there and right
	uint32_t slot;         // for the owner's use
	uint16_t status;       // of the last :status; 0 before it
	uint8_t attempts;
	bool submitted;      // for the owner's use
	bool trailers;       // in the field section behind the body
	bool ended;          // END_STREAM was seen
	bool reset_by_us;    // the engine sent RST_STREAM for it
	enum h2_fault fault; // the first
};

void exchange_begin(struct exchange *x, const struct h2_prepared *p, struct h2_tally *t, uint64_t number);
// Ready to be sent once more, with the clock running since the first time.
void exchange_again(struct exchange *x);
void exchange_fields(struct exchange *x); // a field section begins
void exchange_field(struct exchange *x, const uint8_t *name, size_t name_len, const uint8_t *value,
                    size_t value_len);
// In place of the field section of a final response that came before, was right so far, and was judged: its
// status, and headers_seen as they were after it.
void exchange_recall(struct exchange *x, uint16_t status, uint64_t headers_seen);
void exchange_data(struct exchange *x, const uint8_t *bytes, size_t len);
// The stream is closed. `code`: of RST_STREAM, else 0; `by_us`: we reset it, since the response was malformed.
// Returns the exchange's fault; it is not counted yet.
enum h2_fault exchange_end(struct exchange *x, uint32_t code, bool by_us);
// Notes a fault with its words, unless there is one already.
__attribute__((format(printf, 3, 4))) void exchange_fault(struct exchange *x, enum h2_fault f, const char *format,
                                                          ...);

#endif
