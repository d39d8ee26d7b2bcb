// An attack or a fault as a scenario's file says it: frames, right or not, as bytes with a few places for stream
// ids; and what a server may do about it.
#ifndef SG_H2_ATTACK_H
#define SG_H2_ATTACK_H

#include "buf.h"
#include "err.h"
#include "sexp.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define H2_ATTACK_TIMES 1000000U              // of one step
#define H2_ATTACK_BYTES (UINT64_C(256) << 20) // in all

enum h2_stream_rule { STREAM_FIXED, STREAM_NEXT, STREAM_SAME };

// A frame, or bytes that are none.
struct h2_piece {
	size_t at, len;           // in the attack's bytes
	enum h2_stream_rule rule; // the id is filled in when it is sent, except for STREAM_FIXED
};

// Pieces that are sent in a row, again and again.
struct h2_step {
	size_t first, count; // of pieces
	uint64_t times;
};

enum h2_reaction_kind { REACTION_GOAWAY, REACTION_CLOSE, REACTION_RESET, REACTION_ALIVE };

struct h2_reaction {
	enum h2_reaction_kind kind;
	bool has_code; // GOAWAY and RESET: only this one
	uint32_t code;
};

#define H2_MAX_REACTIONS 8U

struct h2_attack {
	struct buf bytes;
	struct h2_piece *pieces;
	struct h2_step *steps;
	size_t piece_count, step_count;
	bool no_preface;  // nothing is sent but what the steps say
	uint64_t time_ns; // for the server to react
	struct h2_reaction right[H2_MAX_REACTIONS];
	size_t right_count;
};

// Reads "(attack ...)". `a` must be zeroed, and deinited in every case. -EINVAL with "path:line:column: ..." in
// `e`.
int h2_attack_read(const struct sexp_doc *doc, const struct sexp *form, struct h2_attack *a, struct err *e);
void h2_attack_deinit(struct h2_attack *a);
uint64_t h2_attack_frames(const struct h2_attack *a); // that it sends in all

#endif
