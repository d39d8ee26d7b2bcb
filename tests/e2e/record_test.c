// record and replay: a program's calls, performed again on whichever malloc.
#include "e2e.h"

#include "harness.h"
#include "io.h"
#include "trace.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct trace load(const char *dir)
{
	char *path = io_join(dir, "a.sgtrace");
	struct trace t;
	struct err e = { 0 };

	if (trace_load(path, &t, &e) < 0)
		fail_msg("%s", e.text);
	free(path);
	return t;
}

static void record(const char *dir, const char *what)
{
	struct outcome o = E2E(dir, "record", "-o", "a.sgtrace", "--", SG_INTERPOSED, what);

	if (o.exit_code != 0)
		fail_msg("exit %d: %s", o.exit_code, buf_text(&o.err));
	assert_contains(buf_text(&o.err), "a.sgtrace: ");
	outcome_deinit(&o);
}

static uint64_t count(const struct trace *t, enum trace_op op)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < t->lane_count; i++) {
		struct trace_cursor c = trace_begin(t, i);
		struct trace_event v;

		while (trace_next(&c, &v))
			n += v.op == op;
	}
	return n;
}

CASE("record: every kind of call is in the trace, and replay performs as many")
{
	const char *dir = harness_tmpdir();
	struct outcome o;
	struct trace t;
	json_t *report;

	record(dir, "functions");
	t = load(dir);
	for (enum trace_op op = TRACE_MALLOC; op < TRACE_OPS; op++)
		assert_true(count(&t, op) > 0);
	assert_false(t.stopped);
	o = E2E(dir, "replay", "a.sgtrace", "--alloc", "glibc", "-o", "out");
	if (o.exit_code != 0)
		fail_msg("%s%s", buf_text(&o.out), buf_text(&o.err));
	{
		char *run_dir = io_join(dir, "out");

		report = e2e_report(run_dir);
		free(run_dir);
	}
	assert_string_equal(json_string_value(json_object_get(e2e_test(report, "alloc/replay"), "verdict")),
	                    "passed");
	json_decref(report);
	outcome_deinit(&o);
	trace_deinit(&t);
}

CASE("record: threads that come and go are recorded in order, and the trace can be performed")
{
	const char *dir = harness_tmpdir();
	struct outcome o;
	struct trace t;

	record(dir, "threads");
	t = load(dir); // which also makes sure that nothing is given back before it is taken
	assert_true(t.lane_count > 1);
	o = E2E(dir, "replay", "a.sgtrace", "-o", "out");
	if (o.exit_code != 0)
		fail_msg("%s%s", buf_text(&o.out), buf_text(&o.err));
	outcome_deinit(&o);
	trace_deinit(&t);
}

CASE("record: a program that dies leaves the trace up to there, and exit 1")
{
	const char *dir = harness_tmpdir();
	struct outcome o = E2E(dir, "record", "-o", "a.sgtrace", "--", SG_INTERPOSED, "segv");
	struct trace t = load(dir);

	assert_int_equal(o.exit_code, 1);
	assert_contains(buf_text(&o.err), "the program died of signal");
	assert_true(t.events > 0);
	trace_deinit(&t);
	outcome_deinit(&o);
}

CASE("record: a trace that reaches its limit says so, and the program goes on")
{
	const char *dir = harness_tmpdir();
	struct outcome o;
	struct trace t;

	o = E2E(dir, "record", "--trace-limit", "1M", "-o", "a.sgtrace", "--", SG_MANY_CALLS);
	if (o.exit_code != 0)
		fail_msg("%s", buf_text(&o.err));
	assert_contains(buf_text(&o.err), "--trace-limit was reached");
	t = load(dir);
	assert_true(t.stopped);
	trace_deinit(&t);
	outcome_deinit(&o);
}

CASE("record: a program with a malloc of its own, none at all, and a damaged trace are refused")
{
	const char *dir = harness_tmpdir();
	struct outcome own = E2E(dir, "record", "--", SG_OWN_MALLOC);
	struct outcome none = E2E(dir, "record");
	struct outcome missing = E2E(dir, "record", "--", "/no/such/program");
	struct outcome damaged;

	assert_int_equal(own.exit_code, 2);
	assert_contains(buf_text(&own.err), "none of its calls was seen");
	assert_int_equal(none.exit_code, 2);
	assert_int_equal(missing.exit_code, 3);
	e2e_write(dir, "bad.sgtrace", "SGTRACE1 and nothing", false);
	damaged = E2E(dir, "replay", "bad.sgtrace", "-o", "out");
	assert_int_equal(damaged.exit_code, 2);
	assert_contains(buf_text(&damaged.err), "header is damaged");
	outcome_deinit(&own);
	outcome_deinit(&none);
	outcome_deinit(&missing);
	outcome_deinit(&damaged);
}

static void put(struct trace_writer *w, uint32_t lane, struct trace_event v)
{
	trace_write(w, lane, &v);
}

// Threads that only yield would keep the one that they wait for from its turn.
CASE("record: a trace by another malloc, with a realloc to nothing and a block that goes round, is performed")
{
	const char *dir = harness_tmpdir();
	struct trace_writer *w = calloc(1, sizeof *w);
	char *path = io_join(dir, "a.sgtrace");
	struct err e = { 0 };
	struct outcome o;

	put(w, 0, (struct trace_event){ .op = TRACE_MALLOC, .bytes = 100 });
	put(w, 0, (struct trace_event){ .op = TRACE_RESIZE });
	put(w, 0, (struct trace_event){ .op = TRACE_ALIGNED, .slot = 1, .bytes = 100, .align = 30 });
	for (uint32_t i = 2; i < 2000; i++)
		put(w, i % 64,
		    (struct trace_event){ .op = i % 2 == 0 ? TRACE_FREE : TRACE_MALLOC,
		                          .bytes = i % 2 == 0 ? 0 : 64,
		                          .waits = true,
		                          .generation = i });
	assert_int_equal(trace_writer_end(w, path, &e), 0);
	o = E2E(dir, "replay", "a.sgtrace", "-o", "out");
	if (o.exit_code != 0)
		fail_msg("%s%s", buf_text(&o.out), buf_text(&o.err));
	outcome_deinit(&o);
	trace_writer_deinit(w);
	free(w);
	free(path);
}

enum { HANDS = 200, ROUND = 6000, FIRST_BYTES = 1000 };

// One block that so many threads resize in turn; each size tells whose turn it was.
static void write_round(const char *path)
{
	struct trace_writer *w = calloc(1, sizeof *w);
	struct err e = { 0 };

	put(w, 0, (struct trace_event){ .op = TRACE_MALLOC, .bytes = FIRST_BYTES });
	for (uint32_t i = 1; i < ROUND; i++)
		put(w, i % HANDS,
		    (struct trace_event){
		            .op = TRACE_RESIZE, .bytes = FIRST_BYTES + i, .waits = true, .generation = i });
	assert_int_equal(trace_writer_end(w, path, &e), 0);
	trace_writer_deinit(w);
	free(w);
}

// The block's sizes in the order of its calls, as the replay made them. A call that does not wait comes right
// behind the same thread's.
static size_t read_round(const struct trace *t, uint32_t slot, uint64_t *bytes)
{
	size_t found = 0;

	for (uint32_t i = 0; i < t->lane_count; i++) {
		struct trace_cursor c = trace_begin(t, i);
		uint32_t generation = 0;
		struct trace_event v;

		while (trace_next(&c, &v)) {
			if (v.slot != slot)
				continue;
			generation = v.waits ? v.generation : generation + 1;
			if (v.op == TRACE_RESIZE && generation < ROUND + 100) {
				bytes[generation] = v.bytes;
				found++;
			}
		}
	}
	return found;
}

// The slot that is resized most often.
static uint32_t resized_slot(const struct trace *t)
{
	uint32_t *times = calloc(t->slots + 1, sizeof *times), most = 0;

	for (uint32_t i = 0; i < t->lane_count; i++) {
		struct trace_cursor c = trace_begin(t, i);
		struct trace_event v;

		while (trace_next(&c, &v))
			if (v.op == TRACE_RESIZE && ++times[v.slot] > times[most])
				most = v.slot;
	}
	free(times);
	return most;
}

CASE("record: a block that 200 threads hand around passes through their hands in the trace's order")
{
	static uint64_t bytes[ROUND + 100];
	const char *dir = harness_tmpdir();
	char *path = io_join(dir, "round.sgtrace");
	uint64_t last = FIRST_BYTES;
	struct outcome o;
	struct trace t;

	write_round(path);
	o = E2E(dir, "record", "-o", "a.sgtrace", "--", SG_BUILD_DIR "/libexec/stressgen/stressgen-native",
	        "replay", "round.sgtrace");
	if (strstr(buf_text(&o.err), "built with AddressSanitizer") != NULL)
		harness_skip("the workloads' program has a sanitizer here, whose malloc cannot be recorded");
	if (o.exit_code != 0)
		fail_msg("exit %d: %s", o.exit_code, buf_text(&o.err));
	t = load(dir);
	assert_int_equal(read_round(&t, resized_slot(&t), bytes), ROUND - 1);
	for (size_t i = 0; i < sizeof bytes / sizeof bytes[0]; i++) {
		if (bytes[i] == 0)
			continue;
		assert_int_equal(bytes[i], last + 1);
		last = bytes[i];
	}
	trace_deinit(&t);
	outcome_deinit(&o);
	free(path);
}
