// A line for each request of a load in a file, by tabs, as h2load's --log-file has them and with two columns more:
//
//     1700000000000000  200   1234  r1      -        when it was due, in us since 1970; the status; us from then
//     to 1700000000000100   -1  50000  orders  timeout  its end; the request's name; what was wrong with it, or
//     "-"
//
// The status is -1 where no answer came that could be judged. In the order of their ends, thread by thread in
// pieces of some thousand. Requests of the warm-up are left out.
#ifndef SG_H2_REQUEST_LOG_H
#define SG_H2_REQUEST_LOG_H

#include "err.h"
#include "exchange.h"
#include "scenario.h"

#include <stdint.h>

struct h2_log;
struct h2_log_part; // one thread's

// 0, or -errno with `e` filled. The scenario is borrowed until it is closed.
int h2_log_open(const char *path, const struct scenario *s, struct h2_log **out, struct err *e);
// -errno with `e` filled where not all of it could be written. Accepts NULL; all parts must be gone.
int h2_log_close(struct h2_log *l, struct err *e);

// NULL where `l` is NULL, or without memory, which closing tells.
struct h2_log_part *h2_log_part_new(struct h2_log *l);
void h2_log_part_free(struct h2_log_part *p); // writes what it holds; accepts NULL
// It has ended now, at that time of the monotonic clock; `request` is its index in the scenario. No formatting:
// that is done once for thousands of them.
void h2_log_add(struct h2_log_part *p, const struct exchange *x, size_t request, uint64_t end_ns);

#endif
