// What the preloaded library writes while it records a program's calls: a file of chunks, each filled by one
// thread at a time through a shared mapping, so that it survives whatever the process dies of. stressgen record
// makes a trace (base/telemetry/trace.h) of it.
#ifndef SG_TRACE_RAW_H
#define SG_TRACE_RAW_H

#include <stdint.h>

#define TRACE_RAW_MAGIC "SGTRAW1"
#define TRACE_RAW_CHUNK (32U * 1024U)
#define TRACE_RAW_LANES 256U
#define TRACE_RAW_EVENT 40U // bytes of the longest event
#define TRACE_ENV_DIR "STRESSGEN_TRACE_DIR"
#define TRACE_ENV_LIMIT "STRESSGEN_TRACE_LIMIT" // bytes of a process's file

// An event: its kind; varints of the tickets since the lane's last event, of the address (eighths, as a difference
// to the lane's last, zigzag) and of the size; the alignment's logarithm as a byte. A ticket is drawn from one
// counter: for what takes a block after the call, for what gives one back before it; so in the order of tickets no
// block is given back before it is taken, nor taken twice.
enum raw_kind {
	RAW_MALLOC,  // address, size
	RAW_CALLOC,  // address, size
	RAW_ALIGNED, // address, size, alignment
	RAW_FREE,    // address
	RAW_RESIZE,  // address: realloc begins
	RAW_RESIZED, // address (0: there is none), size: and has ended
	RAW_KINDS
};

// The first chunk of the file.
struct raw_head {
	char magic[8];
	uint32_t pid, chunk_bytes;
	char program[64];
	uint64_t chunks;  // claimed, this one included; some may be empty
	uint64_t tickets; // drawn
	uint64_t stopped; // the ticket at which the limit was reached; 0: it was not
	uint64_t lost;    // calls within calls (signal handlers), or of too many threads at once
};

struct raw_chunk {
	uint32_t lane, used; // bytes of `events`
	uint8_t events[TRACE_RAW_CHUNK - 8];
};

#endif
