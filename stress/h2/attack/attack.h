// An attack or a fault as a scenario's file says it: a script of frames, and what a server may do about it.
#ifndef SG_H2_ATTACK_H
#define SG_H2_ATTACK_H

#include "script.h"

enum h2_reaction_kind {
	REACTION_GOAWAY,
	REACTION_CLOSE,
	REACTION_RESET,
	REACTION_ALIVE,
	REACTION_SILENCE,
	REACTION_ANSWER,
};

struct h2_reaction {
	enum h2_reaction_kind kind;
	bool has_code; // GOAWAY and RESET: only this one; ANSWER: this status
	uint32_t code;
};

#define H2_MAX_REACTIONS 8U

struct h2_attack {
	struct h2_script script;
	bool no_preface;  // nothing is sent but what the steps say
	bool peaceful;    // it is no attack: "(frames ...)"
	bool lonely;      // no healthy client is measured beside it
	bool unread;      // nothing is read until all is sent, or the server takes no more
	uint64_t time_ns; // for the server to react
	uint64_t rate;    // frames/s at most; 0: as fast as they are taken
	struct h2_reaction right[H2_MAX_REACTIONS];
	size_t right_count;
	uint64_t answers, content; // streams that must end, and bytes of DATA that must come; with `alive` only
};

// Reads "(attack ...)" or "(frames ...)", which is the same of what is no attack: alive is right, nobody else is
// measured. `a` must be zeroed, and deinited in every case. -EINVAL with "path:line:column: ..." in
// `e`.
int h2_attack_read(const struct sexp_doc *doc, const struct sexp *form, struct h2_attack *a, struct err *e);
void h2_attack_deinit(struct h2_attack *a);
uint64_t h2_attack_frames(const struct h2_attack *a); // that it sends in all

#endif
