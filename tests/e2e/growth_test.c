// --sizes and --strict-growth: kernels whose growth is known, on the embedded Lua.
#include "e2e.h"

#include "harness.h"

#include <stdio.h>
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
	           "--no-workloads", "--strict-growth", "-o", quadratic ? "fast" : "right");
}

CASE("growth: a kernel that is quadratic and says n is named, and --strict-growth is exit 1")
{
	struct outcome o = run(harness_tmpdir(), true);

	if (o.exit_code != 1)
		fail_msg("exit %d: %s%s", o.exit_code, buf_text(&o.out), buf_text(&o.err));
	assert_contains(buf_text(&o.out), "! growth walk on lua@malloc grows like n^");
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
