// The trace file's parts, for its reader and its writer.
#ifndef SG_TRACE_FORMAT_H
#define SG_TRACE_FORMAT_H

#define TRACE_PREFIX 16U     // magic, the header's length and CRC-32, little-endian
#define TRACE_BLOCK_HEAD 16U // lane, length before and after compression, CRC-32 of the compressed bytes

struct trace;
struct err;

// The second half of trace_parse: 0, -EINVAL or -ENOMEM with `e` filled. Fills in the peak.
int trace_check(const char *name, struct trace *t, struct err *e);

#endif
