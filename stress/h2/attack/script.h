// Frames in a row, right or not, as a file says them: bytes with a few places for stream ids, how often, and when.
// An attack plays one against a server, a hostile server against its clients.
#ifndef SG_H2_SCRIPT_H
#define SG_H2_SCRIPT_H

#include "buf.h"
#include "clock.h"
#include "err.h"
#include "sexp.h"
#include "wire_frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define H2_SCRIPT_TIMES 1000000U              // of one step
#define H2_SCRIPT_BYTES (UINT64_C(256) << 20) // of one step
#define H2_SCRIPT_TIME (600 * SG_NS_PER_S)    // of one wait

enum h2_stream_rule { STREAM_FIXED, STREAM_NEXT, STREAM_SAME };

// A frame, or bytes that are none.
struct h2_piece {
	size_t at, len;           // in the script's bytes
	size_t id_at;             // where in it the stream's id is filled in once more; 0: nowhere
	enum h2_stream_rule rule; // the frame's id is filled in when it is sent, except for STREAM_FIXED
};

enum h2_step_kind { STEP_SEND, STEP_WAIT, STEP_CLOSE };

// Pieces that are sent in a row, again and again; a pause; or the connection's end.
struct h2_step {
	enum h2_step_kind kind;
	size_t first, count; // of pieces
	uint64_t times;
	uint64_t wait_ns; // STEP_WAIT: the pause; STEP_SEND: that behind each round, or 0
};

struct h2_script {
	struct buf bytes;
	struct h2_piece *pieces;
	struct h2_step *steps;
	size_t piece_count, step_count;
	bool has_every; // a pause behind rounds
};

// Reads every (send ...), (wait TIME) and (close) of `form`; what else is in it is the caller's to check. `s` must
// be zeroed, and deinited in every case. 0, -ENOMEM, or -EINVAL with "path:line:column: ..." in `e`.
int h2_script_read(const struct sexp_doc *doc, const struct sexp *form, struct h2_script *s, struct err *e);
void h2_script_deinit(struct h2_script *s);
uint64_t h2_script_frames(const struct h2_script *s); // that it sends in all
uint64_t h2_script_volume(const struct h2_script *s); // the same in bytes

// ---- what such files have in common -------------------------------------------------------------------------

struct h2_word {
	const char *name;
	uint32_t value;
};

// A word of the table, or a number up to `max`. 0 or -EINVAL with the place in `e`.
int h2_script_word(const struct sexp_doc *doc, const struct sexp *at, const struct h2_word *table, size_t count,
                   uint32_t max, uint32_t *value, struct err *e);
// "(NAME 10s)" of `list`; *ns stays as it is where there is none. 0 or -EINVAL.
int h2_script_time(const struct sexp_doc *doc, const struct sexp *list, const char *name, uint64_t *ns,
                   struct err *e);

// ---- playing ------------------------------------------------------------------------------------------------

struct h2_player {
	const struct h2_script *script; // borrowed
	size_t step, piece;             // to be sent next
	uint64_t round;                 // of the step
	uint32_t id, next_id;           // of streams: the same, and the next new one
	uint64_t frames, wait_ns;       // sent so far; of H2_WAITS
};

enum h2_played {
	H2_PLAYED,     // a piece is in `out`
	H2_WAITS,      // the same, or nothing; and then nothing for p->wait_ns
	H2_CLOSES,     // the connection is to end
	H2_PLAYED_OUT, // there is nothing more
};

enum h2_played h2_player_next(struct h2_player *p, struct wire_out *out);

#endif
