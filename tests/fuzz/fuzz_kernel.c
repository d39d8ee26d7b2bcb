// A kernel's text through the parser, the checker and, where it is right, the emitters of both styles and the
// evaluator with small limits.
#include "buf.h"
#include "emit.h"
#include "eval.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct dialect *load(const char *path)
{
	struct dialect *d;

	if (dialect_load(path, &d, NULL) < 0)
		abort();
	return d;
}

static void emit(const struct dialect *d, const struct kernel *k, const struct emit_values *v)
{
	struct buf out = { 0 };
	char reason[256];

	if (emit_lacks(d, k, reason, sizeof reason) == NULL && (emit_program(d, k, v, &out) < 0 || out.len == 0))
		abort();
	buf_deinit(&out);
}

static void evaluate(const struct kernel *k, const int64_t *values)
{
	static const struct eval_limits limits = { 100000, UINT64_C(1) << 20 };
	struct eval_result out;
	struct err e = { 0 };
	int rc = eval_kernel(k, values, &limits, &out, &e);

	if (rc < 0 ? strncmp(e.text, "fuzz.kernel:", 12) != 0
	           : out.steps > limits.steps || out.peak_bytes > limits.memory_bytes ||
	                     out.value > KERNEL_INT_MAX || out.value < -KERNEL_INT_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dialect *lua, *toy; // read once, not for each of a million inputs
	int64_t values[KERNEL_ARGS_MAX];
	struct emit_values v = { .params = values };
	struct err e = { 0 };
	struct kernel *k;

	if (lua == NULL) {
		lua = load(SG_SOURCE_DIR "/gen/dialects/lua.dialect");
		toy = load(SG_SOURCE_DIR "/tests/gen/toy/mylisp.dialect");
	}
	if (size > 65536) // beyond, nothing new happens, only more slowly
		return 0;
	if (kernel_parse("fuzz.kernel", (const char *)data, size, &k, &e) < 0) {
		if (k != NULL || strncmp(e.text, "fuzz.kernel:", 12) != 0)
			abort(); // every error names the place
		return 0;
	}
	if (kernel_instance_values(k, k->instances, 10, values, &e) == 0) {
		emit(lua, k, &v);
		emit(toy, k, &v);
		evaluate(k, values);
	}
	kernel_free(k);
	return 0;
}
