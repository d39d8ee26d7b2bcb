// err: the message for a person.
#include "harness.h"

#include "err.h"

#include <errno.h>
#include <string.h>

CASE("err: the first message wins when several are set")
{
	struct err e = { "" };

	assert_int_equal(err_set(&e, EINVAL, "first %d", 1), -EINVAL);
	assert_int_equal(err_set(&e, ENOENT, "second"), -ENOENT);
	assert_string_equal(e.text, "first 1");
}

CASE("err: place is file, line and column when there is a column")
{
	struct err with = { "" };
	struct err without = { "" };

	assert_int_equal(err_at(&with, EINVAL, "a.k", 3, 7, "what %s", "now"), -EINVAL);
	assert_string_equal(with.text, "a.k:3:7: what now");
	err_at(&without, EINVAL, "a.k", 3, 0, "what");
	assert_string_equal(without.text, "a.k:3: what");
}

CASE("err: what is quoted of a file stays one line when it has control characters")
{
	struct err e = { "" };

	err_at(&e, EINVAL, "a.h2", 1, 2, "'%s' is none", "x\ny\033[2J\tz\177\xc3\xa9");
	assert_string_equal(e.text, "a.h2:1:2: 'x?y?[2J?z?\xc3\xa9' is none");
}

CASE("err: code is returned when nobody wants the message")
{
	assert_int_equal(err_set(NULL, EBUSY, "x"), -EBUSY);
	assert_int_equal(err_at(NULL, EBUSY, "f", 1, 0, "x"), -EBUSY);
}

CASE("err: text is cut and terminated when it is too long")
{
	struct err e = { "" };
	char name[2000];

	memset(name, 'n', sizeof name);
	name[sizeof name - 1] = '\0';
	err_at(&e, EINVAL, name, 1, 0, "%s", name);
	assert_int_equal(strlen(e.text), sizeof e.text - 1);
}
