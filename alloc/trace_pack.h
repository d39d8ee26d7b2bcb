// From what the preloaded library recorded (trace_raw.h) to a trace (base/telemetry/trace.h).
#ifndef SG_TRACE_PACK_H
#define SG_TRACE_PACK_H

#include "err.h"
#include "trace.h"

// The calls that a raw file holds; 0 for one that cannot be read. For choosing among a program's processes.
uint64_t trace_raw_calls(const char *path);
// Adds its events to the writer, thread by thread, addresses replaced by slots, with an order between threads
// where a block changes hands; fills in the writer's facts. 0 or -errno with `e` filled.
int trace_pack(const char *path, struct trace_writer *w, struct err *e);

#endif
