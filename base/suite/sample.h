// Sample lines: what a test reports on its stdout (or STRESSGEN_FD), one "@@ word ..." a line (docs/formats.md).
#ifndef SG_SAMPLE_H
#define SG_SAMPLE_H

#include "err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SG_SAMPLE_LINE_MAX (64U * 1024U)
#define SG_SAMPLE_NAME_MAX 128U

enum sample_case { CASE_START, CASE_PASS, CASE_FAIL, CASE_SKIP };
// Lines of TAP beside those of cases: "TAP version 14", "1..3", "Bail out! why"; and each case that was one of
// TAP.
enum sample_tap { TAP_VERSION, TAP_PLAN, TAP_BAIL, TAP_CASE };

// What the parser calls; any hook may be NULL. Names are NUL-terminated and borrowed for the call.
struct sample_sink {
	void (*lat)(void *arg, const char *series, uint64_t ns);
	void (*hist)(void *arg, const char *series, const char *base64, size_t len);
	void (*gauge)(void *arg, const char *name, double value, const char *unit);
	void (*gc)(void *arg, uint64_t pause_ns);
	void (*check)(void *arg, const char *name, bool ok, const char *text);
	void (*test_case)(void *arg, const char *name, enum sample_case what, uint64_t ns, const char *text);
	void (*done)(void *arg);
	// A known word with bad arguments: counts as a bad check. `line` counts from 1.
	void (*bad)(void *arg, uint64_t line, const char *reason);
	void *arg;
	void (*live)(void *arg, uint64_t bytes); // after a full collection, one a cycle
	void (*note)(void *arg, const char *name, const char *text);
	// `n` is the plan's number; `text` why it skips all (plan) or gives up (bail), else "".
	void (*tap)(void *arg, enum sample_tap what, uint64_t n, const char *text);
	void (*skip)(void *arg, const char *reason); // the test skips itself
};

// One line without its newline. Returns true if it was a sample line (good or bad), false if it is the
// test's own output. TAP lines ("ok 1 - name", "not ok ...") are reported as cases but return false.
bool sample_parse_line(const char *line, size_t len, uint64_t line_number, const struct sample_sink *sink);

// Feeds a stream in pieces of any size. What is not a sample line is handed on in order, newlines included,
// as it comes; lines over SG_SAMPLE_LINE_MAX are ordinary output (or, beginning "@@ known-word ", bad).
struct sample_stream {
	struct sample_sink sink;
	void (*output)(void *arg, const char *bytes, size_t len); // ordinary output; may be NULL
	void *output_arg;
	uint64_t line; // lines seen
	char *pending; // SG_SAMPLE_LINE_MAX bytes, allocated by sample_stream_init
	size_t pending_len;
	bool overlong; // inside a line that was too long
	bool swallow;  // and what is left of it is no output: it began as a sample line
};

int sample_stream_init(struct sample_stream *s, const struct sample_sink *sink,
                       void (*output)(void *, const char *, size_t), void *output_arg); // 0 or -ENOMEM
void sample_stream_feed(struct sample_stream *s, const char *bytes, size_t len);
void sample_stream_end(struct sample_stream *s); // a last line without newline counts
void sample_stream_deinit(struct sample_stream *s);

#endif
