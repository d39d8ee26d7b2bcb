// Patterns are refused before the C library's regcomp could take all memory for them.
#include "harness.h"

#include "pattern.h"

#include <errno.h>
#include <string.h>

static int check(const char *regex, struct err *e)
{
	char text[1024];
	const struct pattern p = { (char[]){ "heap" }, (char[]){ "*" }, (char[]){ "both" }, text };

	assert_true(strlen(regex) < sizeof text);
	strcpy(text, regex);
	*e = (struct err){ "" };
	return pattern_check(&p, e);
}

CASE("pattern: what targets print is matched by modest expressions")
{
	struct err e;

	assert_int_equal(check("RecursionError: maximum|stack overflow$|^[^:]+: out of .*memory?", &e), 0);
	assert_int_equal(check("\\{ \\+ \\* \\? \\{2\\}", &e), 0); // escaped ones repeat nothing
	assert_int_equal(check("a+b+c+d+e+f+g+h+", &e), 0);
	assert_string_equal(e.text, "");
}

CASE("pattern: an expression that memory might not suffice for is refused unseen")
{
	char longer[502];
	struct err e;

	memset(longer, 'a', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	assert_int_equal(check(longer, &e), -EINVAL);
	longer[500] = '\0';
	assert_int_equal(check(longer, &e), 0);
	assert_int_equal(check("a+b+c+d+e+f+g+h+i+", &e), -EINVAL);
	assert_int_equal(check("((((a{1,200}){1,200}){1,200}){1,200})", &e), -EINVAL);
	assert_non_null(strstr(e.text, "no {} repetition"));
}

CASE("pattern: what is no regular expression is named with the C library's reason")
{
	struct err e;

	assert_int_equal(check("a(b", &e), -EINVAL);
	assert_non_null(strstr(e.text, "\"a(b\" is no regular expression: Unmatched ("));
}
