// What runtimes say when memory runs out, and nothing else: each one's own words, by a program in its place that
// prints them and ends as it does, must give the right verdict. (Their real deaths are in the tests that need the
// runtimes.)
#include "e2e.h"
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct death {
	const char *target,
	        *program;   // what the target's command starts; with a '+': a compiler, whose program dies
	const char *stream; // "1" or "2"
	const char *end;    // a shell's last words
	const char *says;
	const char *verdict;
	bool clean;
};

#define OOM "out-of-memory"

static const struct death deaths[] = {
	{ "lua54", "lua5.4", "2", "exit 1", "lua5.4: not enough memory", OOM, true },
	{ "luajit", "luajit", "2", "exit 1", "luajit: not enough memory", OOM, true },
	{ "guile", "guile", "2", "exit 1", "GC Warning: Out of Memory! Heap size: 64 MiB. Returning NULL!", OOM,
	  true },
	{ "chez", "chezscheme", "2", "exit 1", "out of memory", OOM, true },
	{ "racket", "racket", "2", "kill -ABRT $$", "out of memory", OOM, false },
	{ "csi", "csi", "2", "exit 1", "[panic] out of memory - heap full - execution terminated", OOM, true },
	{ "csc", "+csc", "2", "exit 1", "[panic] out of memory - heap full - execution terminated", OOM, true },
	{ "mit-scheme", "mit-scheme", "1", "exit 14", ";Aborting!: out of memory", OOM, true },
	{ "sbcl", "sbcl", "2", "exit 1", "Heap exhausted during garbage collection: 0 bytes available", OOM,
	  true },
	{ "ecl", "ecl", "2", "exit 1", "Condition of type: STORAGE-EXHAUSTED", OOM, true },
	{ "clisp", "clisp", "2", "exit 1", "*** - No more room for LISP objects", OOM, true },
	{ "picolisp", "pil", "2", "exit 1", "No memory", OOM, true },
	{ "python3", "python3", "2", "exit 1", "MemoryError", OOM, true },
	{ "pypy3", "pypy3", "2", "exit 1", "MemoryError", OOM, true },
	{ "node", "node", "2", "kill -ABRT $$",
	  "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory", OOM, false },
	{ "duk", "duk", "2", "exit 1", "Error: alloc failed", OOM, true },
	{ "ruby", "ruby", "2", "exit 1", "[FATAL] failed to allocate memory", OOM, true },
	{ "php", "php", "1", "exit 255",
	  "PHP Fatal error:  Allowed memory size of 134217728 bytes exhausted (tried to allocate 8 bytes)", OOM,
	  true },
	{ "perl", "perl", "2", "exit 1", "Out of memory!", OOM, true },
	{ "ocamlopt", "+ocamlopt", "2", "exit 2", "Fatal error: exception Out_of_memory", OOM, true },
	{ "ocamlc", "+ocamlc", "2", "exit 2", "Fatal error: out of memory", OOM, true },
	{ "erlang", "erl", "2", "exit 1",
	  "eheap_alloc: Cannot allocate 1048576 bytes of memory (of type \\\"heap\\\").", OOM, true },
	{ "c-gc-O2", "+gcc", "2", "exit 9", "GC Warning: Out of Memory! Returning NULL!", OOM, true },
	{ "valk", "valk", "2", "kill -TRAP $$",
	  "src/memory.c:54:valk_slab_aquire || Attempted to aquire, when the slab is already full",
	  "slab-exhausted", false },
};

#define DEATHS (sizeof deaths / sizeof deaths[0])

// A program that dies so; of a compiler, one that writes such a program to where -o says.
static void write_fake(const struct death *d)
{
	char name[64], text[1024];
	bool compiles = d->program[0] == '+';

	snprintf(name, sizeof name, "bin/%s", d->program + compiles);
	if (!compiles)
		snprintf(text, sizeof text, "#!/bin/sh\necho \"%s\" >&%s\n%s\n", d->says, d->stream, d->end);
	else
		snprintf(text, sizeof text,
		         "#!/bin/sh\nwhile [ \"$1\" != -o ]; do shift; done\n"
		         "printf '#!/bin/sh\\necho \"%s\" >&%s\\n%s\\n' >\"$2\"\nchmod +x \"$2\"\n",
		         d->says, d->stream, d->end);
	e2e_write(harness_tmpdir(), name, text, true);
}

static void put_in_front(const char *dir)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/bin:%s", dir, getenv("PATH"));
	setenv("PATH", path, 1);
}

static const json_t *test_of(const json_t *report, const char *target)
{
	const json_t *tests = json_object_get(report, "tests");

	for (size_t i = 0; i < json_array_size(tests); i++) {
		const json_t *t = json_array_get(tests, i);
		const char *name = json_string_value(json_object_get(t, "target"));

		if (name != NULL && strcmp(name, target) == 0)
			return t;
	}
	fail_msg("no test of %s", target);
	return NULL;
}

CASE("e2e: each runtime's own words for memory that ran out give the right verdict, clean or not")
{
	const char *dir = harness_tmpdir();
	char run_dir[512];
	struct outcome o;
	json_t *report;

	snprintf(run_dir, sizeof run_dir, "%s/out", dir);
	o = E2E(dir, "gen", "-k", "recursion/sum", "--dialect",
	        "lua54,luajit,guile,chez,racket,chicken,mit-scheme,sbcl,ecl,clisp,picolisp,python,node,duktape,ruby,php,"
	        "perl,ocaml,erlang,c-libgc,valk",
	        "-o", "suite");
	assert_int_equal(o.exit_code, 0);
	outcome_deinit(&o);
	for (size_t i = 0; i < DEATHS; i++)
		write_fake(&deaths[i]);
	put_in_front(dir);
	o = E2E(dir, "run", "suite", "--no-preload", "-o", run_dir);
	assert_int_equal(o.exit_code, 1);
	outcome_deinit(&o);
	report = e2e_report(run_dir);
	for (size_t i = 0; i < DEATHS; i++) {
		const struct death *d = &deaths[i];
		const json_t *t = test_of(report, d->target);
		const char *verdict = json_string_value(json_object_get(t, "verdict"));

		if (strcmp(verdict, d->verdict) != 0 || json_is_true(json_object_get(t, "clean")) != d->clean)
			fail_msg("%s: %s (%s)", d->target, verdict,
			         json_string_value(json_object_get(t, "evidence")));
	}
	json_decref(report);
}
