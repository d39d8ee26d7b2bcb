// The trace file's parts, for its reader and its writer.
#ifndef SG_TRACE_FORMAT_H
#define SG_TRACE_FORMAT_H

#define TRACE_PREFIX 16U     // magic, the header's length and CRC-32, little-endian
#define TRACE_BLOCK_HEAD 16U // lane, length before and after compression, CRC-32 of the compressed bytes

#endif
