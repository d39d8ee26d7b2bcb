// A server that answers every request with the same canned bytes, so that in a comparison of clients the client is
// the limit. It reads frames only as far as it must, and its responses leave HPACK's tables alone.
#ifndef SG_BENCH_H2_RESPONDER_H
#define SG_BENCH_H2_RESPONDER_H

#include <stddef.h>

// A listening socket on 127.0.0.1; -1 with a message on stderr.
int h2_responder_listen(unsigned *port);
// Serves bodies of that many bytes until it is killed.
void h2_responder_run(int listener, size_t body);

#endif
