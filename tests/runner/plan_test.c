// The order of running.
#include "lab.h"
#include "plan.h"

// A suite of n tests "t0".."t(n-1)"; `edges` are pairs "test depends on".
static struct suite make_suite(size_t n, const size_t (*edges)[2], size_t edge_count)
{
	struct suite s = { 0 };

	for (size_t i = 0; i < n; i++) {
		struct suite_test *t = suite_add(&s);
		char id[32];

		snprintf(id, sizeof id, "t%zu", i);
		assert_non_null(t);
		t->id = strdup(id);
		t->path = strdup(id);
	}
	for (size_t i = 0; i < edge_count; i++) {
		const char *id = s.tests[edges[i][1]].id;

		assert_int_equal(strings_add(&s.tests[edges[i][0]].meta.depends_on, id, strlen(id)), 0);
	}
	return s;
}

static void expect_order(const struct plan *p, const size_t *order, size_t count)
{
	assert_int_equal(p->count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(p->order[i], order[i]);
}

CASE("plan: without dependencies the order is that of the list")
{
	struct suite s = make_suite(4, NULL, 0);
	const struct runner_config c = { .suite = &s };
	struct plan p;

	assert_int_equal(plan_make(&p, &c), 0);
	expect_order(&p, (const size_t[]){ 0, 1, 2, 3 }, 4);
	plan_deinit(&p);
	suite_deinit(&s);
}

CASE("plan: dependencies come first, each once, and the rest keeps its order")
{
	const size_t edges[][2] = { { 0, 3 }, { 3, 5 }, { 1, 3 }, { 2, 1 } };
	struct suite s = make_suite(6, edges, 4);
	const struct runner_config c = { .suite = &s };
	struct plan p;

	assert_int_equal(plan_make(&p, &c), 0);
	expect_order(&p, (const size_t[]){ 5, 3, 0, 1, 2, 4 }, 6);
	plan_deinit(&p);
	suite_deinit(&s);
}

CASE("plan: a test that is selected twice runs once, and what is not selected does not run")
{
	const size_t edges[][2] = { { 0, 3 } };
	const size_t selection[] = { 2, 0, 2 };
	struct suite s = make_suite(4, edges, 1);
	const struct runner_config c = { .suite = &s, .selection = selection, .selected = 3 };
	struct plan p;

	assert_int_equal(plan_make(&p, &c), 0);
	expect_order(&p, (const size_t[]){ 2, 0 }, 2);
	assert_false(p.chosen[3]);
	plan_deinit(&p);
	suite_deinit(&s);
}

CASE("plan: a chain of ten thousand dependencies needs no deep stack")
{
	const size_t n = 10000;
	size_t(*edges)[2] = calloc(n - 1, sizeof *edges);
	struct suite s;
	struct runner_config c = { .suite = &s };
	struct plan p;

	for (size_t i = 0; i + 1 < n; i++) {
		edges[i][0] = i;
		edges[i][1] = i + 1;
	}
	s = make_suite(n, (const size_t(*)[2])edges, n - 1);
	for (size_t i = 0; i < n; i++)
		s.tests[i].hash = strdup("00000000");
	assert_int_equal(suite_seal(&s, NULL), 0);
	assert_int_equal(plan_make(&p, &c), 0);
	assert_int_equal(p.count, n);
	assert_int_equal(p.order[0], n - 1);
	assert_int_equal(p.order[n - 1], 0);
	plan_deinit(&p);
	suite_deinit(&s);
	free(edges);
}
