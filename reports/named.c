#include "named.h"

#include "text.h"

#include <string.h>

const char *named_title(enum named which)
{
	static const char *const titles[NAMED_COUNT] = { [NAMED_INTERRUPTED] = "interrupted",
		                                         [NAMED_SKIPPED] = "skipped",
		                                         [NAMED_FLAKY] = "flaky",
		                                         [NAMED_RAN_AGAIN] = "ran again",
		                                         [NAMED_QUARANTINED] = "in quarantine" };

	return titles[which];
}

const char *named_why(struct view *v, const struct view_test *t, enum named which)
{
	const struct result *r = t->r;
	const char *why = NULL;

	switch (which) {
	case NAMED_INTERRUPTED:
		why = r->verdict == VERDICT_INTERRUPTED ? r->evidence : NULL;
		break;
	case NAMED_SKIPPED:
		why = r->verdict == VERDICT_SKIPPED ? r->evidence : NULL;
		break;
	case NAMED_FLAKY:
		why = r->verdict == VERDICT_FLAKY ? r->evidence : NULL;
		break;
	case NAMED_RAN_AGAIN: // after the run had broken off
		if (r->evidence != NULL && r->verdict != VERDICT_INTERRUPTED)
			why = strstr(r->evidence, SG_INTERRUPTED_BEFORE);
		break;
	case NAMED_QUARANTINED:
		if (r->quarantine != NULL)
			return text_make(&v->arena, "%s, %s", verdict_name(r->verdict),
			                 text_line(&v->arena, r->quarantine));
		break;
	case NAMED_COUNT:
		break;
	}
	return why != NULL ? text_line(&v->arena, why) : NULL;
}

struct case_counts named_cases(const struct view *v)
{
	struct case_counts n = { 0 };

	for (size_t i = 0; i < v->count; i++) {
		const struct result *r = v->tests[i].r;

		n.tests += r->case_count > 0;
		for (size_t k = 0; k < r->case_count; k++) {
			n.passed += r->cases[k].verdict == VERDICT_PASSED;
			n.skipped += r->cases[k].verdict == VERDICT_SKIPPED;
			n.failed += verdict_is_bad(r->cases[k].verdict);
		}
	}
	return n;
}
