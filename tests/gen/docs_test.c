// docs/kernels.md and docs/dialects.md say what the code does: every word is in them, and their example works.
#include "harness.h"
#include "support.h"

#include "buf.h"
#include "io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Whether the text has the word as code: `word`, or as the head of a form.
static int mentions(const char *text, const char *word)
{
	char code[64], form[64], bare[64];

	snprintf(code, sizeof code, "`%s`", word);
	snprintf(form, sizeof form, "`(%s ", word);
	snprintf(bare, sizeof bare, "`(%s)`", word);
	return strstr(text, code) != NULL || strstr(text, form) != NULL || strstr(text, bare) != NULL;
}

CASE("docs: every operation is in kernels.md, and every construct in dialects.md")
{
	char *kernels = support_read(SG_SOURCE_DIR "/docs/kernels.md");
	char *dialects = support_read(SG_SOURCE_DIR "/docs/dialects.md");

	for (int t = 0; t < TEMPLATE_COUNT; t++) {
		const char *text = t < OP_COUNT ? kernels : dialects;
		if (!mentions(text, template_word(t)))
			print_message("'%s' is not documented\n", template_word(t));
		assert_true(mentions(text, template_word(t)));
	}
	free(kernels);
	free(dialects);
}

CASE("docs: the example in kernels.md gives its result when Lua runs it")
{
	char *text = support_read(SG_SOURCE_DIR "/docs/kernels.md"),
	     *path = io_join(harness_tmpdir(), "zigzag.kernel");
	char *dir = io_join(harness_tmpdir(), "suite"), *program, *start = strstr(text, "```lisp\n"), *end, *out;
	struct dialect *lua = support_dialect("lua");
	struct err e = { 0 };
	int status;

	assert_non_null(start);
	start += strlen("```lisp\n");
	end = strstr(start, "```");
	assert_non_null(end);
	assert_int_equal(io_replace_file(path, start, (size_t)(end - start), &e), 0);
	assert_int_equal(gen_check_kernel(path, &e), 0);
	support_suite(dir, &path, 1, &lua, 1, 42, &e);
	assert_string_equal(e.text, "");
	program = io_join(dir, "gc/zigzag-100.lua@slab-fixed.lua");
	free(support_read(program));
	if (system("command -v lua5.4 > /dev/null") != 0)
		harness_skip("lua5.4 is not on this machine");
	out = support_run("lua5.4", program, &status);
	assert_int_equal(status, 0);
	assert_non_null(strstr(out, "@@ check result ok 499500\n"));
	free(out);
	free(program);
	free(dir);
	free(path);
	free(text);
	dialect_free(lua);
}
