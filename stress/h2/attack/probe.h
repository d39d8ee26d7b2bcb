// A healthy client: one fresh connection and one request at a time, by blocking calls in a thread of its own, so
// that nothing that the load or an attack does in this process holds it up.
#ifndef SG_H2_PROBE_H
#define SG_H2_PROBE_H

#include "scenario.h"
#include "target.h"
#include "tls.h"

#include <stdint.h>

#define H2_PROBE_PATIENCE_NS (2 * SG_NS_PER_S) // then the server has not answered

// From connect() to the end of the answer, in ns; 0: it was not answered, or with RST_STREAM, GOAWAY or garbage.
// `tls`: of an https target, for this thread alone; NULL for http.
uint64_t h2_probe(const struct h2_target *target, struct h2_tls_context *tls, const struct h2_request *request);

#endif
