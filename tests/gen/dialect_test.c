#include "harness.h"
#include "support.h"

#include "emit.h"
#include "io.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS                                                                                                    \
	"(dialect d (summary \"s\") (extension \"x\") (comment \"; \") (style expression)\n"                      \
	"(target \"t\" (command \"run {file}\"))\n"
#define TEMPLATES                                                                                                 \
	"(int \"{1}\") (call \"({function} {args})\") (let \"{name}{value}{body}\") (begin \"{1}{2}\")\n"         \
	"(if \"{condition}{then}{else}\") (function \"{body}\") (program \"{measure}\")"

static void refuse(const char *text, const char *message)
{
	struct err e = { 0 };
	struct dialect *d;

	assert_true(dialect_parse("d.dialect", text, strlen(text), &d, &e) < 0);
	assert_null(d);
	assert_string_equal(e.text, message);
}

// A dialect that is right but for one more field, on line 3.
static void refuse_field(const char *field, const char *message)
{
	char text[2000];

	snprintf(text, sizeof text, FIELDS "%s (templates " TEMPLATES "))", field);
	refuse(text, message);
}

// The same with one more template, on line 3.
static void refuse_template(const char *template, const char *message)
{
	char text[2000];

	snprintf(text, sizeof text, FIELDS "(templates %s " TEMPLATES "))", template);
	refuse(text, message);
}

CASE("dialect: what the command line asks is known when it was loaded")
{
	struct dialect *lua = support_dialect("lua"), *python = support_dialect("python");

	assert_string_equal(dialect_name(lua), "lua");
	assert_null(dialect_target_find(lua, 0));
	assert_null(dialect_target_package(lua, 0));
	assert_int_equal(dialect_target_count(lua), 7);
	assert_false(dialect_target_is_extra(lua, 2));
	assert_true(dialect_target_is_extra(lua, 3));
	assert_string_equal(dialect_target_name(lua, 0), "lua@slab-fixed");
	assert_string_equal(dialect_target_command(lua, 0),
	                    "{stressgen:lua} --pool slab-fixed --capacity {param:slab-capacity} {file}");
	assert_string_equal(dialect_target_find(python, 0), "python3");
	assert_string_equal(dialect_target_package(python, 0), "python3");
	assert_string_equal(dialect_target_command(python, 0), "python3 {file}");
	dialect_free(lua);
	dialect_free(python);
	dialect_free(NULL);
}

CASE("dialect: the place is named when the file as a whole is wrong")
{
	refuse("", "d.dialect:1:1: a dialect file holds one (dialect name ...)");
	refuse("(kernel x)", "d.dialect:1:1: a dialect file holds one (dialect name ...)");
	refuse("(dialect a/b)", "d.dialect:1:10: a dialect's name has letters, digits and _ + - only");
	refuse("(dialect d)", "d.dialect:1:1: the dialect has no (summary \"...\")");
	refuse("(dialect d (sumary \"s\"))",
	       "d.dialect:1:13: unknown field 'sumary'; known are style, reserved, escape, target, pattern, helper, "
	       "lacks, templates, extends, abstract, summary, extension, first-line, comment, find, package, version, "
	       "heap-flag, stack-flag, function-prefix, variable-prefix, global-prefix, dash, separator, "
	       "item-separator, no-params, no-args, block, block-end, preload-sees-heap, server-routes, "
	       "server-try, server-lib, server-tls, c-stack, tail-calls, implicit-begin, "
	       "argument-order, upper-params, capital-variables, lifted-loops, "
	       "blank-lines");
	refuse(FIELDS ")", "d.dialect:1:1: the dialect has no (templates ...)");
	refuse(FIELDS "(templates (int \"{1}\")))", "d.dialect:1:1: a template for 'if' is missing");
}

CASE("dialect: the place is named when a field is wrong")
{
	refuse_field("(find 3)", "d.dialect:3:7: a string in \"quotes\" was expected, not the number");
	refuse_field("(find \"a\nb\")", "d.dialect:3:7: one line was expected");
	refuse_field("(tail-calls maybe)", "d.dialect:3:1: yes or no was expected behind 'tail-calls'");
	refuse_field("(argument-order right)",
	             "d.dialect:3:1: unspecified or left-to-right was expected behind 'argument-order'");
	refuse_field("(style odd)", "d.dialect:3:2: field 'style' stands here twice");
	refuse_field("(target \"a/b\" (command \"c\"))",
	             "d.dialect:3:9: a target's name has letters, digits and _ + @ - only");
	refuse_field("(target \"a\")", "d.dialect:3:1: the target has no (command \"...\")");
	refuse_field("(pattern \"odd\" \"1\" \"err\" \"x\")",
	             "d.dialect:3:10: a pattern's class is one of stack, cstack, heap, slab, assert");
	refuse_field("(pattern \"heap\" \"1\" \"tty\" \"x\")",
	             "d.dialect:3:21: a pattern's stream is one of out, err, both");
	refuse_field("(pattern \"heap\" \"1\" \"err\" \"(\")",
	             "d.dialect:3:27: the pattern \"(\" is no regular expression: Unmatched ( or \\(");
	refuse_field(
	        "(pattern \"heap\" \"1\" \"err\" \"a+++++++++\")",
	        "d.dialect:3:27: the pattern \"a+++++++++\": at most 500 bytes, 8 of * + ?, and no {} repetition");
	refuse_field(
	        "(pattern \"heap\" \"1\" \"err\" \"((a{9}){9}){9}\")",
	        "d.dialect:3:27: the pattern \"((a{9}){9}){9}\": at most 500 bytes, 8 of * + ?, and no {} repetition");
	refuse_field("(escape \"ab\" \"c\")", "d.dialect:3:1: (escape \"c\" \"text\") takes one ASCII character");
	refuse_field("(helper \"h\")", "d.dialect:3:1: (helper \"name\" \"line\" ...) was expected");
	refuse_field("(lacks frob \"no\")", "d.dialect:3:8: 'frob' is no construct of the kernel language");
}

CASE("dialect: the place is named when a template is wrong")
{
	refuse_template("(frob \"x\")", "d.dialect:3:12: 'frob' is no construct of the kernel language");
	refuse_template("(int \"{1}\")", "d.dialect:3:24: the template of 'int' stands here twice");
	refuse_template("(cons)", "d.dialect:3:12: (cons [precedence] \"line\" ...) was expected");
	refuse_template("(cons 101 \"x\")", "d.dialect:3:18: 101 is out of range; from 0 to 100 is allowed");
	refuse_template("(cons x)", "d.dialect:3:18: a template's lines are strings");
	refuse_template("(cons \"{1} {3}\")",
	                "d.dialect:3:18: 'cons' has no placeholder {3}; its arguments are {1}, {2} ... or {args}");
	refuse_template("(assign \"{nam} = {value}\")",
	                "d.dialect:3:20: 'assign' has no placeholder {nam}; known are name value");
	refuse_template("(cons \"{1:200}\")", "d.dialect:3:18: a placeholder is {name} or {name:precedence}, the "
	                                      "precedence at most 100");
	refuse_template("(cons \"{1\")",
	                "d.dialect:3:18: a placeholder is {name} or {name:precedence}, the precedence "
	                "at most 100");
}

CASE("dialect: the kernel is refused with a reason when a construct is missing")
{
	struct dialect *chicken = support_dialect("chicken");
	struct kernel *maps = support_kernel(support_around("", "(map-size (make-map))"));
	struct kernel *lists = support_kernel(support_around("", "(begin (list 1 2) 0)"));
	char reason[256];

	assert_string_equal(
	        emit_lacks(chicken, maps, reason, sizeof reason),
	        "chicken has no 'make-map': CHICKEN's hash tables are in the egg srfi-69, not in CHICKEN "
	        "itself");
	assert_null(emit_lacks(chicken, lists, reason, sizeof reason));
	kernel_free(maps);
	kernel_free(lists);
	dialect_free(chicken);
}

// Writes NAME.dialect into the case's directory; its path.
static const char *write_dialect(const char *name, const char *text)
{
	static char path[400];
	struct err e = { 0 };

	snprintf(path, sizeof path, "%s/%s.dialect", harness_tmpdir(), name);
	assert_int_equal(io_replace_file(path, text, strlen(text), &e), 0);
	return path;
}

#define BASE                                                                                                       \
	"(dialect base (abstract yes) (summary \"s\") (extension \"x\") (comment \"; \") (style expression)\n"     \
	"(reserved \"a\") (helper \"one\" \"base one\") (helper \"two\" \"base two\")\n"                           \
	"(pattern \"heap\" \"1\" \"err\" \"base\") (lacks cons \"none\") (templates (car \"base {1}\") " TEMPLATES \
	"))"

CASE("dialect: what a dialect does not say is its base's when it extends one")
{
	struct dialect *d;
	struct err e = { 0 };
	const char *path;

	write_dialect("base", BASE);
	path = write_dialect("child", "(dialect child (extends \"base\") (extension \"y\") (reserved \"b\")\n"
	                              "(target \"t\" (command \"run {file}\")) (helper \"two\" \"own\")\n"
	                              "(pattern \"stack\" \"*\" \"err\" \"own\") (lacks car \"gone\")\n"
	                              "(templates (int \"own {1}\") (cons \"{1} {2}\")))");
	assert_int_equal(dialect_load(path, &d, &e), 0);
	assert_string_equal(d->name, "child");
	assert_false(d->abstract);
	assert_string_equal(d->summary, "s");
	assert_string_equal(d->extension, "y");
	assert_int_equal(d->reserved_count, 2);
	assert_string_equal(d->reserved[1], "b");
	assert_int_equal(d->helper_count, 2);
	assert_string_equal(d->helpers[0].text, "base one");
	assert_string_equal(d->helpers[1].text, "own");
	assert_int_equal(d->pattern_count, 2);
	assert_string_equal(d->patterns[0].regex, "own");
	assert_string_equal(d->templates[CONSTRUCT_INT].lines[0].pieces[0].text, "own {1}");
	assert_true(dialect_has(d, OP_CONS));
	assert_false(dialect_has(d, OP_CAR));
	assert_string_equal(d->lacks[OP_CAR], "gone");
	assert_true(dialect_has(d, CONSTRUCT_PROGRAM));
	dialect_free(d);
}

static void refuse_file(const char *path, const char *message)
{
	struct err e = { 0 };
	struct dialect *d;

	assert_true(dialect_load(path, &d, &e) < 0);
	assert_null(d);
	if (strstr(e.text, message) == NULL)
		assert_string_equal(e.text, message);
}

CASE("dialect: a base that is not there, or extends itself, is refused")
{
	refuse_file(write_dialect("a", "(dialect a (extends \"nowhere\"))"), "a.dialect:1:12: ");
	refuse_file(write_dialect("a", "(dialect a (extends \"nowhere\"))"),
	            "nowhere.dialect cannot be read: No such file or directory; extend a dialect beside this one");
	refuse_file(write_dialect("b", "(dialect b (extends \"b\"))"),
	            "b.dialect:1:12: more than 4 dialects extend each other");
	refuse_file(write_dialect("c", "(dialect c (extends \"../c\"))"),
	            "c.dialect:1:12: the name of a dialect beside this one was expected");
	write_dialect("base", BASE);
	refuse_file(write_dialect("d", "(dialect d (extends \"base\"))"), "the dialect has no (target");
	refuse_file(write_dialect("e", "(dialect e (extends \"base\") (target \"t\" (command \"r\")) (templates "
	                               "(int \"1\") (int \"2\")))"),
	            "e.dialect:1:77: the template of 'int' stands here twice");
}

CASE("dialect: the evaluator's writes the kernel itself, and one of its targets is run unless others are named")
{
	struct dialect *d = support_dialect("eval");
	size_t usual = 0;

	assert_true(d->kernel_text);
	assert_string_equal(dialect_target_name(d, 0), "eval@slab-fixed");
	for (size_t i = 0; i < dialect_target_count(d); i++)
		usual += !dialect_target_is_extra(d, i);
	assert_int_equal(usual, 1);
	assert_false(dialect_target_is_extra(d, 0));
	dialect_free(d);
	refuse("(dialect d (summary \"s\") (extension \"x\") (comment \"; \") (style kernel)"
	       " (target \"d\" (command \"d {file}\")) (templates (int \"{1}\")))",
	       "d.dialect:1:106: the style 'kernel' has no templates");
}
