// The limit of all clients: the same bytes by a loop of read and write alone.
#ifndef SG_BENCH_H2_BARE_H
#define SG_BENCH_H2_BARE_H

#define H2_BARE_OPTION "--bare"

// Performs `h2_bench --bare PORT CONNECTIONS STREAMS REQUESTS ANSWER_BYTES UPLOAD_BYTES` against the canned
// responder: so many requests are under way on each connection at a time, their bytes are made beforehand, and of
// the answers only the bytes are counted. Nothing is checked, so no real client can need less. Returns the exit
// code.
int h2_bare(char *const numbers[6]);

#endif
