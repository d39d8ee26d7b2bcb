// verdict: names and back.
#include "harness.h"

#include "verdict.h"

#include <errno.h>

CASE("verdict: every name is read back")
{
	for (unsigned i = 0; i < VERDICT_COUNT; i++) {
		enum verdict v = VERDICT_COUNT;

		assert_int_equal(verdict_parse(verdict_name((enum verdict)i), &v), 0);
		assert_int_equal(v, i);
	}
}

CASE("verdict: unknown names are refused")
{
	enum verdict v = VERDICT_FLAKY;

	assert_int_equal(verdict_parse("great", &v), -EINVAL);
	assert_int_equal(verdict_parse("", &v), -EINVAL);
	assert_int_equal(verdict_parse("PASSED", &v), -EINVAL);
	assert_int_equal(v, VERDICT_FLAKY);
}

CASE("verdict: passed, flaky, skipped and planned are not bad, all else is")
{
	for (unsigned i = 0; i < VERDICT_COUNT; i++) {
		enum verdict v = (enum verdict)i;
		bool good =
		        v == VERDICT_PASSED || v == VERDICT_FLAKY || v == VERDICT_SKIPPED || v == VERDICT_PLANNED;

		assert_int_equal(verdict_is_bad(v), !good);
	}
}
