// What one side of HTTP/2 counts: one table for /stats, the telemetry file and the reports.
#ifndef SG_H2_COUNTERS_H
#define SG_H2_COUNTERS_H

#include "buf.h"
#include "telemetry.h"

#include <stdint.h>

// X(enumerator, name, what OpenMetrics calls it: counter or gauge)
#define H2_COUNTERS(X)                                                                                            \
	X(CONNECTIONS, "connections", "counter")                                                                  \
	X(CONNECTIONS_OPEN, "connections_open", "gauge")                                                          \
	X(CONNECTIONS_REFUSED, "connections_refused", "counter")                                                  \
	X(CONNECTIONS_IDLE, "connections_idled_out", "counter")                                                   \
	X(TIMED_OUT_HANDSHAKE, "handshakes_timed_out", "counter")                                                 \
	X(TIMED_OUT_REQUEST, "requests_timed_out", "counter")                                                     \
	X(TIMED_OUT_STALL, "stalls_timed_out", "counter")                                                         \
	X(STREAMS, "streams", "counter")                                                                          \
	X(RESPONSES, "responses", "counter")                                                                      \
	X(RESETS_IN, "resets_received", "counter")                                                                \
	X(RESETS_OUT, "resets_sent", "counter")                                                                   \
	X(GOAWAYS_IN, "goaways_received", "counter")                                                              \
	X(GOAWAYS_OUT, "goaways_sent", "counter")                                                                 \
	X(REFUSED, "streams_refused", "counter")                                                                  \
	X(BAD, "protocol_errors", "counter")                                                                      \
	X(BYTES_IN, "bytes_received", "counter")                                                                  \
	X(BYTES_OUT, "bytes_sent", "counter")                                                                     \
	X(BODY_IN, "body_bytes_received", "counter")                                                              \
	X(BODY_OUT, "body_bytes_sent", "counter")                                                                 \
	X(CPU, "cpu_ns", "counter")                                                                               \
	X(MEMORY, "rss_bytes", "gauge")                                                                           \
	X(MEMORY_PEAK, "rss_peak_bytes", "gauge")

// The frame types of RFC 9113 in the order of their codes, and one for the rest.
#define H2_FRAMES(X)                                                                                              \
	X(DATA)                                                                                                   \
	X(HEADERS)                                                                                                \
	X(PRIORITY)                                                                                               \
	X(RST_STREAM)                                                                                             \
	X(SETTINGS)                                                                                               \
	X(PUSH_PROMISE)                                                                                           \
	X(PING)                                                                                                   \
	X(GOAWAY)                                                                                                 \
	X(WINDOW_UPDATE)                                                                                          \
	X(CONTINUATION)                                                                                           \
	X(OTHER)

enum h2_frame {
#define X(name) H2_FRAME_##name,
	H2_FRAMES(X)
#undef X
	        H2_FRAME_COUNT
};

enum h2_counter {
#define X(name, text, kind) H2_##name,
	H2_COUNTERS(X)
#undef X
	        H2_FRAMES_IN,
	H2_FRAMES_OUT = H2_FRAMES_IN + H2_FRAME_COUNT,
	H2_COUNTER_COUNT = H2_FRAMES_OUT + H2_FRAME_COUNT
};

// One thread's. A counter is a cell in the telemetry file where there is one, else one of `local`.
struct h2_counters {
	uint64_t *cell[H2_COUNTER_COUNT];
	uint64_t local[H2_COUNTER_COUNT];
};

// `t` may be NULL. The struct must not move afterwards.
void h2_counters_init(struct h2_counters *c, struct tele_file *t);
// "streams", "frames_received_HEADERS", ...; as a static string.
const char *h2_counter_name(enum h2_counter i);
// Adds {"connections":1,...,} as one line of JSON without a newline.
void h2_counters_json(const struct h2_counters *c, struct buf *out);
// Adds them in the OpenMetrics 1.0 text format, as stressgen_h2_..., with its "# EOF".
void h2_counters_openmetrics(const struct h2_counters *c, struct buf *out);
// Brings CPU time and memory up to date: of this process, by getrusage and /proc/self/statm. Costs microseconds.
void h2_counters_measure(const struct h2_counters *c);

static inline void h2_count(struct h2_counters *c, enum h2_counter i, uint64_t n)
{
	*c->cell[i] += n;
}

static inline void h2_count_frame(struct h2_counters *c, enum h2_counter base, uint8_t type)
{
	enum h2_frame f = type < H2_FRAME_OTHER ? (enum h2_frame)type : H2_FRAME_OTHER;
	++*c->cell[(unsigned)base + (unsigned)f];
}

#endif
