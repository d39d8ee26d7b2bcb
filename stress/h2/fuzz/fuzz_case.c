// Cases: their life, and their text as scenarios.
#include "fuzz_case.h"

#include "clock.h"
#include "fuzz_parts.h"
#include "wire_frame.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define MOST_CHANGES 6U

struct fuzz_frame *fuzz_add_frame(struct fuzz_case *c, uint8_t type, uint8_t flags, uint32_t stream)
{
	uint8_t head[WIRE_HEAD];
	if (c->count == FUZZ_MAX_FRAMES)
		return NULL;
	struct fuzz_frame *f = &c->frames[c->count++];
	wire_put_head(head, 0, type, flags, stream);
	buf_add(&f->bytes, head, sizeof(head));
	f->times = 1;
	return f;
}

void fuzz_set_length(struct fuzz_frame *f)
{
	const size_t len = f->bytes.len - WIRE_HEAD;
	if (f->bytes.failed)
		return;
	f->bytes.data[0] = (char)(len >> 16);
	f->bytes.data[1] = (char)(len >> 8);
	f->bytes.data[2] = (char)len;
}

static int state_of(const struct fuzz_case *c)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->frames[i].bytes.failed || !c->frames[i].bytes.data)
			return -ENOMEM;
	return 0;
}

// The preface and SETTINGS as frames like all others, so that they are damaged too.
static void add_preface(struct fuzz_case *c)
{
	struct fuzz_frame *preface = fuzz_add_frame(c, 0, 0, 0);
	preface->bytes.len = 0;
	buf_add(&preface->bytes, WIRE_PREFACE, WIRE_PREFACE_BYTES);
	fuzz_add_frame(c, NGHTTP2_SETTINGS, 0, 0);
	c->no_preface = true;
}

int fuzz_case_make(struct fuzz_case *c, uint64_t seed, uint64_t number)
{
	struct rng r;
	rng_init(&r, seed ^ number * UINT64_C(0x9e3779b97f4a7c15));
	c->seed = seed;
	c->number = number;
	if (rng_below(&r, 12) == 0)
		add_preface(c);
	fuzz_make_conversation(c, &r);
	for (uint64_t n = rng_below(&r, MOST_CHANGES + 1); n > 0 && state_of(c) == 0; n--)
		fuzz_mutate(c, &r);
	return state_of(c);
}

void fuzz_case_deinit(struct fuzz_case *c)
{
	for (size_t i = 0; i < c->count; i++)
		buf_deinit(&c->frames[i].bytes);
	*c = (struct fuzz_case){ 0 };
}

int fuzz_case_copy(struct fuzz_case *to, const struct fuzz_case *from, const bool *keep)
{
	to->seed = from->seed;
	to->number = from->number;
	to->changes = from->changes;
	to->no_preface = from->no_preface;
	for (size_t i = 0; i < from->count; i++) {
		if (keep && !keep[i])
			continue;
		struct fuzz_frame *f = &to->frames[to->count++];
		buf_add(&f->bytes, from->frames[i].bytes.data, from->frames[i].bytes.len);
		f->times = from->frames[i].times;
	}
	return state_of(to);
}

uint64_t fuzz_case_frames(const struct fuzz_case *c)
{
	uint64_t n = 0;
	for (size_t i = 0; i < c->count; i++)
		n += c->frames[i].times;
	return n;
}

// ---- text ---------------------------------------------------------------------------------------------------

static void add_hex(const uint8_t *bytes, size_t len, struct buf *out)
{
	buf_addc(out, '"');
	for (size_t i = 0; i < len; i++)
		buf_addf(out, i ? " %02x" : "%02x", bytes[i]);
	buf_addc(out, '"');
}

static void add_flags(uint8_t type, uint8_t flags, struct buf *out)
{
	static const struct {
		uint8_t bit;
		const char *name;
	} names[] = { { 1, "END_STREAM" }, { 4, "END_HEADERS" }, { 8, "PADDED" }, { 32, "PRIORITY" } };
	if (flags == 0)
		return;
	buf_adds(out, " (flags");
	const bool ack = type == NGHTTP2_SETTINGS || type == NGHTTP2_PING;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (flags & names[i].bit) {
			buf_addf(out, " %s", ack && names[i].bit == 1 ? "ACK" : names[i].name);
			flags = (uint8_t)(flags & ~names[i].bit);
		}
	if (flags)
		buf_addf(out, " %u", flags);
	buf_addc(out, ')');
}

// As a frame where its head is there and says nothing that a scenario cannot say; else as bytes.
static void add_frame(const struct fuzz_frame *f, struct buf *out)
{
	const uint8_t *b = (const uint8_t *)f->bytes.data;
	const size_t len = f->bytes.len;
	if (len < WIRE_HEAD || b[5] & 0x80) {
		buf_adds(out, "(bytes ");
		add_hex(b, len, out);
		buf_addc(out, ')');
		return;
	}
	const uint32_t said = wire_get32(b) >> 8, stream = wire_get32(b + 5);
	if (b[3] <= NGHTTP2_CONTINUATION)
		buf_addf(out, "(frame %s", wire_type_name(b[3]));
	else
		buf_addf(out, "(frame %u", b[3]);
	add_flags(b[3], b[4], out);
	if (stream)
		buf_addf(out, " (stream %" PRIu32 ")", stream);
	if (len > WIRE_HEAD) {
		buf_adds(out, " (hex ");
		add_hex(b + WIRE_HEAD, len - WIRE_HEAD, out);
		buf_addc(out, ')');
	}
	if (said != len - WIRE_HEAD)
		buf_addf(out, " (length %" PRIu32 ")", said);
	buf_addc(out, ')');
}

// "(NAME 200ms)"
static void add_time(const char *name, uint64_t ns, struct buf *out)
{
	if (ns % SG_NS_PER_MS == 0)
		buf_addf(out, " (%s %" PRIu64 "ms)", name, ns / SG_NS_PER_MS);
	else
		buf_addf(out, " (%s %" PRIu64 "ns)", name, ns);
}

void fuzz_case_text(const struct fuzz_case *c, const struct fuzz_text *t, struct buf *out)
{
	buf_addf(out, "; @Test h2-fuzz/%" PRIu64 "-%" PRIu64 "\n; @Kind http2\n; @Timeout 60s\n; @Sentinel on\n",
	         c->seed, c->number);
	buf_adds(out, "; @Run {stressgen:h2} run {file}\n");
	buf_addf(out, "(scenario h2-fuzz/%" PRIu64 "-%" PRIu64 "\n  (summary \"%s\")\n  (load", c->seed, c->number,
	         t->words);
	if (t->duration_ns)
		add_time("duration", t->duration_ns, out);
	add_time("deadline", t->deadline_ns + t->duration_ns, out);
	buf_adds(out, ")\n");
	if (c->count > 0) {
		buf_adds(out, "  (attack\n    (right goaway close reset alive silence)");
		add_time("time", t->wait_ns, out);
		buf_adds(out, c->no_preface ? " (no-preface)" : "");
	}
	for (size_t i = 0; i < c->count; i++) {
		buf_adds(out, "\n    (send ");
		if (c->frames[i].times != 1)
			buf_addf(out, "(times %" PRIu32 ") ", c->frames[i].times);
		add_frame(&c->frames[i], out);
		buf_addc(out, ')');
	}
	buf_adds(out, c->count > 0 ? ")\n" : "");
	buf_addf(out, "  (request beside (path \"%s\") (expect (status ok))))\n", t->path);
}
