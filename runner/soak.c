// A soak: the plan again and again, with a small record for each test in each pass. A whole result is kept of the
// first pass, and of whatever did not end as expected.
#include "run_loop.h"

#include "clock.h"

#include <errno.h>

static uint64_t soaked_ns(const struct run_loop *run)
{
	return clock_now_ns() - run->soak_start_ns;
}

void run_soak_begin(struct run_loop *run)
{
	if (run->config->soak_ns == 0)
		return;
	run->pass = run->ledger.soak_pass > 0 ? run->ledger.soak_pass : 1;
	run->soak_start_ns = clock_now_ns() - run->ledger.soak_ms * SG_NS_PER_MS;
	run->ran_in_pass = 1; // a resumed pass may have nothing left to do
}

bool run_soak_is_over(const struct run_loop *run)
{
	return run->pass > 1 && soaked_ns(run) >= run->config->soak_ns;
}

bool run_soak_next_pass(struct run_loop *run)
{
	int rc;

	if (run->pass == 0 || run->ran_in_pass == 0 || soaked_ns(run) >= run->config->soak_ns)
		return false;
	run->pass++;
	run->ran_in_pass = 0;
	run->settled = 0;
	ledger_next_pass(&run->ledger);
	schedule_deinit(&run->schedule);
	rc = schedule_init(&run->schedule, run->config->suite, &run->plan, run->worker_count);
	if (rc < 0)
		run->rc = err_set(run->err, -rc, "pass %llu of the soak: out of memory",
		                  (unsigned long long)run->pass);
	return rc == 0;
}

bool run_soak_record(struct run_loop *run, size_t position, const struct result *r)
{
	const size_t test = run->plan.order[position];

	if (run->pass == 0 || r->verdict == VERDICT_SKIPPED || r->verdict == VERDICT_PLANNED)
		return true;
	if (r->verdict == VERDICT_INTERRUPTED)
		return run->pass == 1 || run_journalled(run, ledger_write_soak_cut(&run->ledger, test));
	run->ran_in_pass++;
	return run_journalled(run,
	                      ledger_write_soak(&run->ledger, test, r, run->pass, soaked_ns(run) / SG_NS_PER_MS));
}
