// The evaluator on kernels that pass the checker: the input itself where it is one, else a random one that the
// input seeds. With small limits it ends in a result or in an error with a place, and larger limits change no
// result.
#include "buf.h"
#include "eval.h"
#include "random.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct kernel *random_one(const uint8_t *data, size_t size)
{
	uint64_t seed = 0;
	struct buf text = { 0 };
	struct kernel *k;

	memcpy(&seed, data, size < sizeof seed ? size : sizeof seed);
	if (random_kernel(seed, size, 20 + (unsigned)(seed >> 56), &text) < 0 ||
	    kernel_parse("fuzz.kernel", text.data, text.len, &k, NULL) < 0)
		abort();
	buf_deinit(&text);
	return k;
}

static int evaluate(const struct kernel *k, const int64_t *values, const struct eval_limits *limits,
                    struct eval_result *out)
{
	struct err e = { 0 };
	int rc = eval_kernel(k, values, limits, out, &e);

	if (rc < 0 && strncmp(e.text, "fuzz.kernel:", 12) != 0)
		abort(); // every error names the place
	if (rc == 0 && (out->steps > limits->steps || out->peak_bytes > limits->memory_bytes ||
	                out->value > KERNEL_INT_MAX || out->value < -KERNEL_INT_MAX))
		abort();
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	// the second must collect, and copy its calls, more often than the third
	static const struct eval_limits tiny = { 300, 4096 }, small = { 100000, UINT64_C(64) << 10 },
	                                large = { 200000, UINT64_C(4) << 20 };
	int64_t values[KERNEL_ARGS_MAX];
	struct eval_result first, second;
	struct kernel *k;

	if (size > 65536)
		return 0;
	if (kernel_parse("fuzz.kernel", (const char *)data, size, &k, NULL) < 0)
		k = random_one(data, size);
	if (kernel_instance_values(k, k->instances, 10, values, NULL) == 0) {
		evaluate(k, values, &tiny, &first);
		if (evaluate(k, values, &small, &first) == 0 &&
		    (evaluate(k, values, &large, &second) < 0 || first.value != second.value))
			abort();
	}
	kernel_free(k);
	return 0;
}
