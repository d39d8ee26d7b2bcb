// From @Run, run bit or extension to a program and its arguments.
#include "command.h"
#include "lab.h"

#include "io.h"

#include <errno.h>

#include <sys/stat.h>
#include <unistd.h>

static const char *resolve(__attribute__((unused)) void *arg, const char *name)
{
	return strcmp(name, "lua") == 0 ? "/bin/echo" : NULL;
}

// The words of a command line, joined by '|', or the error's text.
static const char *words_of(const char *run)
{
	static char text[1024];
	struct param params[] = { { (char[]){ "depth" }, (char[]){ "two words" } } };
	struct command_context ctx = { .suite_dir = "/suite", .resolve = resolve };
	struct suite_test t = { .path = (char[]){ "sub/a.t" }, .id = (char[]){ "a" } };
	struct command c = { 0 };
	struct err e = { "" };

	t.meta.run = strdup(run);
	t.meta.params = params;
	t.meta.param_count = 1;
	text[0] = '\0';
	if (command_resolve(&ctx, &t, &c, &e) < 0)
		strcpy(text, e.text);
	else
		for (size_t i = 0; i < c.argc; i++)
			sprintf(text + strlen(text), "%s%s", i > 0 ? "|" : "", c.argv[i]);
	command_deinit(&c);
	free(t.meta.run);
	return text;
}

CASE("command: words are split at blanks and quotes hold them together")
{
	assert_string_equal(words_of("sh a  b\tc"), "sh|a|b|c");
	assert_string_equal(words_of("sh 'a b' \"c d\"e '' x\\ y"), "sh|a b|c de||x y");
	assert_string_equal(words_of("sh 'a\\b' \"a\\b\" \"a\\\"b\" a\\\\b"), "sh|a\\b|a\\b|a\"b|a\\b");
	assert_string_equal(words_of("sh -c 'a; b | c > d'"), "sh|-c|a; b | c > d");
}

CASE("command: placeholders are replaced and never split")
{
	assert_string_equal(words_of("sh {file} {dir} {param:depth}"), "sh|/suite/sub/a.t|/suite/sub|two words");
	assert_string_equal(words_of("sh x{param:depth}y '{param:depth}'"), "sh|xtwo wordsy|two words");
	assert_string_equal(words_of("{stressgen:lua} {file}"), "/bin/echo|/suite/sub/a.t");
}

CASE("command: braces that are no placeholder stay as they are")
{
	assert_string_equal(words_of("awk '{print $1}' {} {x {other}"), "awk|{print $1}|{}|{x|{other}");
}

CASE("command: what cannot be read or found is said")
{
	assert_string_equal(words_of("sh 'open"), "sub/a.t: @Run has a ' without its other half");
	assert_string_equal(words_of("   "), "sub/a.t: @Run is empty");
	assert_string_equal(words_of("sh {param:width}"),
	                    "sub/a.t: @Run uses {param:width}, but there is no such @Param");
	assert_string_equal(words_of("{stressgen:nothing}"), "program not found: {stressgen:nothing}");
	assert_string_equal(words_of("no-such-program-here x"), "program not found: no-such-program-here");
	assert_string_equal(words_of("/etc/passwd"), "program not found: /etc/passwd");
	assert_string_equal(words_of("env no-such-program-here x"), "program not found: no-such-program-here");
	assert_string_equal(words_of("/usr/bin/env A=1 B=/c nowhere -x"), "program not found: nowhere");
	assert_string_equal(words_of("env A=1 PATH=/elsewhere nowhere"), "env|A=1|PATH=/elsewhere|nowhere");
	assert_string_equal(words_of("env -i nowhere"), "env|-i|nowhere");
	assert_string_equal(words_of("env A=1 sh -c true"), "env|A=1|sh|-c|true");
}

CASE("command: parameters of the command line are before the test's own")
{
	struct param own = { (char[]){ "n" }, (char[]){ "1" } };
	struct param given = { (char[]){ "n" }, (char[]){ "2" } };
	struct command_context ctx = { .suite_dir = "/suite", .params = &given, .param_count = 1 };
	struct suite_test t = { .path = (char[]){ "a" }, .id = (char[]){ "a" } };
	struct command c = { 0 };

	t.meta.run = (char[]){ "sh {param:n}" };
	t.meta.params = &own;
	t.meta.param_count = 1;
	assert_int_equal(command_resolve(&ctx, &t, &c, NULL), 0);
	assert_string_equal(c.argv[1], "2");
	assert_false(c.own_program);
	command_deinit(&c);
}

// How a file named `name` with this text and mode would be executed.
static int resolve_file(const char *name, const char *text, unsigned mode, struct command *c, struct err *e)
{
	struct command_context ctx = { .suite_dir = harness_tmpdir(), .resolve = resolve };
	struct suite_test t = { .id = (char[]){ "a" } };
	char *path = io_join(harness_tmpdir(), name);
	int rc;

	assert_int_equal(io_replace_file(path, text, strlen(text), NULL), 0);
	chmod(path, mode);
	t.path = strdup(name);
	rc = command_resolve(&ctx, &t, c, e);
	free(t.path);
	free(path);
	return rc;
}

CASE("command: an executable file is its own command, by sh when it has no #! line")
{
	struct command c = { 0 };

	assert_int_equal(resolve_file("a.py", "#!/bin/true\n", 0755, &c, NULL), 0);
	assert_int_equal(c.argc, 1);
	assert_non_null(strstr(c.argv[0], "/a.py"));
	assert_true(c.direct && !c.unseen);
	command_deinit(&c);
	assert_int_equal(resolve_file("plain", "echo hello\n", 0755, &c, NULL), 0);
	assert_int_equal(c.argc, 2);
	assert_string_equal(c.argv[0], "sh");
	assert_false(c.direct);
	command_deinit(&c);
}

CASE("command: what ran by itself before is not looked at again, unless something stands in front of it")
{
	struct command_context ctx = { .suite_dir = "/suite", .direct = true };
	struct suite_test t = { .path = (char[]){ "gone" }, .id = (char[]){ "gone" } };
	struct command c = { 0 };
	struct err e = { "" };

	assert_int_equal(command_resolve(&ctx, &t, &c, NULL), 0);
	assert_true(c.direct && c.unseen);
	assert_string_equal(c.program, "/suite/gone");
	assert_int_equal(c.argc, 1);
	assert_string_equal(c.argv[0], "/suite/gone");
	command_deinit(&c);
	ctx.wrap = "env";
	assert_int_equal(command_resolve(&ctx, &t, &c, &e), -ENOENT);
	assert_string_equal(e.text, "gone: the test's file is not there");
	command_deinit(&c);
}

CASE("command: without run bit the extension decides, and an unknown one is an error")
{
	struct command c = { 0 };
	struct err e = { "" };

	assert_int_equal(resolve_file("a.lua", "x", 0644, &c, NULL), 0);
	assert_string_equal(c.argv[0], "/bin/echo");
	assert_true(c.own_program);
	command_deinit(&c);
	assert_int_equal(resolve_file("a.SH", "x", 0644, &c, NULL), 0);
	assert_string_equal(c.argv[0], "sh");
	command_deinit(&c);
	assert_int_equal(resolve_file("a.xyz", "x", 0644, &c, &e), -EINVAL);
	assert_string_equal(
	        e.text,
	        "a.xyz: cannot be executed and its extension is not known; make it executable or give @Run");
	command_deinit(&c);
}

CASE("command: PATH is searched, and a name with a slash is not")
{
	char *sh = command_find("sh");

	assert_non_null(sh);
	assert_int_equal(access(sh, X_OK), 0);
	free(sh);
	assert_null(command_find("./sh-that-is-not-here"));
	assert_null(command_find(""));
	assert_null(command_find("/"));
}
