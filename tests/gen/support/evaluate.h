// Small kernels through the reference evaluator: definitions and a body, with the parameter n = 3. The definitions
// stand on line 2, the body on line 4 of k.kernel.
#ifndef SG_GEN_EVALUATE_H
#define SG_GEN_EVALUATE_H

#include "eval.h"

int evaluate(const char *definitions, const char *body, const struct eval_limits *limits, struct eval_result *out,
             struct err *e);
// The same, which must succeed; which must give that value; which must fail in that way.
struct eval_result run(const char *definitions, const char *body, const struct eval_limits *limits);
void gives(const char *definitions, const char *body, int64_t expected);
void fails_within(const struct eval_limits *limits, const char *definitions, const char *body, int code,
                  const char *message);
void fails(const char *definitions, const char *body, int code, const char *message);

#endif
