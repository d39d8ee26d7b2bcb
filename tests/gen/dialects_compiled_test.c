// OCaml, Erlang, C and PicoLisp: that the whole catalogue gives its results in each runtime that is here. valk,
// which is nowhere here: that its programs keep its rules.
#include "harness.h"
#include "support.h"

#include "buf.h"
#include "io.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The suite of these kernels for one target of a dialect; its directory, to be freed.
static char *write_suite(const char *dialect, const char *target, char *const *kernels, size_t count)
{
	struct dialect *d = support_dialect(dialect);
	struct gen_target t = { .dialect = d, .name = target };
	static unsigned number;
	struct buf name = { 0 };
	buf_addf(&name, "%s-%u", target, ++number);
	char *dir = io_join(harness_tmpdir(), buf_text(&name));
	struct gen_config c = { .kernels = (const char *const *)kernels,
		                .kernel_count = count,
		                .targets = &t,
		                .target_count = 1,
		                .out_dir = dir,
		                .seed = 42,
		                .depth = 2000,
		                .generator = "stressgen test" };
	struct err e = { 0 };

	buf_deinit(&name);
	gen_suite(&c, &e);
	assert_string_equal(e.text, "");
	dialect_free(d);
	return dir;
}

// `text` with each `from` as `to`; to be freed.
static char *replace(const char *text, const char *from, const char *to)
{
	struct buf out = { 0 };
	const char *found;

	while ((found = strstr(text, from)) != NULL) {
		buf_add(&out, text, (size_t)(found - text));
		buf_adds(&out, to);
		text = found + strlen(from);
	}
	buf_adds(&out, text);
	buf_addc(&out, 0);
	return buf_take(&out);
}

// What a test's @Run says, by a shell, where a C compiler's warnings are errors; all that it prints.
static char *run_program(const struct suite *s, const struct suite_test *t, int *status)
{
	char *path = suite_test_path(s, t), *run = replace(t->meta.run, "{file}", path), *command, *out;
	struct buf b = { 0 };

	command = replace(run, "gcc ", "gcc -Wall -Wextra -Werror -Wno-div-by-zero ");
	buf_addf(&b, "%s 2>&1", command);
	out = support_shell(buf_text(&b), status);
	buf_deinit(&b);
	free(command);
	free(run);
	free(path);
	return out;
}

static void check_test(const struct suite *s, const struct suite_test *t)
{
	int status;
	char *out = run_program(s, t, &status);

	if (status != 0 || strstr(out, "\n@@ check result ok ") == NULL || strstr(out, "@@ done\n") == NULL ||
	    strstr(out, "arning") != NULL)
		fail_msg("%s: exit status %d\n%s", t->id, status, out);
	assert_true(strncmp(out, "@@ lat ", 7) == 0);
	free(out);
}

static bool is_here(const char *program)
{
	char command[128];

	snprintf(command, sizeof command, "command -v %s > /dev/null", program);
	return system(command) == 0;
}

static void check_kernels(const char *dialect, const char *target, char **kernels, size_t count, size_t least)
{
	char *dir = write_suite(dialect, target, kernels, count);
	struct suite s = { 0 };
	struct err e = { 0 };
	size_t ran = 0;

	assert_int_equal(suite_load(dir, &s, &e), 0);
	for (size_t i = 0; i < s.count; i++)
		if (!s.tests[i].meta.slow) {
			check_test(&s, &s.tests[i]);
			ran++;
		}
	assert_true(ran >= least);
	suite_deinit(&s);
	free(dir);
}

// Every kernel of the catalogue, in all instances that are not slow; at least so many.
static void check_catalogue(const char *dialect, const char *target, const char *program, size_t least)
{
	size_t count;
	char **kernels;

	if (!is_here(program))
		harness_skip("the runtime is not on this machine");
	kernels = support_kernels(&count);
	check_kernels(dialect, target, kernels, count, least);
	support_free_paths(kernels, count);
}

// Division of negative numbers, escapes in strings, closures over loop variables, boxes, maps, exceptions: the
// kernels beside these tests.
static void check_constructs(const char *dialect, const char *target, const char *program, size_t least)
{
	static char *kernels[] = { SG_SOURCE_DIR "/tests/gen/kernels/everything.kernel",
		                   SG_SOURCE_DIR "/tests/gen/kernels/maps.kernel",
		                   SG_SOURCE_DIR "/tests/gen/kernels/exceptions.kernel",
		                   SG_SOURCE_DIR "/tests/gen/kernels/pure.kernel",
		                   SG_SOURCE_DIR "/tests/gen/kernels/text.kernel" };

	if (!is_here(program))
		harness_skip("the runtime is not on this machine");
	check_kernels(dialect, target, kernels, sizeof kernels / sizeof kernels[0], least);
}

CASE("dialects: ocamlopt gives the results of the catalogue")
{
	check_catalogue("ocaml", "ocamlopt", "ocamlopt", 46);
}

CASE("dialects: ocamlopt and ocamlc give the results of every construct")
{
	check_constructs("ocaml", "ocamlopt", "ocamlopt", 5);
	check_constructs("ocaml", "ocamlc", "ocamlc", 5);
}

CASE("dialects: C with libgc gives the results of the catalogue when it is optimised, without a warning")
{
	check_catalogue("c-libgc", "c-gc-O2", "gcc", 43);
}

CASE("dialects: C with libgc gives the results of every construct, optimised or not")
{
	check_constructs("c-libgc", "c-gc-O2", "gcc", 5);
	check_constructs("c-libgc", "c-gc-O0", "gcc", 5);
}

CASE("dialects: Erlang gives the results of the catalogue and of what needs no mutation")
{
	check_catalogue("erlang", "erlang", "erl", 35);
	check_constructs("erlang", "erlang", "erl", 2);
}

CASE("dialects: PicoLisp gives the results of the catalogue and of what needs no arrays and tables")
{
	check_catalogue("picolisp", "picolisp", "pil", 33);
	check_constructs("picolisp", "picolisp", "pil", 2);
}

// --- valk ------------------------------------------------------------------------------------------------------

// Words of one age only, or that break something.
static const char *const not_in_valk[] = { "let",    "head",   "reverse",        "nil?",
	                                   "repeat", "time",   "mem/gc/collect", "mem/heap/usage",
	                                   "letrec", "lambda", "define",         "cond" };

// `keys`: of a server, whose answers are a list of them.
static void check_symbol(const char *id, const char *word, size_t len, bool keys)
{
	if (keys && *word == ':') {
		word++;
		len--;
	}
	for (size_t i = 0; i < sizeof not_in_valk / sizeof not_in_valk[0]; i++)
		if (strlen(not_in_valk[i]) == len && strncmp(not_in_valk[i], word, len) == 0)
			fail_msg("%s: '%s' is not in both ages", id, not_in_valk[i]);
	for (size_t i = 0; i < len; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-*/=<>!&\\",
		           word[i]) == NULL)
			fail_msg("%s: '%.*s' is no symbol", id, (int)len, word);
}

// Brackets in pairs, no empty ones but the argument of time-us, symbols of its alphabet.
static void check_valk(const char *id, const char *text, bool keys)
{
	char open[256];
	size_t depth = 0;

	for (const char *p = text; *p != 0; p++) {
		if (*p == ';') {
			p += strcspn(p, "\n") - 1;
		} else if (*p == '"') {
			for (p++; *p != '"'; p++)
				p += *p == '\\';
		} else if (*p == '(' || *p == '{') {
			assert_true(depth < sizeof open);
			open[depth++] = *p;
			assert_true(*p != '(' || p[1] != ')');
		} else if (*p == ')' || *p == '}') {
			assert_true(depth > 0);
			assert_int_equal(open[--depth], *p == ')' ? '(' : '{');
		} else if (strchr(" \n", *p) == NULL) {
			size_t len = strcspn(p, " \n(){};\"");
			check_symbol(id, p, len, keys);
			p += len - 1;
		}
	}
	assert_int_equal(depth, 0);
}

CASE("dialects: valk's programs have its words and its alphabet only, and end with the sentinel")
{
	size_t count;
	char **kernels = support_kernels(&count), *dir = write_suite("valk", "valk", kernels, count);
	struct suite s = { 0 };
	struct err e = { 0 };

	assert_int_equal(suite_load(dir, &s, &e), 0);
	assert_true(s.count > 25);
	for (size_t i = 0; i < s.count; i++) {
		char *path = suite_test_path(&s, &s.tests[i]), *text = support_read(path);
		check_valk(s.tests[i].id, text, false);
		assert_string_equal(text + strlen(text) - strlen("    {(exit 1)})\n"), "    {(exit 1)})\n");
		assert_non_null(strstr(text, "(printf \"@@ done\\n\")"));
		free(text);
		free(path);
	}
	suite_deinit(&s);
	support_free_paths(kernels, count);
	free(dir);
}

CASE("dialects: valk's servers have its words and its alphabet only, say their port, and wait in the loop")
{
	static const char *const services[] = { "garbage", "open-loop", "reconnecting" };
	struct dialect *d = support_dialect("valk");

	for (size_t i = 0; i < sizeof services / sizeof services[0]; i++) {
		char from[400], file[400], *dir = io_join(harness_tmpdir(), services[i]);
		struct err e = { 0 };
		snprintf(from, sizeof from, SG_SOURCE_DIR "/gen/scenarios/serve/%s.serve", services[i]);
		assert_int_equal(support_services(dir, from, &d, 1, 42, NULL, &e), 0);
		snprintf(file, sizeof file, "%s/http2-serve/%s.valk.valk", dir, services[i]);
		char *text = support_read(file);
		check_valk(services[i], text, true);
		assert_non_null(strstr(
		        text, "(printf \"port %ld\\n\" (http2/server-port sg-server))\n(aio/run sg-aio)\n"));
		assert_null(strstr(text, "()"));
		free(text);
		free(dir);
	}
	dialect_free(d);
}
