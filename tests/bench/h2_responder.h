// A server that answers every request with the same canned bytes, so that in a comparison of clients the client is
// the limit. It reads frames only as far as it must, and its responses leave HPACK's tables alone.
#ifndef SG_BENCH_H2_RESPONDER_H
#define SG_BENCH_H2_RESPONDER_H

#include <stddef.h>
#include <stdint.h>

// A listening socket on 127.0.0.1; -1 with a message on stderr.
int h2_responder_listen(unsigned *port);
// When each request was answered, in the order of the answers.
struct h2_answers {
	size_t count, room; // entries; those beyond `room` are counted alone
	uint64_t first_ns;  // when the first request came, by CLOCK_MONOTONIC
	uint64_t at_ns[];   // likewise
};

// Serves bodies of that many bytes until it is killed. `log` may be NULL.
void h2_responder_run(int listener, size_t body, struct h2_answers *log);

#endif
