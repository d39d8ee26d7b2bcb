// A hostile server as its file says it: what it greets with, what it answers, and what a client may do about it
// (docs/http2.md, "Against clients").
#ifndef SG_H2_HOSTILE_H
#define SG_H2_HOSTILE_H

#include "script.h"

#define H2_HOSTILE_BYTES (4U * 1024U * 1024U) // the largest file
#define H2_HOSTILE_ANSWERS 16U

struct h2_hostile_answer {
	uint64_t requests; // it is for so many, of all connections together; 0: for all that follow
	struct h2_script script;
};

struct h2_hostile {
	const char *name, *summary;
	bool error_right, success_right; // what a client may do: fail and say so; end well
	const char *output;              // what one that ends well has to print; NULL: whatever
	uint64_t time_ns;                // for the client
	uint64_t memory_bytes;           // that it may take
	uint64_t connections, requests;  // that it may make; 0: as many as it likes
	bool acks_settings, acks_pings;
	bool has_greeting;
	struct h2_script greeting; // in the place of SETTINGS
	struct h2_hostile_answer answers[H2_HOSTILE_ANSWERS];
	size_t count;
	struct sexp_doc *doc; // owns every text
};

// Reads "(hostile NAME ...)". `h` must be zeroed, and deinited in every case. 0, -ENOMEM, or -EINVAL with
// "path:line:column: ..." in `e`.
int h2_hostile_load(const char *path, struct h2_hostile *h, struct err *e);
int h2_hostile_parse(const char *path, const char *text, size_t len, struct h2_hostile *h, struct err *e);
void h2_hostile_deinit(struct h2_hostile *h);
// The answer for the n-th request, from 0; NULL: none.
const struct h2_script *h2_hostile_answer(const struct h2_hostile *h, uint64_t n);

#endif
