// Reading kernels and dialects, evaluating and writing programs, with the n-th allocation failing, for every n: an
// error that says so, and nothing left behind (the sanitised build sees leaks). The linker puts our malloc and its
// kin in place.
#include "harness.h"
#include "support.h"

#include "buf.h"
#include "emit.h"
#include "eval.h"
#include "random.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);

static struct {
	bool armed, denied;
	unsigned left; // allocations that still succeed
} failing;

static bool deny(void)
{
	if (!failing.armed || failing.left-- > 0)
		return false;
	failing.armed = false;
	failing.denied = true;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return deny() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return deny() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return deny() ? NULL : __real_realloc(p, size);
}

// Runs `work` with each allocation denied once, until one run needs none that is denied.
static void deny_each(int (*work)(const char *text, struct err *e), const char *path)
{
	char *text = support_read(path);
	unsigned n = 0;
	int rc;

	do {
		struct err e = { 0 };
		failing.left = n++;
		failing.denied = false;
		failing.armed = true;
		rc = work(text, &e);
		failing.armed = false;
		assert_int_equal(rc, failing.denied ? -ENOMEM : 0);
		assert_true(!failing.denied || e.text[0] != 0);
	} while (failing.denied);
	assert_true(n > 5);
	free(text);
}

static int read_kernel(const char *text, struct err *e)
{
	struct kernel *k;
	int rc = kernel_parse("k.kernel", text, strlen(text), &k, e);

	kernel_free(k);
	return rc;
}

static int read_dialect(const char *text, struct err *e)
{
	struct dialect *d;
	int rc = dialect_parse("d.dialect", text, strlen(text), &d, e);

	dialect_free(d);
	return rc;
}

static struct dialect *dialect;

static int write_program(const char *text, struct err *e)
{
	const int64_t five = 5;
	struct emit_values v = { .params = &five };
	struct buf out = { 0 };
	struct kernel *k;
	bool armed = failing.armed;
	int rc;

	failing.armed = false;
	k = support_kernel(text);
	failing.armed = armed;
	rc = dialect != NULL ? emit_program(dialect, k, &v, &out) : kernel_write(k, NULL, &out);
	failing.armed = false;
	err_set(e, ENOMEM, "the caller says it");
	buf_deinit(&out);
	kernel_free(k);
	return rc;
}

// The limits let it collect while memory ends.
static int evaluate(const char *text, struct err *e)
{
	const struct eval_limits limits = { 10000000, 1U << 20 };
	struct kernel *k;
	struct eval_result out;
	int64_t values[KERNEL_ARGS_MAX];
	bool armed = failing.armed;
	int rc;

	failing.armed = false;
	k = support_kernel(text);
	kernel_instance_values(k, k->instances, 10, values, NULL);
	failing.armed = armed;
	rc = eval_kernel(k, values, &limits, &out, e);
	failing.armed = false;
	kernel_free(k);
	return rc;
}

CASE("gen_nomem: a kernel is not evaluated when any allocation fails")
{
	deny_each(evaluate, SG_SOURCE_DIR "/tests/gen/kernels/everything.kernel");
	deny_each(evaluate, SG_SOURCE_DIR "/tests/gen/kernels/maps.kernel");
	deny_each(evaluate, SG_SOURCE_DIR "/tests/gen/kernels/flow.kernel");
	deny_each(evaluate, SG_SOURCE_DIR "/gen/kernels/gc/interleaved.kernel");
}

CASE("gen_nomem: a kernel is refused when any allocation fails")
{
	deny_each(read_kernel, SG_SOURCE_DIR "/tests/gen/kernels/everything.kernel");
}

CASE("gen_nomem: a dialect is refused when any allocation fails")
{
	deny_each(read_dialect, SG_SOURCE_DIR "/gen/dialects/lua.dialect");
}

CASE("gen_nomem: a program is not written when any allocation fails")
{
	dialect = support_dialect("lua");
	deny_each(write_program, SG_SOURCE_DIR "/tests/gen/kernels/everything.kernel");
	dialect_free(dialect);
	dialect = support_dialect("mylisp");
	deny_each(write_program, SG_SOURCE_DIR "/tests/gen/kernels/everything.kernel");
	dialect_free(dialect);
}

CASE("gen_nomem: a kernel is not written back when any allocation fails")
{
	dialect = NULL;
	deny_each(write_program, SG_SOURCE_DIR "/tests/gen/kernels/flow.kernel");
}

static int write_random(__attribute__((unused)) const char *text, struct err *e)
{
	struct buf out = { 0 };
	int rc = random_kernel(1, 2, 200, &out);

	err_set(e, ENOMEM, "the caller says it");
	buf_deinit(&out);
	return rc;
}

CASE("gen_nomem: a random kernel is not made when any allocation fails")
{
	deny_each(write_random, SG_SOURCE_DIR "/tests/gen/kernels/maps.kernel");
}
