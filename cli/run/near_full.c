// How little memory the embedded Lua or the evaluator needs for each near-full test: its slab gets 1.05 times
// that.
#include "clock.h"
#include "pipeline.h"
#include "tool.h"
#include "units.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define PARAM "near-full-slab-capacity"
#define PAGE UINT64_C(4096)
#define MEASURE_NS (60 * SG_NS_PER_S)
// The collector thrashes near the least slab of all: one in which a program takes longer than so many times what
// it takes with plenty is held to be too small.
#define SLOWER 10U
#define LEAST_NS (500 * SG_NS_PER_MS)

struct trial {
	const char *program, *file;
	uint64_t limit_ns;
};

static struct param *find_param(const struct suite_test *t)
{
	for (size_t i = 0; i < t->meta.param_count; i++)
		if (strcmp(t->meta.params[i].name, PARAM) == 0 && strcmp(t->meta.params[i].value, "auto") == 0)
			return &t->meta.params[i];
	return NULL;
}

static char *word(const char *text)
{
	return (char *)(uintptr_t)text; // only read
}

// The peak with plenty of memory, and a limit for runs with less. 0 or -errno.
static int measure_peak(struct trial *t, uint64_t *peak)
{
	char *argv[] = { word(t->program), word("--measure"), word(t->file), NULL };
	uint64_t start = clock_now_ns();
	struct buf out = { 0 };
	int status = 0;
	int r = tool_run(argv, MEASURE_NS, false, &out, &status);

	t->limit_ns = (clock_now_ns() - start) * SLOWER;
	t->limit_ns = t->limit_ns > LEAST_NS ? t->limit_ns : LEAST_NS;
	if (r == 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
		r = -EINVAL;
	*peak = strtoull(buf_text(&out), NULL, 10);
	buf_deinit(&out);
	return r == 0 && *peak == 0 ? -EINVAL : r;
}

static bool fits(const struct trial *t, uint64_t capacity)
{
	char number[32];
	char *argv[] = { word(t->program),
		         word("--pool"),
		         word("slab-fixed"),
		         word("--capacity"),
		         number,
		         word(t->file),
		         NULL };
	struct buf out = { 0 };
	int status = 0;
	int r;

	snprintf(number, sizeof number, "%llu", (unsigned long long)capacity);
	r = tool_run(argv, t->limit_ns, true, &out, &status);
	buf_deinit(&out);
	return r == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// To a percent. 0, or -errno when it does not even run with plenty.
static int measure_need(struct trial *t, uint64_t *need)
{
	uint64_t low, high = 0;
	int r = measure_peak(t, &high);

	if (r < 0)
		return r;
	low = high / 16;
	high = (high / PAGE + 1) * PAGE;
	while (high - low > high / 100 + PAGE) {
		uint64_t middle = low + (high - low) / 2;
		if (fits(t, middle))
			high = middle;
		else
			low = middle;
	}
	*need = high;
	return 0;
}

static int set_capacity(struct pipeline *j, const struct suite_test *test, struct param *p, struct err *e)
{
	char need_text[32], slab_text[32], *file = suite_test_path(&j->suite, test), *value = NULL;
	bool kernel = test->meta.run != NULL && strstr(test->meta.run, "{stressgen:eval}") != NULL;
	struct trial t = { .program = kernel ? j->app->paths.eval : j->app->paths.lua, .file = file };
	uint64_t need = 0, capacity;
	int r = file == NULL ? -ENOMEM : measure_need(&t, &need);

	free(file);
	if (r < 0)
		return err_set(e, EINVAL,
		               "%s: could not measure how much memory it needs (%s); leave it out with "
		               "--filter 'all - tag(near-full)'",
		               test->id, strerror(-r));
	capacity = (need + need / 20 + PAGE - 1) / PAGE * PAGE;
	if (asprintf(&value, "%llu", (unsigned long long)capacity) < 0)
		return err_set(e, ENOMEM, "out of memory");
	free(p->value);
	p->value = value;
	say(j->app, "%s needs %s; its slab gets %s", test->id, units_bytes(need_text, sizeof need_text, need),
	    units_bytes(slab_text, sizeof slab_text, capacity));
	return 0;
}

int pipeline_near_full(struct pipeline *j, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < j->selected; i++) {
		const struct suite_test *t = &j->suite.tests[j->selection[i]];
		struct param *p = find_param(t);
		if (p != NULL)
			r = set_capacity(j, t, p, e);
	}
	return r;
}
