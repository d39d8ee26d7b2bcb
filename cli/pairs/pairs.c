// Invocations in the place of tests.
#include "pairs.h"

#include "buf.h"
#include "rng.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SIDES 3U          // of a plan without sides of its own
#define COUNTED 2U        // invocations of each side in which instructions are counted
#define LAYOUT_SPAN 4096U // a page: beyond it everything repeats but for the TLB

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
	const struct pairs_side *sides;
	size_t side_count, told_apart; // those that are no control come first
	unsigned *order;               // of the sides of one pair
	bool *paired;                  // by index in the old suite
	struct suite made;
	struct rng rng;
};

static bool is_paired(void *arg, const char *id)
{
	const struct making *m = arg;
	const struct suite_test *t = suite_find(m->from, id);

	return t != NULL && m->paired[t - m->from->tests];
}

static void shuffle(unsigned *order, size_t count, struct rng *r)
{
	for (unsigned i = 0; i < count; i++)
		order[i] = i;
	for (size_t i = count; i > 1; i--) {
		const size_t k = (size_t)rng_below(r, i);
		const unsigned swap = order[i - 1];

		order[i - 1] = order[k];
		order[k] = swap;
	}
}

// One side's invocation of a test.
static int add_side(struct making *m, size_t index, const struct pairs_side *side, const char *phase,
                    unsigned pair)
{
	const bool counts = strcmp(phase, "count") == 0; // where the layout would be counted too
	const struct suite_test *t = &m->from->tests[index];
	const struct suite_invocation how = { .side = side->name,
		                              .phase = phase,
		                              .pair = pair,
		                              .layout_bytes = counts ? 0 : rng_below(&m->rng, LAYOUT_SPAN),
		                              .allocator = side->allocator,
		                              .allocator_title = side->allocator_title,
		                              .variables = side->variables,
		                              .bare = m->plan->bare && strcmp(phase, "calls") != 0 };
	char *command = side->command != NULL ? pairs_base_command(t->meta.run, side->command) : NULL;
	int rc = side->command != NULL && command == NULL ? -ENOMEM : 0;

	if (rc == 0)
		rc = suite_add_invocation(&m->made, t, &how, command, is_paired, m);
	if (rc == 0 && side->memory_bytes > 0)
		m->made.tests[m->made.count - 1].meta.memory_bytes = side->memory_bytes;
	free(command);
	return rc;
}

// One test's invocations of one pair, in random order.
static int add_pair(struct making *m, size_t index, const char *phase, unsigned pair, size_t count)
{
	int rc = 0;

	shuffle(m->order, count, &m->rng);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = add_side(m, index, &m->sides[m->order[i]], phase, pair);
	return rc;
}

static int add_phase(struct making *m, const char *phase, unsigned first, unsigned pairs, size_t count)
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
	const unsigned behind = 1 + p->screen + p->confirm;
	int rc = add_phase(m, "warmup", 0, p->warmup, m->told_apart);

	if (rc == 0)
		rc = add_phase(m, "screen", 1, p->screen, m->side_count);
	if (rc == 0)
		rc = add_phase(m, "confirm", 1 + p->screen, p->confirm, m->side_count);
	if (rc == 0)
		rc = add_phase(m, "calls", behind, p->calls, m->told_apart);
	if (rc == 0)
		rc = add_phase(m, "count", behind + p->calls, p->count ? COUNTED : 0, m->told_apart);
	return rc;
}

static int prepare(struct making *m)
{
	m->paired = calloc(m->from->count + 1, sizeof *m->paired);
	m->order = calloc(m->side_count + 1, sizeof *m->order);
	if (m->paired == NULL || m->order == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < m->selected; i++)
		m->paired[m->selection[i]] = true;
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
	const struct pairs_side base = { "base", p->base, p->allocator, p->allocator_title, NULL, 0 };
	const struct pairs_side sides[SIDES] = { base,
		                                 { .name = "head" },
		                                 { "control", base.command, base.allocator, base.allocator_title,
		                                   NULL, 0 } };
	struct making m = { .from = s, .selection = selection, .selected = selected, .plan = p };
	int rc;

	m.sides = p->sides != NULL ? p->sides : sides;
	m.told_apart = p->sides != NULL ? p->side_count : SIDES - 1;
	m.side_count = m.told_apart + (p->sides == NULL && p->control);
	rc = prepare(&m);

	if (rc == 0)
		rc = add_phases(&m);
	free(m.order);
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
