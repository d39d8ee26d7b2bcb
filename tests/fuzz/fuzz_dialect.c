// A dialect's text through its reader and, where it is right, a program of it.
#include "buf.h"
#include "emit.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char kernel_text[] =
        "(kernel gc/f (summary \"s\") (param n 3 (range 0 9))\n"
        "(define (f x) (if (< x 1) 0 (tail (g (- x 1)))))\n"
        "(define (g x) (let ((l (list x \"a\\n\" (lambda (y) (+ y x -5)))) (b (box x))) (set-box! b 2) (f (unbox b))))\n"
        "(measure t (repeat 1) (loop ((i 0) (a 1)) (while (not (= i n))) (full-gc) (next (+ i 1) (f a)) (+ a i)))\n"
        "(expect n))";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const int64_t n = 3;
	struct emit_values v = { .params = &n };
	struct buf out = { 0 };
	struct err e = { 0 };
	struct dialect *d;
	struct kernel *k;
	char reason[256];

	if (size > 65536)
		return 0;
	if (dialect_parse("fuzz.dialect", (const char *)data, size, &d, &e) < 0) {
		if (d != NULL || strncmp(e.text, "fuzz.dialect:", 13) != 0)
			abort(); // every error names the file
		return 0;
	}
	if (kernel_parse("f.kernel", kernel_text, strlen(kernel_text), &k, &e) < 0)
		abort();
	if (emit_lacks(d, k, reason, sizeof reason) == NULL)
		emit_program(d, k, &v, &out);
	buf_deinit(&out);
	kernel_free(k);
	dialect_free(d);
	return 0;
}
