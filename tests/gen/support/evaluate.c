// Small kernels through the reference evaluator.
#include "evaluate.h"

#include "harness.h"
#include "support.h"

// What the body computes, with the kernel's parameter n = 3.
int evaluate(const char *definitions, const char *body, const struct eval_limits *limits, struct eval_result *out,
             struct err *e)
{
	struct kernel *k = support_kernel(support_around(definitions, body));
	int64_t n = 3;
	int rc = eval_kernel(k, &n, limits, out, e);

	kernel_free(k);
	return rc;
}

struct eval_result run(const char *definitions, const char *body, const struct eval_limits *limits)
{
	struct eval_result out = { 0 };
	struct err e = { 0 };
	int rc = evaluate(definitions, body, limits, &out, &e);

	assert_string_equal(e.text, "");
	assert_int_equal(rc, 0);
	return out;
}

void gives(const char *definitions, const char *body, int64_t expected)
{
	assert_int_equal(run(definitions, body, NULL).value, expected);
}

void fails_within(const struct eval_limits *limits, const char *definitions, const char *body, int code,
                  const char *message)
{
	struct eval_result out = { 0 };
	struct err e = { 0 };

	assert_int_equal(evaluate(definitions, body, limits, &out, &e), code);
	assert_string_equal(e.text, message);
}

void fails(const char *definitions, const char *body, int code, const char *message)
{
	fails_within(NULL, definitions, body, code, message);
}
