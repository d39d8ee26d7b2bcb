// Servers that are written for HTTP/2 scenarios: their programs, the scenarios beside them, and what is wrong in a
// *.serve file.
#include "harness.h"
#include "support.h"

#include "io.h"
#include "suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERVICE(name) SG_SOURCE_DIR "/gen/scenarios/serve/" name ".serve"

static char *written(const char *dir, const char *file)
{
	char path[600];

	snprintf(path, sizeof path, "%s/http2-serve/%s", dir, file);
	return support_read(path);
}

// One service for one dialect, with seed 42; the text of one of its files.
static char *make(const char *dialect, const char *service, const char *param, const char *file)
{
	struct dialect *d = support_dialect(dialect);
	char *dir = io_join(harness_tmpdir(), "suite");
	struct err e = { 0 };

	support_services(dir, service, &d, 1, 42, param, &e);
	assert_string_equal(e.text, "");
	char *text = written(dir, file);
	dialect_free(d);
	free(dir);
	return text;
}

CASE("gen_serve: a server's program and its scenario are the golden ones")
{
	static const struct {
		const char *dialect, *service, *file, *golden;
	} rows[] = {
		{ "node", SERVICE("garbage"), "garbage.node.js", "serve-garbage-seed42.js" },
		{ "node", SERVICE("mixed"), "mixed.node.h2", "serve-mixed-seed42.node.h2" },
		{ "python", SERVICE("mixed"), "mixed.python3.py", "serve-mixed-seed42.py" },
		{ "valk", SERVICE("garbage"), "garbage.valk.valk", "serve-garbage-seed42.valk" },
		{ "valk", SERVICE("garbage"), "garbage.valk.h2", "serve-garbage-seed42.valk.h2" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char *text = make(rows[i].dialect, rows[i].service, NULL, rows[i].file);
		support_golden(rows[i].golden, text);
		free(text);
	}
}

CASE("gen_serve: a parameter reaches the program, the header and what is right")
{
	char *program = make("node", SERVICE("garbage"), "lists=7", "garbage.node.js");
	char *scenario = make("node", SERVICE("garbage"), "lists=7", "garbage.node.h2");

	assert_non_null(strstr(program, "\nconst lists = 7;\n"));
	assert_non_null(strstr(program, "; 700 is right.\n"));
	assert_non_null(strstr(scenario, "; @Param lists=7\n"));
	assert_non_null(strstr(scenario, "; @Param result=700\n"));
	free(program);
	free(scenario);
	scenario = make("node", SERVICE("events"), "events=4", "events.node.h2");
	assert_non_null(strstr(scenario, "; @Param result=350\n"));
	assert_non_null(strstr(scenario, "; @Param events-bytes=44\n")); // 4 times "data: 350", and two newlines
	free(scenario);
}

CASE("gen_serve: what is drawn comes from the seed, and the suite's bytes with it")
{
	struct dialect *d = support_dialect("node");
	const uint64_t seeds[] = { 7, 7, 8 };
	char *texts[3];
	struct err e = { 0 };

	for (size_t i = 0; i < 3; i++) {
		char *dir = io_join(harness_tmpdir(), "suite");
		assert_int_equal(support_services(dir, SERVICE("mixed"), &d, 1, seeds[i], NULL, &e), 0);
		texts[i] = written(dir, "mixed.node.js");
		free(dir);
	}
	assert_string_equal(texts[0], texts[1]);
	assert_string_not_equal(texts[0], texts[2]);
	for (size_t i = 0; i < 3; i++)
		free(texts[i]);
	dialect_free(d);
}

CASE("gen_serve: a language that cannot serve is passed over, and one that lacks a route is said to")
{
	struct dialect *dialects[] = { support_dialect("valk"), support_dialect("lua"), support_dialect("node") };
	char *dir = io_join(harness_tmpdir(), "suite");
	struct suite s = { 0 };
	struct err e = { 0 };

	assert_int_equal(support_services(dir, SERVICE("timers"), dialects, 3, 42, NULL, &e), 0);
	assert_int_equal(suite_load(dir, &s, &e), 0);
	assert_int_equal(s.count, 1);
	assert_string_equal(s.tests[0].id, "http2-serve/timers.node");
	assert_string_equal(s.tests[0].kernel, "http2-serve/timers");
	assert_string_equal(s.tests[0].target, "node");
	assert_true(s.tests[0].meta.serial);
	assert_int_equal(s.tests[0].meta.kind, KIND_HTTP2);
	assert_true(s.tests[0].pattern_count > 0);
	assert_int_equal(s.left_out_count, 1);
	assert_string_equal(s.left_out[0].kernel, "http2-serve/timers");
	assert_string_equal(s.left_out[0].dialect, "valk");
	assert_string_equal(s.left_out[0].reason, "its servers have no timer");
	suite_deinit(&s);
	for (size_t i = 0; i < 3; i++)
		dialect_free(dialects[i]);
	free(dir);
}

static void refuse(const char *text, const char *param, const char *message)
{
	struct dialect *d = support_dialect("node");
	char *dir = io_join(harness_tmpdir(), "refused"), *path = io_join(harness_tmpdir(), "x.serve");
	struct err e = { 0 };

	assert_int_equal(io_replace_file(path, text, strlen(text), &e), 0);
	if (support_services(dir, path, &d, 1, 42, param, &e) != -EINVAL || strstr(e.text, message) == NULL)
		fail_msg("%s: \"%s\", expected \"%s\"", text, e.text, message);
	dialect_free(d);
	free(path);
	free(dir);
}

CASE("gen_serve: what is wrong in a file is said with its line and column")
{
	refuse("(scenario http2-serve/x\n (request r))", NULL,
	       "x.serve:1:1: (serve KERNEL ROUTE ...) was expected");
	refuse("(scenario http2-serve/x\n (serve))", NULL, "x.serve:2:2: (serve KERNEL ROUTE ...) was expected");
	refuse("(scenario http2-serve/x\n (serve \"gc\"))", NULL, "x.serve:2:9:");
	refuse("(scenario http2-serve/x\n (serve gc/nothing))", NULL,
	       "x.serve:2:9: the kernel cannot be served: ");
	refuse("(scenario http2/x\n (serve gc/fifo))", NULL,
	       "x.serve:1:11: a name like http2-serve/word was expected");
	refuse("(kernel x)", NULL, "one (scenario NAME ...) was expected");
	refuse("(scenario http2-serve/x (param window 0)\n (serve gc/fifo))", NULL,
	       "x.serve:2:2: parameter window of gc/fifo is from 1 to 1000000, not '0'");
	refuse("(scenario http2-serve/x (param window 5)\n (serve gc/fifo))", "window=many",
	       "x.serve:2:2: parameter window of gc/fifo is from 1 to 1000000, not 'many'");
	refuse("; @Test http2-serve/x.{target}\n; @Run {stressgen:h2} run {server} {file}\n"
	       "(scenario http2-serve/x (param window 5)\n (serve gc/fifo))",
	       "windw=3", "no scenario of this suite has a parameter for 'windw=3'");
	refuse("; @Test http2-serve/x.{target}\n(scenario http2-serve/x (param window 5)\n (serve gc/fifo))", NULL,
	       "a scenario with parameters has an @Run in its header");
}
