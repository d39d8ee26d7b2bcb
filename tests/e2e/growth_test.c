// --sizes and --strict-growth: kernels whose growth is known, on the embedded Lua.
#include "e2e.h"

#include "harness.h"
#include "io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Adds n times 1 to n, n times over where it is quadratic, and calls that "n".
static void write_kernel(const char *dir, bool quadratic)
{
	char text[1024];

	snprintf(
	        text, sizeof text,
	        "(kernel gc/walk (summary \"s\") (param n 1600 (range 1 100000)) (growth \"n\")\n"
	        "  (define (walk k) (loop ((i 0) (s 0)) (while (< i k)) (next (+ i 1) (remainder (+ s i) 1000003)) s))\n"
	        "  (measure total (repeat 10) %s))\n",
	        quadratic
	                ? "(loop ((j 0) (s 0)) (while (< j n)) (next (+ j 1) (remainder (+ s (walk n)) 1000003)) s)"
	                : "(walk (* n 100))");
	e2e_write(dir, "walk.kernel", text, false);
}

static struct outcome run(const char *dir, bool quadratic)
{
	write_kernel(dir, quadratic);
	return E2E(dir, "--kernel", "walk.kernel", "--target", "lua@malloc", "--sizes", "5", "--no-http2",
	           "--no-workloads", "--strict-growth", "--refine", "0", "-o", quadratic ? "fast" : "right");
}

CASE("growth: a kernel that is quadratic and says n is named, and --strict-growth is exit 1")
{
	struct outcome o = run(harness_tmpdir(), true);

	if (o.exit_code != 1)
		fail_msg("exit %d: %s%s", o.exit_code, buf_text(&o.out), buf_text(&o.err));
	assert_contains(buf_text(&o.out), "! growth walk on lua@malloc: time grows like n^");
	assert_contains(buf_text(&o.out), "5 passed, 0 failed");
	outcome_deinit(&o);
}

CASE("growth: a kernel that grows as it says is nothing to mention")
{
	struct outcome o = run(harness_tmpdir(), false);

	if (o.exit_code != 0)
		fail_msg("exit %d: %s%s", o.exit_code, buf_text(&o.out), buf_text(&o.err));
	assert_null(strstr(buf_text(&o.out), "! growth"));
	outcome_deinit(&o);
}

// Lists of n elements up to 2000, then none longer: memory and time bend there.
CASE("growth: sizes are added where a curve bends, and are measured in the same run")
{
	const char *dir = harness_tmpdir();
	struct outcome o;
	json_t *report;
	char *path;

	e2e_write(
	        dir, "bent.kernel",
	        "(kernel gc/bent (summary \"s\") (param n 40000 (range 1 100000)) (growth \"n\" (memory \"n\"))\n"
	        "  (instance (n 100)) (instance (n 40000))\n"
	        "  (define (walk k) (loop ((i 0) (s 0)) (while (< i k)) (next (+ i 1) (remainder (+ s i) 1000003)) s))\n"
	        "  (measure total (repeat 10) (walk (if (< n 1100) (* n 200) 220000))))\n",
	        false);
	o = E2E(dir, "--kernel", "bent.kernel", "--target", "lua@malloc", "--sizes", "6", "-o", "bent");
	if (o.exit_code != 0)
		fail_msg("exit %d: %s%s", o.exit_code, buf_text(&o.out), buf_text(&o.err));
	assert_contains(buf_text(&o.err), "where curves bend");
	outcome_deinit(&o);
	path = io_join(dir, "bent");
	report = e2e_report(path);
	assert_true(json_array_size(json_object_get(report, "tests")) > 6);
	json_decref(report);
	free(path);
}

CASE("growth: memory that grows faster than the kernel says is named too")
{
	const char *dir = harness_tmpdir();
	struct outcome o;

	e2e_write(
	        dir, "hoard.kernel",
	        "(kernel gc/hoard (summary \"s\") (param n 800 (range 1 100000)) (growth \"n^2\" (memory \"1\"))\n"
	        "  (instance (n 50)) (instance (n 800))\n"
	        "  (define (hoard k) (loop ((i 0) (l nil)) (while (< i k)) (next (+ i 1) (cons i l)) (length l)))\n"
	        "  (define (length l) (loop ((n 0) (at l)) (while (not (null? at))) (next (+ n 1) (cdr at)) n))\n"
	        "  (measure total (repeat 10) (hoard (* n n))))\n",
	        false);
	o = E2E(dir, "--kernel", "hoard.kernel", "--target", "lua@malloc", "--sizes", "6", "--refine", "0",
	        "--strict-growth", "-o", "hoard");
	assert_int_equal(o.exit_code, 1);
	assert_contains(buf_text(&o.out), "! growth hoard on lua@malloc: memory grows like n^");
	assert_null(strstr(buf_text(&o.out), "lua@malloc: time grows"));
	outcome_deinit(&o);
}
