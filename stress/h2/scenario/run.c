// One scenario: read, performed against a server, reported.
#include "run.h"

#include "buf.h"
#include "child.h"
#include "figures.h"
#include "harm.h"
#include "lines.h"
#include "live.h"
#include "load.h"
#include "report.h"
#include "units.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

// What a runtime tells of itself at its end: pauses of its collector, and gauges. The pauses stand below the
// load's latencies in a line for a person too.
static void add_said(const struct buf *said, struct buf *lines)
{
	uint64_t count = 0, sum = 0, longest = 0, ns;
	for (const char *line = buf_text(said), *end; (end = strchr(line, '\n')); line = end + 1) {
		const bool pause = sscanf(line, "@@ gc %" SCNu64, &ns) == 1;
		if (pause || strncmp(line, "@@ gauge ", 9) == 0)
			buf_add(lines, line, (size_t)(end + 1 - line));
		count += pause;
		sum += pause ? ns : 0;
		longest = pause && ns > longest ? ns : longest;
	}
	if (count > 0) {
		char all[32], most[32];
		units_duration(all, sizeof(all), sum);
		units_duration(most, sizeof(most), longest);
		buf_addf(lines, "its collector paused %" PRIu64 " times, %s in all, %s at most\n", count, all,
		         most);
	}
}

// Holds what came of it against the scenario's limits.
static bool judge(const struct scenario *s, const struct h2_load_result *r, const struct h2_harm *harm,
                  struct buf *lines)
{
	struct h2_spent spent = { .attacked = s->attack != NULL, .reaction_ns = r->assault.reaction_ns };
	struct hist *total = h2_report_latencies(r);
	if (total)
		spent.p99_ns = hist_percentile(total, 99);
	hist_free(total);
	if (harm)
		h2_harm_spent(harm, &spent);
	return h2_limits_judge(&s->limits, &spent, lines);
}

static int report(const struct h2_run_config *c, const struct h2_load_result *r,
                  const struct h2_child_usage *usage, const struct buf *said, const struct h2_harm *harm,
                  bool *passed, struct err *e)
{
	struct buf lines = { 0 };
	*passed = h2_report(c->scenario, r, usage, &lines);
	if (harm)
		*passed &= h2_harm_report(harm, &lines);
	*passed &= judge(c->scenario, r, harm, &lines);
	add_said(said, &lines);
	if (!r->timed_out && !r->stopped)
		buf_adds(&lines, "@@ done\n");
	int rc = lines.failed ? -ENOMEM : 0;
	if (rc == 0 && (fwrite(lines.data, 1, lines.len, c->out) != lines.len || fflush(c->out) != 0))
		rc = -EIO;
	buf_deinit(&lines);
	if (rc < 0)
		return err_set(e, -rc, "the report cannot be written: %s", strerror(-rc));
	if (r->trouble[0] != '\0')
		err_set(e, ECONNABORTED, "%s", r->trouble);
	return 0;
}

static pid_t pid_of(const struct h2_run_config *c, const struct h2_child *server)
{
	return c->target ? c->server_pid : server->pid;
}

static int start_server(const struct h2_run_config *c, struct h2_child *server, struct err *e)
{
	if (c->target)
		return 0;
	if (c->server_command)
		return h2_child_start_command(server, c->server_command, e);
	return h2_child_start(server, c->program, c->server_engine, &c->scenario->server, e);
}

// The trials and what they found, in sample lines of their own.
static int search(const struct h2_run_config *c, const struct h2_load_config *load, struct h2_load_result *r,
                  uint64_t *highest, struct err *e)
{
	struct buf lines = { 0 };
	uint64_t rate = 0;
	int rc = h2_search_run(load, r, &rate, &lines, e);
	*highest = rate;
	h2_gauge(&lines, "max_rate", (double)rate, "req/s");
	if (rc == 0 && h2_search_is_cut(r))
		h2_check(&lines, "find-max-rate", false, "broken off; %" PRIu64 "/s held until then", rate);
	else
		h2_check(&lines, "find-max-rate", rate > 0, rate ? "%llu/s" : "the goal does not hold at any rate",
		         (unsigned long long)rate);
	if (rc == 0 && fwrite(buf_text(&lines), 1, lines.len, c->out) != lines.len)
		rc = err_set(e, EIO, "the report cannot be written: %s", strerror(errno));
	buf_deinit(&lines);
	return rc;
}

// `highest`: the rate that was found, where one was searched for; 0: none holds.
static void tell_figures(struct h2_live *live, const struct scenario *s, const struct h2_load_result *r,
                         uint64_t highest)
{
	struct hist *total = h2_report_latencies(r);
	struct buf text = { 0 };
	char rate[32];
	units_count(rate, sizeof(rate), highest);
	if (s->goal.count && h2_search_is_cut(r))
		buf_addf(&text, "the search was broken off; %s/s held until then; its last trial:\n", rate);
	else if (s->goal.count && highest > 0)
		buf_addf(&text, "highest rate that holds: %s/s; its last trial:\n", rate);
	else if (s->goal.count)
		buf_adds(&text, "the goal does not hold at any rate\n");
	if (total)
		h2_figures(s, r, total, &text);
	h2_live_end(live, &text);
	buf_deinit(&text);
	hist_free(total);
}

int h2_run(const struct h2_run_config *c, bool *passed, struct err *e)
{
	struct h2_target own;
	struct h2_child server = { .out = -1, .life = -1 };
	struct h2_child_usage usage = { 0 };
	struct h2_load_result result = { 0 };
	struct h2_harm harm = { 0 };
	uint64_t highest = 1; // of none that is searched for
	const bool measures = scenario_measures_harm(c->scenario);
	int stopped;
	const struct h2_load_config load = {
		.scenario = c->scenario,
		.target = c->target ? c->target : &own,
		.engine = c->engine,
		.reflects = !c->target && !c->server_command,
		.stoppable = !measures && !c->scenario->attack, // which are more than the load
		.tap = c->tap,
		.log = c->log,
		.live = h2_live_open(c->scenario->threads),
	};
	struct buf said = { 0 };
	int rc = start_server(c, &server, e);
	h2_target_local(&own, server.port);
	own.tls = c->server_tls;
	snprintf(own.host, sizeof(own.host), "localhost");
	if (rc == 0 && measures)
		rc = h2_harm_begin(&harm, load.target, c->scenario, pid_of(c, &server), e);
	if (rc == 0 && c->scenario->goal.count)
		rc = search(c, &load, &result, &highest, e);
	else if (rc == 0)
		rc = h2_load_run(&load, &result, e);
	if (measures && harm.calm)
		h2_harm_end(&harm, &result.assault);
	h2_child_stop_hearing(&server, &usage, &said);
	if (rc == 0)
		rc = report(c, &result, c->target ? NULL : &usage, &said, measures ? &harm : NULL, passed, e);
	*passed &= highest > 0;
	if (rc == 0 && load.live)
		tell_figures(load.live, c->scenario, &result, highest);
	h2_live_close(load.live);
	stopped = result.stopped;
	h2_load_result_deinit(&result);
	buf_deinit(&said);
	h2_harm_deinit(&harm);
	return rc < 0 ? rc : stopped;
}
