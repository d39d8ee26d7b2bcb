// The evaluator: native data, which is wrapped, compared, printed and read without recursion.
#include "evaluate.h"
#include "harness.h"

#include <errno.h>

#define MIB ((uint64_t)1 << 20)

static const char *const build =
        "(define (build d) (loop ((i 0) (x (data-empty))) (while (< i d)) (next (+ i 1) (data-wrap x)) x))"
        "(define (depth x) (loop ((x x) (d 0)) (while (not (data-empty? x))) (next (data-unwrap x) (+ d 1)) d))"
        "(define (text c d) (loop ((i 0) (s \"\")) (while (< i d)) (next (+ i 1) (string-append s c)) s))";

CASE("eval: data is wrapped, unwrapped and compared by its depth")
{
	gives(build, "(depth (build n))", 3);
	gives(build, "(depth (data-unwrap (data-wrap (build n))))", 3);
	gives(build, "(if (data-equal? (build 5) (data-wrap (build 4))) 1 0)", 1);
	gives(build, "(if (or (data-equal? (build 5) (build 4)) (data-equal? (build 4) (build 5))) 1 0)", 0);
	gives(build, "(if (data-equal? (data-empty) (build 0)) 1 0)", 1);
}

CASE("eval: data is printed and read back when it is a million deep")
{
	const struct eval_limits limits = { UINT64_C(200000000), 256 * MIB };

	gives(build, "(string-length (data->string (build n)))", 8);
	gives(build,
	      "(if (string=? (data->string (build 2)) (string-append (text (data-open) 3) (text (data-close) 3)))"
	      " 1 0)",
	      1);
	gives(build, "(depth (string->data (string-append (text (data-open) 3) (text (data-close) 3))))", 2);
	assert_int_equal(run(build,
	                     "(let ((x (build 1000000))) (if (data-equal? x (string->data (data->string x)))"
	                     " (string-length (data->string x)) 0))",
	                     &limits)
	                         .value,
	                 2000002);
}

CASE("eval: the character is named when text is no data")
{
	fails("", "(begin (string->data \"\") 1)", -ERANGE,
	      "k.kernel:4:8: the text ends after 0 characters, where '(' is needed");
	fails("", "(begin (string->data \"(()\") 1)", -ERANGE,
	      "k.kernel:4:8: the text ends after 3 characters, where ')' is needed");
	fails("", "(begin (string->data \"((\") 1)", -ERANGE,
	      "k.kernel:4:8: the text ends after 2 characters, where '(' or ')' is needed");
	fails("", "(begin (string->data \"(()))\") 1)", -ERANGE,
	      "k.kernel:4:8: character 4 of the text is ')', where its end is needed");
	fails("", "(begin (string->data \"(x)\") 1)", -ERANGE,
	      "k.kernel:4:8: character 1 of the text is 'x', where '(' or ')' is needed");
	fails("", "(begin (string->data \")(\") 1)", -ERANGE,
	      "k.kernel:4:8: character 0 of the text is ')', where '(' is needed");
	fails("", "(begin (string->data \"(()(\") 1)", -ERANGE,
	      "k.kernel:4:8: character 3 of the text is '(', where ')' is needed");
}

CASE("eval: the place is named when something else stands for data")
{
	fails("", "(begin (data-unwrap (data-empty)) 1)", -ERANGE, "k.kernel:4:8: data-unwrap of empty data");
	fails("", "(if (data-empty? (car (list nil))) 1 0)", -EINVAL,
	      "k.kernel:4:18: data-empty? needs data here; this is nil");
	fails("", "(if (data-equal? (data-empty) (car (list 1))) 1 0)", -EINVAL,
	      "k.kernel:4:31: data-equal? needs data here; this is an int");
	fails("", "(begin (string->data (car (list (data-empty)))) 1)", -EINVAL,
	      "k.kernel:4:22: string->data needs a string here; this is data");
}

CASE("eval: data is given up when it needs too much memory")
{
	const struct eval_limits limits = { UINT64_C(100000000), 4 * MIB };

	fails_within(&limits, "", "(loop ((x (data-empty))) (while true) (next (data-wrap x)) 1)", -ENOSPC,
	             "k.kernel:4:45: needs more than 4.00 MiB");
}
