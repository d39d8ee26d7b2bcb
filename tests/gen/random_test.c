// Random kernels: the same for the same seed, right, ending, bounded, and made of everything that there is.
#include "harness.h"
#include "support.h"

#include "eval.h"
#include "form.h"
#include "io.h"
#include "random.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct buf text_of(uint64_t seed, uint64_t index, unsigned size)
{
	struct buf text = { 0 };

	assert_int_equal(random_kernel(seed, index, size, &text), 0);
	return text;
}

static struct kernel *kernel_of(uint64_t seed, uint64_t index, unsigned size)
{
	struct buf text = text_of(seed, index, size);
	struct err e = { 0 };
	struct kernel *k;

	if (kernel_parse("random.kernel", text.data, text.len, &k, &e) < 0)
		fail_msg("%s\n%s", e.text, text.data);
	buf_deinit(&text);
	return k;
}

static struct eval_result evaluate(const struct kernel *k)
{
	const struct eval_limits limits = { RANDOM_STEPS, RANDOM_MEMORY_BYTES };
	int64_t values[KERNEL_ARGS_MAX];
	struct eval_result result;
	struct err e = { 0 };

	assert_int_equal(kernel_instance_values(k, k->instances, 10, values, &e), 0);
	if (eval_kernel(k, values, &limits, &result, &e) < 0)
		fail_msg("%s: %s", k->name, e.text);
	return result;
}

CASE("random: the text is the golden one when the seed is 42")
{
	char *golden = support_read(SG_SOURCE_DIR "/tests/gen/golden/random-seed42.kernels");
	struct buf all = { 0 };

	for (uint64_t i = 0; i < 5; i++)
		assert_int_equal(random_kernel(42, i, 60, &all), 0);
	if (getenv("SG_UPDATE_GOLDEN") != NULL)
		io_replace_file(SG_SOURCE_DIR "/tests/gen/golden/random-seed42.kernels", all.data, all.len, NULL);
	else
		assert_string_equal(all.data, golden);
	buf_deinit(&all);
	free(golden);
}

CASE("random: programs differ when seed or number do")
{
	struct buf a = text_of(1, 2, 60), b = text_of(2, 1, 60), c = text_of(1, 3, 60);

	// behind their names, which differ anyway
	assert_string_not_equal(strchr(a.data, '\n'), strchr(b.data, '\n'));
	assert_string_not_equal(strchr(a.data, '\n'), strchr(c.data, '\n'));
	buf_deinit(&a);
	buf_deinit(&b);
	buf_deinit(&c);
}

CASE("random: a program is right, ends and keeps its bounds when it is of any size")
{
	static const unsigned sizes[] = { 1, 10, 60, 300, RANDOM_SIZE_MAX };

	for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
		for (uint64_t i = 0; i < (sizes[s] > 300 ? 50 : 500); i++) {
			struct kernel *k = kernel_of(77, i, sizes[s]);
			evaluate(k);
			kernel_free(k);
		}
}

CASE("random: every operation and every form occurs when there are 1000 programs")
{
	uint64_t ops[OP_COUNT] = { 0 }, nodes[NODE_TRY + 1] = { 0 }, globals = 0, tails = 0, params = 0;

	for (uint64_t i = 0; i < 1000; i++) {
		struct kernel *k = kernel_of(1, i, RANDOM_SIZE);
		for (int o = 0; o < OP_COUNT; o++)
			ops[o] += k->ops_used >> o & 1U;
		for (int n = 0; n <= NODE_TRY; n++)
			nodes[n] += k->nodes_used >> n & 1U;
		globals += k->global_count > 0;
		params += k->param_count > 0;
		tails += k->tail_calls;
		kernel_free(k);
	}
	for (int o = 0; o < OP_COUNT; o++)
		if (ops[o] < 3)
			fail_msg("'%s' occurs in %d of 1000", op_word((enum op)o), (int)ops[o]);
	for (int n = 0; n <= NODE_TRY; n++)
		if (nodes[n] < 10)
			fail_msg("node kind %d occurs in %d of 1000", n, (int)nodes[n]);
	assert_true(globals > 200 && params > 200 && tails > 50);
}

CASE("random: most programs use nothing that some language lacks")
{
	const uint64_t special = UINT64_MAX << OP_CALL_CC;
	int common = 0;

	for (uint64_t i = 0; i < 1000; i++) {
		struct kernel *k = kernel_of(3, i, RANDOM_SIZE);
		common += (k->ops_used & special & ((UINT64_C(1) << OP_COUNT) - 1)) == 0;
		kernel_free(k);
	}
	assert_true(common > 600);
}

CASE("random: results differ from program to program")
{
	int zeros = 0;

	for (uint64_t i = 0; i < 500; i++) {
		struct kernel *k = kernel_of(4, i, RANDOM_SIZE);
		zeros += evaluate(k).value == 0;
		kernel_free(k);
	}
	assert_true(zeros < 100);
}

static double mean_nodes(unsigned size, uint64_t programs)
{
	size_t nodes = 0;

	for (uint64_t i = 0; i < programs; i++) {
		struct buf text = text_of(5, i, size);
		struct forms forms = { 0 };
		struct sexp_doc *doc;
		assert_int_equal(sexp_parse("random.kernel", text.data, text.len, &doc, NULL), 0);
		nodes += form_nodes(form_copy(&forms, sexp_root(doc)));
		sexp_free(doc);
		forms_deinit(&forms);
		buf_deinit(&text);
	}
	return (double)nodes / (double)programs;
}

CASE("random: a program has about as many nodes as was asked for")
{
	static const unsigned sizes[] = { 60, 200, 1000 };

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		double mean = mean_nodes(sizes[i], 300);
		if (mean < 0.7 * sizes[i] || mean > 2.0 * sizes[i])
			fail_msg("%.0f nodes on average for %u", mean, sizes[i]);
	}
}

static void write_suite(const char *dir, uint64_t count)
{
	struct dialect *d = support_dialect("lua");
	struct gen_target target = { .dialect = d, .name = dialect_target_name(d, 0) };
	struct gen_config config = { .targets = &target,
		                     .target_count = 1,
		                     .random_count = count,
		                     .out_dir = dir,
		                     .seed = 9,
		                     .generator = "stressgen test" };
	struct err e = { 0 };

	gen_suite(&config, &e);
	assert_string_equal(e.text, "");
	dialect_free(d);
}

CASE("random: a suite holds each test's kernel, and is replaced, when it is written again")
{
	char *dir = io_join(harness_tmpdir(), "suite");
	struct suite s = { 0 };
	struct err e = { 0 };

	write_suite(dir, 20);
	write_suite(dir, 10);
	assert_int_equal(suite_load(dir, &s, &e), 0);
	assert_true(s.count > 0 && s.count <= 10);
	for (size_t i = 0; i < s.count; i++) {
		struct kernel *k;
		char *path = io_join(dir, s.tests[i].source);
		assert_int_equal(kernel_load(path, &k, &e), 0);
		assert_string_equal(s.tests[i].kernel, k->name);
		kernel_free(k);
		free(path);
	}
	suite_deinit(&s);
	free(dir);
}
