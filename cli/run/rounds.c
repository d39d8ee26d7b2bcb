// A run in rounds.
#include "rounds.h"

#include "verdict.h"

#include <errno.h>
#include <stdlib.h>

int rounds_run(struct rounds *r, rounds_wanted wanted, const void *arg, struct err *e)
{
	struct pipeline *j = r->j;
	int rc;

	free(j->selection);
	j->selection = calloc(j->suite.count + 1, sizeof *j->selection);
	j->selected = 0;
	if (j->selection == NULL)
		return err_set(e, ENOMEM, "out of memory");
	for (size_t i = 0; i < j->suite.count; i++)
		if (wanted(arg, j->suite.tests[i].invocation))
			j->selection[j->selected++] = i;
	r->summary = (struct runner_summary){ 0 };
	rc = pipeline_execute(j, r->begun, &r->summary, e);
	r->begun = true;
	return rc;
}

bool rounds_broke_off(const struct rounds *r)
{
	const struct runner_summary *s = &r->summary;

	return s->stop_signal != 0 || s->protected || s->untrusted || s->suite_timed_out;
}

int rounds_broken_code(const struct rounds *r)
{
	const struct runner_summary *s = &r->summary;

	pipeline_say_why(r->j, s);
	if (s->stop_signal != 0)
		return SG_EXIT_SIGNAL + s->stop_signal;
	return s->protected ? SG_EXIT_PROTECTED : s->untrusted ? SG_EXIT_UNTRUSTED : SG_EXIT_TESTS;
}

int rounds_samples(const struct rounds *r, struct samples *s, struct err *e)
{
	struct run run = { 0 };
	int rc = run_load(r->j->run_dir, &run, e);

	if (rc == 0)
		rc = samples_init(s);
	if (rc == 0)
		rc = samples_add_pairs(s, &run);
	if (rc == -ENOMEM)
		err_set(e, ENOMEM, "out of memory");
	run_deinit(&run);
	return rc;
}

int rounds_report(const struct rounds *r, struct err *e)
{
	struct run run = { 0 };
	int rc = run_load(r->j->run_dir, &run, e);

	if (rc == 0)
		rc = report_all(&run, e);
	run_deinit(&run);
	return rc;
}
