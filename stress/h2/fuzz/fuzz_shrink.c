// Making a case small: fewer frames (ddmin: A. Zeller, R. Hildebrandt, "Simplifying and isolating failure-inducing
// input", 2002), fewer times, shorter payloads.
#include "fuzz_shrink.h"

#include "clock.h"
#include "fuzz_parts.h"
#include "wire_frame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MOST_TRIES 300U
#define MOST_NS (120 * SG_NS_PER_S)

struct shrinker {
	struct fuzz *f;
	enum fuzz_kind kind;
	unsigned tries;
	uint64_t end_ns;
	struct err *e;
};

// 1: it breaks a fresh server in that way; 0: not, or there is no time left for finding out; or -errno.
static int breaks(struct shrinker *s, const struct fuzz_case *c)
{
	struct fuzz_verdict v;
	if (s->tries++ >= MOST_TRIES || clock_now_ns() > s->end_ns)
		return 0;
	int rc = fuzz_fresh_server(s->f, s->e);
	if (rc == 0)
		rc = fuzz_try(s->f, c, &v, s->e);
	return rc < 0 ? rc : v.kind == s->kind;
}

// Takes `candidate` for `c` when it breaks too, and empties it in any case. 1: taken.
static int adopt(struct shrinker *s, struct fuzz_case *c, struct fuzz_case *candidate)
{
	const int rc = breaks(s, candidate);
	if (rc == 1) {
		fuzz_case_deinit(c);
		*c = *candidate;
		*candidate = (struct fuzz_case){ 0 };
	}
	fuzz_case_deinit(candidate);
	return rc;
}

// Leaves out the frames from `at` on, `n` of them.
static int without(struct shrinker *s, struct fuzz_case *c, size_t at, size_t n)
{
	bool keep[FUZZ_MAX_FRAMES];
	struct fuzz_case *candidate = calloc(1, sizeof(*candidate));
	if (!candidate)
		return -ENOMEM;
	for (size_t i = 0; i < c->count; i++)
		keep[i] = i < at || i >= at + n;
	int rc = fuzz_case_copy(candidate, c, keep);
	if (rc == 0)
		rc = adopt(s, c, candidate);
	fuzz_case_deinit(candidate);
	free(candidate);
	return rc;
}

static int fewer_frames(struct shrinker *s, struct fuzz_case *c)
{
	for (size_t n = c->count / 2; n > 0; n = n == 1 ? 0 : (n + 1) / 2) {
		bool any = true;
		while (any) {
			any = false;
			for (size_t at = 0; at < c->count && c->count > n;) {
				const int rc = without(s, c, at, n < c->count - at ? n : c->count - at);
				if (rc < 0)
					return rc;
				any |= rc == 1 && n == 1;
				at += rc == 1 ? 0 : n;
			}
		}
	}
	return 0;
}

// One frame of a copy is made smaller: less often, or a shorter payload with a length that is right.
static int change(struct shrinker *s, struct fuzz_case *c, size_t at, uint32_t times, size_t payload)
{
	struct fuzz_case *candidate = calloc(1, sizeof(*candidate));
	if (!candidate)
		return -ENOMEM;
	int rc = fuzz_case_copy(candidate, c, NULL);
	struct fuzz_frame *f = &candidate->frames[at];
	f->times = times;
	if (rc == 0 && payload != SIZE_MAX) {
		f->bytes.len = WIRE_HEAD + payload;
		f->bytes.data[f->bytes.len] = '\0';
		fuzz_set_length(f);
	}
	if (rc == 0)
		rc = adopt(s, c, candidate);
	fuzz_case_deinit(candidate);
	free(candidate);
	return rc;
}

static int smaller_frame(struct shrinker *s, struct fuzz_case *c, size_t at)
{
	int rc = 1;
	while (rc == 1 && c->frames[at].times > 1)
		rc = change(s, c, at, c->frames[at].times / 2, SIZE_MAX);
	if (rc >= 0)
		rc = 1;
	while (rc == 1 && c->frames[at].bytes.len > WIRE_HEAD)
		rc = change(s, c, at, c->frames[at].times, (c->frames[at].bytes.len - WIRE_HEAD) / 2);
	return rc < 0 ? rc : 0;
}

int fuzz_shrink(struct fuzz *f, struct fuzz_case *c, enum fuzz_kind kind, bool *again, struct err *e)
{
	f->sought = kind;
	struct shrinker s = { .f = f, .kind = kind, .end_ns = clock_now_ns() + MOST_NS, .e = e };
	int rc = 0;
	for (unsigned i = 0; i < 3 && rc == 0; i++) // on a busy machine a server may be late
		rc = breaks(&s, c);
	*again = rc == 1;
	if (rc == 1)
		rc = fewer_frames(&s, c);
	for (size_t i = 0; *again && rc >= 0 && i < c->count; i++)
		rc = smaller_frame(&s, c, i);
	f->sought = FUZZ_FINE;
	if (rc == -ENOMEM)
		return err_set(e, ENOMEM, "out of memory");
	return rc < 0 ? rc : 0;
}
