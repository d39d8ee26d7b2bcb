// Allocation traces: what was written comes back, and what cannot have happened is refused.
#include "trace.h"

#include "harness.h"
#include "io.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct trace_writer *writer(void)
{
	struct trace_writer *w = calloc(1, sizeof *w);

	assert_non_null(w);
	return w;
}

static void put(struct trace_writer *w, uint32_t lane, enum trace_op op, uint32_t slot, uint64_t bytes)
{
	trace_write(w, lane, &(struct trace_event){ .op = op, .slot = slot, .bytes = bytes, .align = 6 });
}

static void put_waiting(struct trace_writer *w, uint32_t lane, enum trace_op op, uint32_t slot,
                        uint32_t generation)
{
	trace_write(w, lane,
	            &(struct trace_event){ .op = op, .slot = slot, .waits = true, .generation = generation });
}

// Writes and reads it; the error's text stays for the caller.
static int again(struct trace_writer *w, struct trace *t, struct err *e)
{
	char *path = io_join(harness_tmpdir(), "a.sgtrace");
	int rc;

	assert_int_equal(trace_writer_end(w, path, e), 0);
	trace_writer_deinit(w);
	free(w);
	rc = trace_load(path, t, e);
	free(path);
	return rc;
}

CASE("trace: events, lanes and facts come back as they were written")
{
	struct trace_writer *w = writer();
	struct trace_cursor c;
	struct trace_event v;
	struct trace t;
	struct err e = { 0 };

	strcpy(w->facts.program, "prog");
	w->facts.stopped = true;
	w->facts.lost = 3;
	w->facts.unknown = 4;
	put(w, 0, TRACE_MALLOC, 0, 100);
	put(w, 0, TRACE_ALIGNED, 2, UINT64_C(1) << 40);
	put(w, 0, TRACE_RESIZE, 0, 7);
	put_waiting(w, 1, TRACE_FREE, 0, 2);
	put(w, 1, TRACE_CALLOC, 1, 0);
	if (again(w, &t, &e) < 0)
		fail_msg("%s", e.text);
	assert_string_equal(t.program, "prog");
	assert_true(t.stopped);
	assert_int_equal(t.lost, 3);
	assert_int_equal(t.unknown, 4);
	assert_int_equal(t.events, 5);
	assert_int_equal(t.slots, 3);
	assert_int_equal(t.lane_count, 2);
	c = trace_begin(&t, 0);
	assert_true(trace_next(&c, &v) && v.op == TRACE_MALLOC && v.slot == 0 && v.bytes == 100 && !v.waits);
	assert_true(trace_next(&c, &v) && v.op == TRACE_ALIGNED && v.slot == 2 && v.align == 6);
	assert_true(v.bytes == UINT64_C(1) << 40);
	assert_true(trace_next(&c, &v) && v.op == TRACE_RESIZE && v.slot == 0 && v.bytes == 7);
	assert_false(trace_next(&c, &v));
	c = trace_begin(&t, 1);
	assert_true(trace_next(&c, &v) && v.op == TRACE_FREE && v.slot == 0 && v.waits && v.generation == 2);
	assert_true(trace_next(&c, &v) && v.op == TRACE_CALLOC && v.slot == 1);
	assert_false(trace_next(&c, &v));
	trace_deinit(&t);
}

CASE("trace: a lane of more than one block comes back whole")
{
	const uint32_t rounds = 200000;
	struct trace_writer *w = writer();
	struct trace_cursor c;
	struct trace_event v;
	struct trace t;
	struct err e = { 0 };
	uint32_t seen = 0;

	for (uint32_t i = 0; i < rounds; i++) {
		put(w, 0, TRACE_MALLOC, i % 1000, i);
		put(w, 0, TRACE_FREE, i % 1000, 0);
	}
	if (again(w, &t, &e) < 0)
		fail_msg("%s", e.text);
	assert_true(t.lanes[0].len > SG_TRACE_BLOCK);
	for (c = trace_begin(&t, 0); trace_next(&c, &v); seen++)
		if (v.op == TRACE_MALLOC)
			assert_int_equal(v.bytes, seen / 2);
	assert_int_equal(seen, 2 * rounds);
	trace_deinit(&t);
}

CASE("trace: calls that cannot have happened are refused")
{
	static const struct {
		enum trace_op first, second;
		uint32_t lane, waits, generation;
		const char *words;
	} cases[] = {
		{ TRACE_FREE, TRACE_MALLOC, 0, 0, 0, "cannot have" },   // given back before it is taken
		{ TRACE_MALLOC, TRACE_MALLOC, 0, 0, 0, "cannot have" }, // taken twice
		{ TRACE_RESIZE, TRACE_FREE, 0, 0, 0, "cannot have" },
		{ TRACE_MALLOC, TRACE_FREE, 1, 0, 0, "cannot have" },         // another lane's, without waiting
		{ TRACE_MALLOC, TRACE_FREE, 1, 1, 7, "wait for each other" }, // for what never comes
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct trace_writer *w = writer();
		struct trace t;
		struct err e = { 0 };

		put(w, 0, cases[i].first, 0, 8);
		if (cases[i].waits != 0)
			put_waiting(w, cases[i].lane, cases[i].second, 0, cases[i].generation);
		else
			put(w, cases[i].lane, cases[i].second, 0, 8);
		assert_int_equal(again(w, &t, &e), -EINVAL);
		if (strstr(e.text, cases[i].words) == NULL)
			fail_msg("%zu: %s", i, e.text);
		trace_deinit(&t);
	}
}

CASE("trace: sizes beyond 32 bits are those that are performed, and too much at once is refused in words")
{
	struct trace_writer *w = writer();
	struct trace t;
	struct err e = { 0 };

	put(w, 0, TRACE_MALLOC, 0, UINT64_MAX);
	put(w, 0, TRACE_MALLOC, 1, UINT64_C(1) << 63);
	put(w, 0, TRACE_FREE, 0, 0);
	put(w, 0, TRACE_ALIGNED, 2, 1000);
	put(w, 0, TRACE_RESIZE, 2, 0); // which others' realloc answers with a block
	assert_int_equal(again(w, &t, &e), 0);
	assert_int_equal(t.peak_bytes, 2 * (uint64_t)UINT32_MAX);
	assert_int_equal(trace_performable("a", &t, 2 * (uint64_t)UINT32_MAX, &e), 0);
	assert_int_equal(trace_performable("a", &t, UINT32_MAX, &e), -EINVAL);
	assert_non_null(strstr(e.text, "a: its blocks take 8.00 GiB at once"));
	assert_int_equal(trace_bytes(&(struct trace_event){ .op = TRACE_RESIZE }), 1);
	trace_deinit(&t);
}

CASE("trace: one without a call is told, and so is what is no trace without reading it whole")
{
	struct err e = { 0 };
	struct trace t;

	assert_int_equal(again(writer(), &t, &e), 0);
	assert_int_equal(trace_performable("a", &t, 1, &e), -EINVAL);
	assert_non_null(strstr(e.text, "has no calls"));
	trace_deinit(&t);
	e = (struct err){ 0 };
	assert_int_equal(trace_load("/dev/zero", &t, &e), -EINVAL); // not: more than 4 GiB
	assert_non_null(strstr(e.text, "is no allocation trace"));
	trace_deinit(&t);
}

// Each of 256 lanes can do one call, and the lane behind it waits for that: as often as there are calls.
CASE("trace: lanes that hand one block round and round are followed")
{
	struct trace_writer *w = writer();
	const uint32_t rounds = 300;
	struct trace t;
	struct err e = { 0 };
	uint32_t generation = 0;

	for (uint32_t r = 0; r < rounds; r++)
		for (uint32_t lane = SG_TRACE_LANES; lane-- > 0; generation++)
			trace_write(w, lane,
			            &(struct trace_event){ .op = generation % 2 == 0 ? TRACE_MALLOC : TRACE_FREE,
			                                   .waits = generation > 0,
			                                   .generation = generation });
	if (again(w, &t, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(t.events, rounds * SG_TRACE_LANES);
	trace_deinit(&t);
}

CASE("trace: a file that is cut off anywhere, or with any byte changed, is refused or sound")
{
	struct trace_writer *w = writer();
	char *path = io_join(harness_tmpdir(), "a.sgtrace");
	struct buf file = { 0 };
	struct trace t;
	struct err e = { 0 };

	for (uint32_t i = 0; i < 50; i++)
		put(w, i % 2, TRACE_MALLOC, i, i);
	assert_int_equal(again(w, &t, &e), 0);
	trace_deinit(&t);
	assert_int_equal(io_read_file(path, 1 << 20, &file, NULL), 0);
	for (size_t len = 0; len < file.len; len++) {
		uint8_t *copy = malloc(len + 1);

		memcpy(copy, file.data, len);
		assert_int_equal(trace_parse("cut", copy, len, &t, NULL), -EINVAL);
		trace_deinit(&t);
		free(copy);
	}
	for (size_t i = 0; i < file.len; i++) {
		file.data[i] ^= 0x55;
		assert_true(trace_parse("changed", (uint8_t *)file.data, file.len, &t, NULL) < 0);
		trace_deinit(&t);
		file.data[i] ^= 0x55;
	}
	buf_deinit(&file);
	free(path);
}
