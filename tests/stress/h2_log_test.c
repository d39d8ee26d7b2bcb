// --log-file: a line for each request.
#include "h2_support.h"
#include "harness.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct line {
	uint64_t start_us, us;
	int status;
	char name[32], wrong[32];
};

// The lines of the file: how many there were, at most `most`.
static size_t read_lines(struct line *lines, size_t most)
{
	char path[512], text[256];
	size_t n = 0;
	snprintf(path, sizeof path, "%s/log", harness_tmpdir());
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(text, sizeof text, f) != NULL && n < most) {
		struct line *l = &lines[n++];
		if (sscanf(text, "%" SCNu64 "\t%d\t%" SCNu64 "\t%31[^\t]\t%31[^\n]\n", &l->start_us, &l->status,
		           &l->us, l->name, l->wrong) != 5)
			fail_msg("line %zu: %s", n, text);
	}
	fclose(f);
	return n;
}

static void load(struct h2_output *o, unsigned port, const char *args)
{
	char filled[512];
	snprintf(filled, sizeof filled, args, port, port);
	h2_sh(o, "cd '%s' && rm -rf run log && " SG_BUILD_DIR "/bin/stressgen h2 %s --log-file log -o run",
	      harness_tmpdir(), filled);
}

#define LINES 20000U
static struct line lines[LINES];

CASE("h2 log: each request of a load has its line, with its time from when it was due")
{
	struct h2_process p;
	struct h2_output o;
	const uint64_t before = (uint64_t)time(NULL);

	h2_server(&p, "");
	load(&o, p.port, "http://127.0.0.1:%u/delay/20ms --rate 100 -D 500ms -m 100");
	if (o.code != 0)
		fail_msg("%d %s%s", o.code, o.out, o.err);
	h2_output_deinit(&o);
	assert_int_equal(read_lines(lines, LINES), 50);
	for (size_t i = 0; i < 50; i++) {
		assert_int_equal(lines[i].status, 200);
		assert_string_equal(lines[i].name, "r1");
		assert_string_equal(lines[i].wrong, "-");
		assert_in_range(lines[i].us, 19000, 60000000);
		assert_in_range(lines[i].start_us / 1000000, before, before + 600);
	}
	uint64_t first = UINT64_MAX, last = 0;
	for (size_t i = 0; i < 50; i++) {
		first = lines[i].start_us < first ? lines[i].start_us : first;
		last = lines[i].start_us > last ? lines[i].start_us : last;
	}
	assert_in_range(last - first, 489990, 490010); // 49 times 10 ms, however late each was sent
	h2_server_stop(&p, (char[16384]){ 0 }, 16384);
}

CASE("h2 log: wrong answers and those that never came are told as such, in threads too, and the warm-up's are not")
{
	struct h2_process p;
	struct h2_output o;
	size_t n, right = 0, status = 0, late = 0;

	h2_server(&p, "");
	load(&o, p.port,
	     "http://127.0.0.1:%u/ http://127.0.0.1:%u/status/404 -n 12000 -c 4 -m 5 -t 2 --expect-status 200");
	h2_output_deinit(&o);
	n = read_lines(lines, LINES);
	assert_int_equal(n, 12000);
	for (size_t i = 0; i < n; i++) {
		right += lines[i].status == 200 && strcmp(lines[i].wrong, "-") == 0 && lines[i].name[1] == '1';
		status +=
		        lines[i].status == 404 && strcmp(lines[i].wrong, "status") == 0 && lines[i].name[1] == '2';
	}
	assert_int_equal(right, 6000);
	assert_int_equal(status, 6000);
	load(&o, p.port, "http://127.0.0.1:%u/delay/30s -n 3 -m 3 --request-timeout 50ms");
	h2_output_deinit(&o);
	n = read_lines(lines, LINES);
	for (size_t i = 0; i < n; i++)
		late += lines[i].status == -1 && strcmp(lines[i].wrong, "timeout") == 0 && lines[i].us >= 50000;
	assert_int_equal(late, 3);
	load(&o, p.port, "http://127.0.0.1:%u/delay/5ms -D 200ms --warm-up 200ms");
	h2_output_deinit(&o);
	n = read_lines(lines, LINES);
	assert_true(n > 0);
	assert_int_equal(n, (size_t)(run_gauge("requests") - run_gauge("warm_up_requests")));
	h2_server_stop(&p, (char[16384]){ 0 }, 16384);
}

CASE("h2 log: a file that cannot be written is told, at once or when it is full")
{
	struct h2_process p;
	struct h2_output o;

	h2_server(&p, "");
	h2_sh(&o, "cd '%s' && " SG_BUILD_DIR "/bin/stressgen h2 http://127.0.0.1:%u/ --log-file no/log -o run",
	      harness_tmpdir(), p.port);
	if (o.code != 2 || !strstr(o.err, "--log-file no/log: ") || !strstr(o.err, "No such file or directory"))
		fail_msg("%d %s%s", o.code, o.out, o.err);
	h2_output_deinit(&o);
	h2_sh(&o,
	      "cd '%s' && " SG_BUILD_DIR "/bin/stressgen h2 http://127.0.0.1:%u/ -n 9 --log-file /dev/full -o run",
	      harness_tmpdir(), p.port);
	h2_server_stop(&p, (char[16384]){ 0 }, 16384);
	if (o.code != 1 ||
	    !strstr(o.out, "not all requests could be written to /dev/full: No space left on device"))
		fail_msg("%d %s%s", o.code, o.out, o.err);
	h2_output_deinit(&o);
}
