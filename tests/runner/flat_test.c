// What a long run costs the runner.
#include "lab.h"

#include "proc.h"

#include <unistd.h>

// By WARM every buffer has its size; a page a test would be forty megabytes. AddressSanitizer keeps what was
// freed, ThreadSanitizer what threads have done.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(__has_feature)
#define TESTS 1500
#define GROWTH (UINT64_C(1) << 30)
#else
#define TESTS 10000
#define GROWTH (512 * 1024)
#endif
#define WARM 1000

struct growth {
	uint64_t warm, last;
	size_t stack_low;
};

static uint64_t own_rss(void)
{
	struct proc_stat st;

	assert_int_equal(proc_stat(getpid(), &st), 0);
	return st.rss_bytes;
}

static void on_ended(void *arg, size_t position, __attribute__((unused)) size_t total,
                     __attribute__((unused)) const struct suite_test *t, const struct result *r)
{
	struct growth *g = arg;
	const char here = 0;

	assert_int_equal(r->verdict, VERDICT_PASSED);
	if (position == WARM) {
		g->warm = own_rss();
		g->stack_low = (size_t)&here;
	}
	if (position > WARM)
		assert_true(g->stack_low - (size_t)&here < 4096 || (size_t)&here - g->stack_low < 4096);
	g->last = own_rss();
}

CASE("flat: neither memory nor stack grow over ten thousand tests")
{
	struct growth g = { 0 };
	struct lab l;

	lab_init(&l);
	for (int i = 0; i < TESTS; i++) {
		char path[400];

		snprintf(path, sizeof path, "%s/%05d", l.suite_dir, i);
		assert_int_equal(symlink("/bin/true", path), 0);
	}
	l.config.hooks.ended = on_ended;
	l.config.hooks.arg = &g;
	lab_run(&l);
	assert_int_equal(l.rc, 0);
	assert_int_equal(l.summary.ran, TESTS);
	print_message("resident after %d tests %zu KiB, after %d %zu KiB\n", WARM, (size_t)(g.warm >> 10), TESTS,
	              (size_t)(g.last >> 10));
	assert_true(g.last < g.warm + GROWTH);
	lab_deinit(&l);
}
