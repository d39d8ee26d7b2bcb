// Which test comes next, and whether it runs at all.
#include "plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DEADLY 2 // starts that took the runner with them

// A place in the depth-first walk along dependencies.
struct visit {
	size_t index;
	size_t next; // dependency to look at next
};

// Emits `root` behind all that it depends on. `stack` has room for every test: none is on it twice, since circles
// were refused when the suite was read.
static void emit(struct plan *p, const struct suite *suite, const bool *selected, bool *seen, struct visit *stack,
                 size_t root)
{
	size_t depth = 0;

	if (seen[root])
		return;
	seen[root] = true;
	stack[depth++] = (struct visit){ root, 0 };
	while (depth > 0) {
		struct visit *top = &stack[depth - 1];
		const struct strings *depends_on = &suite->tests[top->index].meta.depends_on;

		if (top->next < depends_on->count) {
			const struct suite_test *d = suite_find(suite, depends_on->items[top->next++]);
			const size_t at = d != NULL ? (size_t)(d - suite->tests) : root;

			if (d != NULL && selected[at] && !seen[at]) {
				seen[at] = true;
				stack[depth++] = (struct visit){ at, 0 };
			}
			continue;
		}
		p->order[p->count++] = top->index;
		depth--;
	}
}

int plan_make(struct plan *p, const struct runner_config *c)
{
	const struct suite *suite = c->suite;
	const size_t wanted = c->selection != NULL ? c->selected : suite->count;
	struct visit *stack = calloc(suite->count + 1, sizeof *stack);
	bool *seen = calloc(suite->count + 1, sizeof *seen);
	int rc = -ENOMEM;

	memset(p, 0, sizeof *p);
	p->run_skipped = c->run_skipped;
	p->order = calloc(suite->count + 1, sizeof *p->order);
	p->chosen = calloc(suite->count + 1, sizeof *p->chosen);
	if (stack == NULL || seen == NULL || p->order == NULL || p->chosen == NULL)
		goto out;
	for (size_t i = 0; i < wanted; i++)
		p->chosen[c->selection != NULL ? c->selection[i] : i] = true;
	for (size_t i = 0; i < wanted; i++)
		emit(p, suite, p->chosen, seen, stack, c->selection != NULL ? c->selection[i] : i);
	rc = 0;
out:
	free(stack);
	free(seen);
	return rc;
}

void plan_deinit(struct plan *p)
{
	free(p->order);
	free(p->chosen);
	memset(p, 0, sizeof *p);
}

// A dependency that is not part of this run stands in nobody's way.
static bool dependency_failed(const struct plan *p, const struct ledger *l, const char *id, struct buf *why)
{
	const struct suite_test *d = suite_find(l->suite, id);
	const struct ledger_entry *entry;
	size_t at;

	if (d == NULL)
		return false;
	at = (size_t)(d - l->suite->tests);
	entry = &l->entries[at];
	if (!p->chosen[at] && !entry->settled)
		return false;
	if (!entry->settled)
		buf_addf(why, "depends on %s, which has not run", id);
	else if (entry->verdict == VERDICT_SKIPPED || entry->verdict == VERDICT_PLANNED || !entry->as_expected)
		buf_addf(why, "depends on %s, which ended as %s", id, verdict_name(entry->verdict));
	else
		return false;
	return true;
}

enum plan_step plan_decide(const struct plan *p, const struct ledger *l, size_t index, struct buf *why)
{
	const struct test_meta *m = &l->suite->tests[index].meta;
	const struct ledger_entry *entry = &l->entries[index];

	if (entry->settled)
		return PLAN_DONE;
	if (m->planned) {
		buf_adds(why, "planned: not written yet");
		return PLAN_PLANNED;
	}
	if (m->skip != NULL && !p->run_skipped) {
		buf_adds(why, m->skip[0] != '\0' ? m->skip : "@Skip");
		return PLAN_SKIP;
	}
	for (size_t i = 0; i < m->depends_on.count; i++)
		if (dependency_failed(p, l, m->depends_on.items[i], why))
			return PLAN_SKIP;
	if (entry->deaths >= DEADLY) {
		buf_addf(why, "the runner died %u times while this test ran; the test is held to be the cause",
		         entry->deaths);
		return PLAN_DEADLY;
	}
	return PLAN_RUN;
}
