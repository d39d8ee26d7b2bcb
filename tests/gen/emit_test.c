// Programs as text: against golden files, of which SG_UPDATE_GOLDEN=1 writes new ones, and by their shape.
#include "harness.h"
#include "support.h"

#include "buf.h"
#include "emit.h"
#include "io.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Writes one kernel in one dialect into a suite and compares the program, header included.
static void check_program(const char *kernel, const char *dialect, const char *path, const char *golden)
{
	struct dialect *d = support_dialect(dialect);
	char *kernels[] = { strdup(kernel) }, *dir = io_join(harness_tmpdir(), dialect), *file;
	struct err e = { 0 };

	support_suite(dir, kernels, 1, &d, 1, 42, &e);
	assert_string_equal(e.text, "");
	file = io_join(dir, path);
	char *text = support_read(file);
	support_golden(golden, text);
	free(text);
	free(file);
	free(dir);
	free(kernels[0]);
	dialect_free(d);
}

#define SHIPPED(name) SG_SOURCE_DIR "/gen/kernels/" name ".kernel"
#define EVERYTHING SG_SOURCE_DIR "/tests/gen/kernels/everything.kernel"

CASE("emit: the program is the golden one when the kernel is a recursion in Lua")
{
	check_program(SHIPPED("recursion/sum"), "lua", "recursion/sum-1000.lua@slab-fixed.lua", "sum-seed42.lua");
}

CASE("emit: the program is the golden one when the kernel is a recursion for the evaluator")
{
	check_program(SHIPPED("recursion/sum"), "eval", "recursion/sum-1000.eval@slab-fixed.kernel",
	              "sum-seed42.kernel");
}

CASE("emit: the program is the golden one when the kernel is a recursion in Python")
{
	check_program(SHIPPED("recursion/even-odd"), "python", "recursion/even-odd-1000.python3.py",
	              "even-odd-seed42.py");
}

CASE("emit: the program is the golden one when the kernel is a recursion in a user's language")
{
	check_program(SHIPPED("recursion/nested-maps"), "mylisp", "recursion/nested-maps.mylisp.mylisp",
	              "nested-maps-seed42.mylisp");
}

CASE("emit: the program is the golden one when Lua is given every construct")
{
	check_program(EVERYTHING, "lua", "other/everything.lua@slab-fixed.lua", "everything-seed42.lua");
}

CASE("emit: the program is the golden one when Python is given every construct")
{
	check_program(EVERYTHING, "python", "other/everything.python3.py", "everything-seed42.py");
}

CASE("emit: the program is the golden one when a user's language is given every construct")
{
	check_program(EVERYTHING, "mylisp", "other/everything.mylisp.mylisp", "everything-seed42.mylisp");
}

CASE("emit: the program is the golden one when valk is given what needs no mutation")
{
	check_program(SG_SOURCE_DIR "/tests/gen/kernels/pure.kernel", "valk", "other/pure.valk.valk",
	              "pure-seed42.valk");
}

// --- shapes: what one function becomes
// -----------------------------------------------------------------------------

static void becomes_in(struct dialect *d, const char *definitions, const char *expected)
{
	struct kernel *k = support_kernel(support_around(definitions, "0"));
	const int64_t n = 3;
	struct emit_values v = { .params = &n };
	struct buf out = { 0 };
	char *found;

	assert_int_equal(emit_program(d, k, &v, &out), 0);
	found = strstr(buf_text(&out), expected);
	if (found == NULL)
		print_message("in\n%s\n", buf_text(&out));
	assert_non_null(found);
	buf_deinit(&out);
	dialect_free(d);
	kernel_free(k);
}

static void becomes(const char *dialect, const char *definitions, const char *expected)
{
	becomes_in(support_dialect(dialect), definitions, expected);
}

// The same in a language that may evaluate operands in any order.
static void becomes_in_order(const char *dialect, const char *definitions, const char *expected)
{
	struct dialect *d = support_dialect(dialect);

	d->any_order = true;
	becomes_in(d, definitions, expected);
}

CASE("emit: operands are kept in variables when their order could be observed and the language has none")
{
	static const char calls[] =
	        "(define (g x) (begin (full-gc) x)) (define (f b v) (+ 1 (g 1) (unbox b) (g n) (vector-ref v 0)))";
	becomes("lua", calls, "  return 1 + sg_g(1) + b[1] + sg_g(n) + v[0 + 1]\n");
	becomes_in_order("lua", calls,
	                 "  local tmp = sg_g(1)\n  local tmp_2 = b[1]\n  local tmp_3 = sg_g(n)\n"
	                 "  return 1 + tmp + tmp_2 + tmp_3 + v[0 + 1]\n");
	becomes_in_order("lua", "(define (g x) (begin (full-gc) x)) (define (f b) (+ (unbox b) (unbox b) 1))",
	                 "return b[1] + b[1] + 1\n");
	becomes_in_order("lua", "(define (g x) (begin (full-gc) x)) (define (f a b) (* (+ 1 (g a)) (- a b)))",
	                 "return (1 + sg_g(a)) * (a - b)\n");
	becomes_in_order("lua", "(define (g x) (begin (full-gc) true)) (define (f a b) (and (g a) (g b)))",
	                 "return sg_g(a) and sg_g(b)\n");
	// a function that has no effects may be called at any time
	becomes_in_order("lua", "(define (g x) (if (< x 2) x (+ (g (- x 1)) (g (- x 2)))))",
	                 "return sg_g(x - 1) + sg_g(x - 2)\n");
	// in a branch, the variable is made there
	becomes_in_order("python",
	                 "(define (g x) (begin (full-gc) x)) (define (f a) (+ 1 (if (= a 0) 2 (- (g a) (g 2)))))",
	                 "        tmp_2 = sg_g(a)\n        tmp = tmp_2 - sg_g(2)\n    return 1 + tmp\n");
}

CASE("emit: operands are bound around the call when their order could be observed in an expression")
{
	becomes_in_order("mylisp", "(define (g x) (begin (full-gc) x)) (define (f a) (+ (g a) a (g 2)))",
	                 "[tmp := [a do-g] . [[tmp a +] [2 do-g] +]]");
	becomes_in_order("mylisp", "(define (f h b) (h (unbox b) (h 2 3)))",
	                 "[tmp := [b open] . [tmp [2 3 h !] h !]]");
	becomes_in_order(
	        "mylisp",
	        "(define (g x) (begin (full-gc) x)) (define (f k) (loop ((a (g 1)) (b (g 2))) (while (< a k)) (next (g a) (g b)) b))",
	        "[tmp := [1 do-g] .");
}

CASE("emit: parentheses stand only where they are needed when operators nest")
{
	becomes("lua", "(define (f a b) (+ (* a b) (- a (- b 1)) (* a (+ b 1)) (- (- a b) 1)))",
	        "return a * b + (a - (b - 1)) + a * (b + 1) + (a - b - 1)");
	becomes("lua", "(define (f a b) (if (not (and (= a b) (or (< a b) (> a 1)))) 1 0))",
	        "if not (a == b and (a < b or a > 1)) then");
	becomes("lua", "(define (f x) (car (list x 1)))", "return ({ x, { 1, nil } })[1]");
	becomes("python", "(define (f x) (- (+ x -5) (* -1 (- x 1))))", "return x + -5 - -1 * (x - 1)");
	becomes("python", "(define (f x) (* 2 (if (< x 0) 1 x)))", "return 2 * (1 if x < 0 else x)");
}

CASE("emit: names are told apart when the language or the kernel has them already")
{
	becomes("lua", "(define (f end) (let ((x end)) (let ((x (+ x 1))) (+ x end))))",
	        "local function sg_f(end_2)\n  local x = end_2\n  local x_2 = x + 1\n  return x_2 + end_2\nend");
	becomes("python", "(define (f print tmp) (+ (f 1 2) (let ((print 3)) print)))",
	        "def sg_f(print_2, tmp):\n    tmp_2 = sg_f(1, 2)\n    print_3 = 3\n    return tmp_2 + print_3\n");
}

CASE("emit: state is set at once when the next values read each other")
{
	becomes("lua", "(define (f k) (loop ((a 0) (b 1) (i 0)) (while (< i k)) (next b (+ a b) (+ i 1)) a))",
	        "  while i < k do\n    a, b, i = b, a + b, i + 1\n  end\n  return a\n");
	// what has statements of its own is set in an order that no other reads
	becomes("lua",
	        "(define (f k) (loop ((i 0) (odd 0)) (while (< i k)) (next (+ i 1) (if (= i 1) (+ odd i) odd)) odd))",
	        "  while i < k do\n    if i == 1 then\n      odd = odd + i\n    end\n    i = i + 1\n  end\n");
	// no such order: through variables
	becomes("lua",
	        "(define (f k) (loop ((a 0) (b 1)) (while (< a k)) (next (if (= b 1) b a) (if (= a 1) a b)) a))",
	        "    local tmp\n    if b == 1 then\n      tmp = b\n    else\n      tmp = a\n    end\n"
	        "    local tmp_2\n    if a == 1 then\n      tmp_2 = a\n    else\n      tmp_2 = b\n    end\n"
	        "    a, b = tmp, tmp_2\n");
}

CASE("emit: a loop tests in its middle when the condition needs statements")
{
	becomes("python", "(define (f k) (loop ((i 0)) (while (let ((d (* 2 i))) (< d k))) (next (+ i 1)) i))",
	        "    while True:\n        d = 2 * i\n        if not d < k:\n            break\n        i = i + 1\n"
	        "    return i\n");
}

CASE("emit: effects stay in order when a later operand needs statements")
{
	becomes("python", "(define (g x) x) (define (f b) (+ (g 1) n (unbox b) (let ((x (g 2))) x) (g 3)))",
	        "    tmp = sg_g(1)\n    tmp_2 = b[0]\n    x = sg_g(2)\n    return tmp + n + tmp_2 + x + sg_g(3)\n");
	becomes("lua", "(define (g x) true) (define (f b) (and (g 1) (let ((x (g 2))) x) (g 3)))",
	        "  local tmp = sg_g(1)\n  if tmp then\n    local x = sg_g(2)\n    tmp = x and sg_g(3)\n  end\n  return tmp\n");
}

CASE("emit: long lines are broken between the items of a list when a statement holds them")
{
	becomes("lua",
	        "(define (g a b) a) (define (f first second) (g (g (* first first first) (* second second second)) "
	        "(g (+ first second first second) (- first second))))",
	        "  return sg_g(sg_g(first * first * first, second * second * second),\n"
	        "              sg_g(first + second + first + second, first - second))\n");
	// all at once is one line, so it becomes two assignments, in an order in which none reads what another set
	becomes("python",
	        "(define (g a b) a) (define (f first) (loop ((i 0) (sum 0)) (while (< i first)) (next (+ i 1) "
	        "(+ sum (g (* first first first first) (* first first)) (g (* i i i i i i) (+ first first)))) sum))",
	        "        sum = sum + sg_g(first * first * first * first, first * first) + sg_g(i * i * i * i * i * i, "
	        "first + first)\n        i = i + 1\n");
}

CASE("emit: a closure keeps the round's values when it is made in a loop")
{
	becomes("lua",
	        "(define (f k) (loop ((i 0) (l nil)) (while (< i k)) (next (+ i 1) (cons (lambda (x) (+ x i)) l)) l))",
	        "    local i_2 = i\n    l = { function(x) return x + i_2 end, l }\n    i = i + 1\n");
	becomes("python",
	        "(define (f k) (loop ((i 0) (l nil)) (while (< i k)) (next (+ i 1) (cons (lambda (x) (+ x i)) l)) l))",
	        "        i, l = i + 1, (lambda x, i_2=i: x + i_2, l)\n");
}

CASE("emit: a function value is a function of its own when the language has none inside functions")
{
	becomes("c-libgc", "(define (f k) (lambda (x) (+ x k)))",
	        "static word sg_lambda(__attribute__((unused)) word self, word x)\n{\n    word k = captured(self, 0);\n"
	        "    return x + k;\n}\n\nstatic word sg_f(word k)\n{\n    return make_closure(sg_lambda, 1, (word[]){ k });");
	// it calls the defined function, whose own variables keep their names
	becomes("c-libgc", "(define (f k) (+ (call-through-builtin f 1) k))",
	        "word self, word k_2)\n{\n    return sg_f(k_2);\n}\n\nstatic word sg_f(word k)\n{\n"
	        "    return call_through_qsort(make_closure(sg_f_value, 0, NULL), 1) + k;\n");
}

CASE("emit: a loop is a function of its own when the language has no loops")
{
	becomes("erlang",
	        "(define (f long-name) (loop ((i 0) (j 1)) (while (< i long-name)) (next (+ i j) j) (let ((b i)) (* b n))))",
	        "sg_loop(I, J, LongName) ->\n    case I < LongName of\n        true -> sg_loop(I + J, J, LongName);\n"
	        "        false -> B = I,\n                 B * ?N\n    end.\n\nsg_f(LongName) ->\n"
	        "    sg_loop(0, 1, LongName).\n");
}

CASE("emit: functions are joined when they call each other and the language wants that")
{
	becomes("ocaml", "(define (h x) (g x)) (define (g x) (if (= x 0) 0 (h (- x 1)))) (define (f) (h 1))",
	        "let rec h x =\n  g x\n\nand g x =\n  if x = 0 then 0 else h (x - 1)\n\nlet f () =\n  h 1\n");
}

CASE("emit: functions are declared beforehand when an earlier one calls them")
{
	becomes("lua", "(define (f x) (g x)) (define (g x) (if (= x 0) 0 (f (- x 1))))",
	        "local sg_g\n\nlocal function sg_f(x)\n  return sg_g(x)\nend\n\nfunction sg_g(x)\n");
}

CASE("emit: helpers are there when the program uses them, and only then")
{
	becomes("lua", "(define (f m) (map-set! m \"a\" nil))",
	        "local n = 3\n\nlocal sg_none = {} -- stands for nil in a map\n\nlocal function sg_map_set(map, key, value)\n");
	becomes("lua", "(define (f x) x)", "local n = 3\n\nlocal function sg_f(x)\n");
}

CASE("emit: strings are escaped when the language would read them otherwise")
{
	becomes("lua", "(define (f x) \"a\\\"b\\\\c\\n\\t'{x}^\")", "return \"a\\\"b\\\\c\\n\\t'{x}^\"");
	becomes("mylisp", "(define (f x) \"a\\\"b\\\\c\\n\\t'{x}^\")", "'a\"b\\c^n^t^'{x}^^'");
}

CASE("emit: a program is refused when templates would make it endless")
{
	static const char text[] =
	        "(dialect d (summary \"s\") (extension \"x\") (comment \";\") (style expression)\n"
	        "(target \"t\" (command \"c\"))\n"
	        "(templates (int \"{1}\") (call \"\") (let \"{body}{body}\") (begin \"{1}{2}\") (if \"{then}\")\n"
	        "(+ \"{1}{1}\n\n{2}{2}\") (function \"\") (program \"{measure}\")))";
	struct buf body = { 0 };
	struct emit_values v = { 0 };
	const int64_t n = 3;
	struct dialect *d;
	struct buf out = { 0 };

	for (int i = 0; i < 60; i++)
		buf_adds(&body, "(let ((x 1)) (+ ");
	buf_adds(&body, "1");
	for (int i = 0; i < 60; i++)
		buf_adds(&body, " 1))");
	struct kernel *k = support_kernel(support_around("", buf_text(&body)));
	assert_int_equal(dialect_parse("d.dialect", text, strlen(text), &d, NULL), 0);
	v.params = &n;
	assert_int_equal(emit_program(d, k, &v, &out), -E2BIG);
	buf_deinit(&body);
	buf_deinit(&out);
	dialect_free(d);
	kernel_free(k);
}

CASE("emit: the values of two globals share no name, since their statements stand in one scope")
{
	struct kernel *k =
	        support_kernel("(kernel gc/g (summary \"s\") (global a (let ((end 1)) (begin (full-gc) end)))\n"
	                       "(global b (let ((end 2)) (begin (full-gc) end)))\n"
	                       "(measure t (repeat 1) (+ a b)))");
	struct dialect *d = support_dialect("node");
	struct emit_values v = { 0 };
	struct buf out = { 0 };

	assert_int_equal(emit_program(d, k, &v, &out), 0);
	const char *first = strstr(out.data, "let end =");
	assert_non_null(first);
	assert_null(strstr(first + 1, "let end ="));
	buf_deinit(&out);
	dialect_free(d);
	kernel_free(k);
}

// A program of the language whose one global has the name that a variable would be given.
static char *with_global(const char *dialect, const char *name)
{
	char text[512];
	struct dialect *d = support_dialect(dialect);
	struct emit_values v = { 0 };
	struct buf out = { 0 };
	struct kernel *k;

	snprintf(text, sizeof text,
	         "(kernel gc/g (summary \"s\") (global %s (box 1)) (define (f x) (begin (full-gc) x))\n"
	         "(measure t (repeat 1) (+ (f 1) (f 2) (unbox %s))))",
	         name, name);
	k = support_kernel(text);
	assert_int_equal(emit_program(d, k, &v, &out), 0);
	dialect_free(d);
	kernel_free(k);
	return out.data;
}

CASE("emit: a variable hides no global when the language has one scope for both")
{
	char *ocaml = with_global("ocaml", "tmp"), *php = with_global("php", "this");

	assert_non_null(strstr(ocaml, "let tmp = ref"));
	assert_non_null(strstr(ocaml, "let tmp_2 = f 1"));
	assert_non_null(strstr(php, "$GLOBALS['this_2'] ="));
	free(ocaml);
	free(php);
}
