// How large the page of 2000 tests is, how long it takes to write, and how long headless Chromium takes to load
// and lay it out, beside an empty page: page_bench [--quick]. Opening is the median of rounds that take turns.
#include "clock.h"
#include "io.h"
#include "reports.h"
#include "rng.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define POINTS 12U
#define MOST_ROUNDS 7U

static void check(int rc, const struct err *e)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "page_bench: %s\n", e->text);
	exit(1);
}

static void add_points(struct result *r, struct rng *rng)
{
	r->points = calloc(POINTS, sizeof *r->points);
	if (r->points == NULL)
		abort();
	r->point_count = POINTS;
	for (unsigned i = 0; i < POINTS; i++)
		r->points[i] = (struct result_point){
			100 * i, (uint32_t)rng_below(rng, 190), (4U << 20) + rng_below(rng, 1U << 20), 12, 2, 2
		};
}

static void add_pool(struct result *r, uint64_t high_water)
{
	r->pools = calloc(1, sizeof *r->pools);
	if (r->pools == NULL)
		abort();
	r->pool_count = 1;
	r->pools[0] = (struct result_pool){ .name = strdup("lua slab-fixed"),
		                            .role = strdup("pool"),
		                            .unit_bytes = 16,
		                            .capacity = 100000,
		                            .high_water = high_water };
}

// One in forty crashes; each has latencies, a slab and a timeline, as real ones do.
static void add_test(struct journal *j, size_t i, struct rng *rng)
{
	static const char *const targets[] = { "lua@slab-fixed", "lua@jemalloc", "lua@malloc", "python3" };
	struct result r = { .attempt = 1, .as_expected = i % 40 != 7, .wall_ns = 40000000, .user_ns = 30000000 };
	struct hist *h;
	json_t *record;
	char id[96];

	snprintf(id, sizeof id, "recursion/program-%zu.%s", i / 4, targets[i % 4]);
	r.id = strdup(id);
	r.verdict = r.as_expected ? VERDICT_PASSED : VERDICT_CRASHED;
	r.evidence =
	        strdup(r.as_expected ? "exit status 0, 1 good check" : "killed by SIGSEGV (segmentation fault)");
	r.peak_rss_bytes = (4U << 20) + rng_below(rng, 1U << 20);
	h = result_hist(&r, "total");
	for (unsigned k = 0; h != NULL && k < 20; k++)
		hist_record(h, 1000 + 40 * i + rng_below(rng, 500 + 10 * i));
	add_pool(&r, rng_below(rng, 100000));
	add_points(&r, rng);
	record = result_to_json(&r);
	if (record == NULL || journal_append(j, "end", record, false) < 0)
		abort();
	json_decref(record);
	result_deinit(&r);
}

static void make_run(const char *dir, size_t tests, struct run *r)
{
	struct journal *j;
	struct rng rng;
	struct err e = { 0 };
	char *path = io_join(dir, "journal.jsonl");
	json_t *record = json_pack("{s:i, s:I}", "format", SG_RUN_VERSION, "tests", (json_int_t)tests);

	rng_init(&rng, 1);
	check(journal_create(path, &j, &e), &e);
	if (journal_append(j, "header", record, false) < 0)
		abort();
	json_decref(record);
	for (size_t i = 0; i < tests; i++)
		add_test(j, i, &rng);
	record = json_pack("{s:s}", "reason", "finished");
	if (journal_append(j, "stop", record, false) < 0 || journal_close(j) < 0)
		abort();
	json_decref(record);
	free(path);
	check(run_load(dir, r, &e), &e);
}

static void write_text(const char *dir, const char *name, const char *text)
{
	struct err e = { 0 };
	char *path = io_join(dir, name);

	check(io_replace_file(path, text, strlen(text), &e), &e);
	free(path);
}

// A page that loads another in a frame, lays it out and says after how many ms that was done.
static void write_opener(const char *dir, const char *opener, const char *page)
{
	char text[800];

	snprintf(text, sizeof text,
	         "<!doctype html><body><pre id=\"ms\"></pre><script>const t = performance.now();"
	         "const f = document.createElement('iframe'); f.width = 1200; f.height = 900;"
	         "f.onload = () => { f.contentDocument.documentElement.getBoundingClientRect();"
	         "document.getElementById('ms').textContent = 'ms=' + (performance.now() - t) + ';'; };"
	         "f.src = '%s'; document.body.append(f);</script>",
	         page);
	write_text(dir, opener, text);
}

// ms; NaN where Chromium did not say.
static double open_in_chromium(const char *dir, const char *opener)
{
	char command[1000], line[4096];
	double ms = (double)NAN;
	FILE *out;

	snprintf(command, sizeof command,
	         "cd '%s' && HOME='%s' timeout 90 chromium --headless --no-sandbox --disable-gpu --no-first-run "
	         "--disable-dev-shm-usage --allow-file-access-from-files --user-data-dir='%s/profile' --dump-dom "
	         "'file://%s/%s' 2>/dev/null",
	         dir, dir, dir, dir, opener);
	out = popen(command, "r");
	while (out != NULL && fgets(line, sizeof line, out) != NULL) {
		const char *at = strstr(line, "ms=");

		if (at != NULL && strchr("0123456789", at[3]) != NULL)
			ms = strtod(at + 3, NULL);
	}
	if (out != NULL)
		pclose(out);
	return ms;
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof values[0], by_value);
	return values[count / 2];
}

static void time_opening(const char *dir, unsigned rounds)
{
	double page[MOST_ROUNDS], empty[MOST_ROUNDS];

	if (system("command -v chromium >/dev/null 2>&1") != 0) {
		puts("opening: chromium is not installed, not measured");
		return;
	}
	write_text(dir, "empty.html", "<!doctype html><title>empty</title><p>empty");
	write_opener(dir, "open-page.html", "report.html");
	write_opener(dir, "open-empty.html", "empty.html");
	for (unsigned i = 0; i < rounds; i++) {
		page[i] = open_in_chromium(dir, "open-page.html");
		empty[i] = open_in_chromium(dir, "open-empty.html");
	}
	printf("loaded and laid out in headless Chromium: %.0f ms (an empty page: %.0f ms); goal: under 2000 ms\n",
	       median(page, rounds), median(empty, rounds));
}

int main(int argc, char **argv)
{
	bool quick = argc > 1 && strcmp(argv[1], "--quick") == 0;
	char dir[] = "/tmp/page-bench-XXXXXX";
	const size_t tests = quick ? 50 : 2000;
	struct run r = { 0 };
	struct err e = { 0 };
	struct stat st;
	uint64_t began;
	char *path;

	if (mkdtemp(dir) == NULL)
		return 1;
	make_run(dir, tests, &r);
	path = io_join(dir, "report.html");
	began = clock_now_ns();
	check(report_html(&r, path, &e), &e);
	if (stat(path, &st) < 0)
		return 1;
	printf("%zu tests: %.2f MB, written in %.0f ms; goal for 2000: under 10 MB\n", tests,
	       (double)st.st_size / 1e6, (double)(clock_now_ns() - began) / 1e6);
	time_opening(dir, quick ? 1 : MOST_ROUNDS);
	free(path);
	run_deinit(&r);
	io_remove_tree(dir);
	return 0;
}
