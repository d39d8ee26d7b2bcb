// Invocations in the place of tests.
#include "pairs.h"

#include "buf.h"
#include "rng.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SIDES 3U
#define COUNTED 2U        // invocations of each side in which instructions are counted
#define LAYOUT_SPAN 4096U // a page: beyond it everything repeats but for the TLB

static const char *const sides[SIDES] = { "base", "head", "control" };

// Behind the first word of a command, in the words of the runner's splitter.
static const char *behind_first_word(const char *run)
{
	char quote = '\0';

	run += strspn(run, " \t");
	for (; *run != '\0'; run++) {
		if (*run == '\\' && quote != '\'' && run[1] != '\0')
			run++;
		else if (quote != '\0')
			quote = *run == quote ? '\0' : quote;
		else if (*run == '\'' || *run == '"')
			quote = *run;
		else if (isspace((unsigned char)*run))
			break;
	}
	return run;
}

char *pairs_base_command(const char *run, const char *base)
{
	struct buf text = { 0 };

	buf_adds(&text, base);
	if (strstr(base, "{file}") == NULL)
		buf_adds(&text, run != NULL ? behind_first_word(run) : " {file}");
	return buf_take(&text);
}

// ---- making ---------------------------------------------------------------------------------------------------

struct making {
	const struct suite *from;
	const size_t *selection;
	size_t selected;
	const struct pairs_plan *plan;
	bool *paired;    // by index in the old suite
	char **commands; // of the base side
	struct suite made;
	struct rng rng;
};

static bool is_paired(void *arg, const char *id)
{
	const struct making *m = arg;
	const struct suite_test *t = suite_find(m->from, id);

	return t != NULL && m->paired[t - m->from->tests];
}

static void shuffle(unsigned order[SIDES], unsigned count, struct rng *r)
{
	for (unsigned i = count; i > 1; i--) {
		const unsigned k = (unsigned)rng_below(r, i), swap = order[i - 1];

		order[i - 1] = order[k];
		order[k] = swap;
	}
}

// One test's invocations of one pair, in random order.
static int add_pair(struct making *m, size_t index, const char *phase, unsigned pair, unsigned count)
{
	const bool plain = strcmp(phase, "count") == 0; // where the layout would be counted too
	unsigned order[SIDES] = { 0, 1, 2 };
	int rc = 0;

	shuffle(order, count, &m->rng);
	for (unsigned i = 0; rc == 0 && i < count; i++) {
		const bool is_head = order[i] == 1;
		const struct suite_invocation how = { .side = sides[order[i]],
			                              .phase = phase,
			                              .pair = pair,
			                              .layout_bytes = plain ? 0 : rng_below(&m->rng, LAYOUT_SPAN),
			                              .allocator = is_head ? NULL : m->plan->allocator,
			                              .allocator_title =
			                                      is_head ? NULL : m->plan->allocator_title };

		rc = suite_add_invocation(&m->made, &m->from->tests[index], &how,
		                          is_head ? NULL : m->commands[index], is_paired, m);
	}
	return rc;
}

static int add_phase(struct making *m, const char *phase, unsigned first, unsigned pairs, unsigned count)
{
	int rc = 0;

	for (unsigned pair = first; rc == 0 && pair < first + pairs; pair++)
		for (size_t i = 0; rc == 0 && i < m->selected; i++)
			rc = add_pair(m, m->selection[i], phase, pair, count);
	return rc;
}

static int add_phases(struct making *m)
{
	const struct pairs_plan *p = m->plan;
	const unsigned count = p->control ? SIDES : SIDES - 1;
	int rc = add_phase(m, "warmup", 0, p->warmup, SIDES - 1);

	if (rc == 0)
		rc = add_phase(m, "screen", 1, p->screen, count);
	if (rc == 0)
		rc = add_phase(m, "confirm", 1 + p->screen, p->confirm, count);
	if (rc == 0)
		rc = add_phase(m, "count", 1 + p->screen + p->confirm, p->count ? COUNTED : 0, SIDES - 1);
	return rc;
}

static int prepare(struct making *m)
{
	m->paired = calloc(m->from->count + 1, sizeof *m->paired);
	m->commands = calloc(m->from->count + 1, sizeof *m->commands);
	if (m->paired == NULL || m->commands == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < m->selected; i++) {
		const size_t index = m->selection[i];

		m->paired[index] = true;
		if (m->plan->base == NULL)
			continue;
		m->commands[index] = pairs_base_command(m->from->tests[index].meta.run, m->plan->base);
		if (m->commands[index] == NULL)
			return -ENOMEM;
	}
	rng_init(&m->rng, m->plan->seed);
	return 0;
}

// All but the tests stays.
static void take_tests(struct suite *s, struct suite *made)
{
	struct suite_test *tests = s->tests;
	const size_t count = s->count;

	s->tests = made->tests;
	s->count = made->count;
	made->tests = tests;
	made->count = count;
}

int pairs_make(struct suite *s, const size_t *selection, size_t selected, const struct pairs_plan *p,
               struct err *e)
{
	struct making m = { .from = s, .selection = selection, .selected = selected, .plan = p };
	int rc = prepare(&m);

	if (rc == 0)
		rc = add_phases(&m);
	for (size_t i = 0; m.commands != NULL && i < s->count; i++)
		free(m.commands[i]);
	free(m.commands);
	free(m.paired);
	if (rc == 0) {
		take_tests(s, &m.made);
		rc = suite_seal(s, e);
	}
	if (rc == -ENOMEM)
		err_set(e, ENOMEM, "out of memory");
	suite_deinit(&m.made);
	return rc;
}
