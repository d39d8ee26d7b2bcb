// The load of one thread: sets up its links, runs their loop, and gathers what came of it.
#include "load.h"

#include "clock.h"
#include "link.h"
#include "units.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static uint64_t process_cpu_ns(void)
{
	struct rusage r;
	getrusage(RUSAGE_SELF, &r);
	return ((uint64_t)r.ru_utime.tv_sec + (uint64_t)r.ru_stime.tv_sec) * SG_NS_PER_S +
	       ((uint64_t)r.ru_utime.tv_usec + (uint64_t)r.ru_stime.tv_usec) * SG_NS_PER_US;
}

// ---- timers -------------------------------------------------------------------------------------------------

static void on_warm(uv_timer_t *timer)
{
	struct load *load = timer->data;
	load->measured_from_ns = load->first_ns = clock_now_ns();
}

static void on_duration(uv_timer_t *timer)
{
	struct load *load = timer->data;
	load->time_up = true;
	for (unsigned i = 0; i < load->config->scenario->connections; i++)
		link_wake(&load->links[i]);
}

static void say_timed_out(struct load *load)
{
	struct h2_load_result *r = load->result;
	const struct scenario *s = load->config->scenario;
	uint64_t under_way = r->begun - r->right - r->wrong;
	unsigned silent = 0;
	char time[32];
	for (unsigned i = 0; i < s->connections; i++)
		silent += load->links[i].client && !load->links[i].ready;
	units_duration(time, sizeof(time), s->deadline_ns);
	int n = snprintf(r->trouble, sizeof(r->trouble),
	                 "%s: the deadline of %s came first: ", load->config->target->authority, time);
	if (silent > 0)
		snprintf(r->trouble + n, sizeof(r->trouble) - (size_t)n,
		         "on %u of %u connections the server did not answer with its SETTINGS", silent,
		         s->connections);
	else
		snprintf(r->trouble + n, sizeof(r->trouble) - (size_t)n, "%llu requests were under way unanswered",
		         (unsigned long long)under_way);
}

static void on_deadline(uv_timer_t *timer)
{
	struct load *load = timer->data;
	if (load->result->trouble[0] == '\0')
		say_timed_out(load);
	load->result->timed_out = true;
	load->time_up = true;
	for (unsigned i = 0; i < load->config->scenario->connections; i++)
		link_abort(&load->links[i]);
	h2_assault_abort(load->assault);
}

static uint64_t whole_ms(uint64_t ns)
{
	return (ns + SG_NS_PER_MS - 1) / SG_NS_PER_MS;
}

static void start_timers(struct load *load)
{
	const struct scenario *s = load->config->scenario;
	uv_timer_init(&load->hub.loop, &load->deadline);
	uv_timer_init(&load->hub.loop, &load->duration);
	uv_timer_init(&load->hub.loop, &load->warm_up);
	load->warm_up.data = load->deadline.data = load->duration.data = load;
	uv_timer_start(&load->deadline, on_deadline, whole_ms(s->deadline_ns), 0);
	if (s->duration_ns)
		uv_timer_start(&load->duration, on_duration, whole_ms(s->warm_up_ns + s->duration_ns), 0);
	if (s->warm_up_ns) {
		load->measured_from_ns = UINT64_MAX;
		uv_timer_start(&load->warm_up, on_warm, whole_ms(s->warm_up_ns), 0);
	}
}

void load_link_ended(struct load *load)
{
	if (--load->open_links > 0)
		return;
	uv_close((uv_handle_t *)&load->warm_up, NULL);
	uv_close((uv_handle_t *)&load->deadline, NULL);
	uv_close((uv_handle_t *)&load->duration, NULL);
}

// ---- setting up ---------------------------------------------------------------------------------------------

static int make_results(struct h2_load_result *r, const struct scenario *s)
{
	r->planned = s->duration_ns && !s->requests ? 0 : s->requests;
	r->connect = hist_new(3);
	r->tallies = calloc(s->count, sizeof(*r->tallies));
	if (!r->connect || !r->tallies)
		return -ENOMEM;
	r->count = s->count;
	for (size_t i = 0; i < s->count; i++)
		if (!(r->tallies[i].latency = hist_new(3)))
			return -ENOMEM;
	h2_counters_init(&r->counters, telemetry_open(TELE_CLIENT, "stressgen-h2", NULL));
	return 0;
}

static int prepare(struct load *load)
{
	const struct h2_load_config *c = load->config;
	const struct scenario *s = c->scenario;
	load->prepared = calloc(s->count, sizeof(*load->prepared));
	load->round = calloc(s->round, sizeof(*load->round));
	load->links = calloc(s->connections, sizeof(*load->links));
	load->pool = h2_pool_new();
	if (!load->prepared || !load->round || !load->links || !load->pool)
		return -ENOMEM;
	for (size_t i = 0, at = 0; i < s->count; i++) {
		int rc = h2_prepare(&load->prepared[i], &s->items[i], c->target->authority, c->reflects);
		if (rc < 0)
			return rc;
		for (unsigned k = 0; k < s->items[i].weight; k++)
			load->round[at++] = (uint16_t)i;
	}
	return 0;
}

// Each link has its share of the requests from the beginning: the same scenario puts the same on each.
static int open_links(struct load *load)
{
	const struct scenario *s = load->config->scenario;
	for (unsigned i = 0; i < s->connections; i++) {
		uint64_t share = s->requests / s->connections + (i < s->requests % s->connections);
		uint64_t quota = s->requests ? share : UINT64_MAX;
		uint32_t slots = quota < s->streams ? (uint32_t)(quota ? quota : 1) : s->streams;
		int rc = link_open(&load->links[i], load, quota, slots);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static void on_assault_ended(void *arg)
{
	load_link_ended(arg);
}

static int start_attack(struct load *load)
{
	const struct h2_attack *attack = load->config->scenario->attack;
	if (!attack)
		return 0;
	int rc = h2_assault_start(&load->assault, &load->hub, attack, load->config->target, &load->result->assault,
	                          on_assault_ended, load);
	load->open_links += rc == 0;
	return rc;
}

static int perform(struct load *load)
{
	uint64_t cpu = process_cpu_ns();
	start_timers(load);
	load->open_links = 1; // the opening itself, so that the timers outlive it
	int rc = open_links(load);
	if (rc == 0)
		rc = start_attack(load);
	if (rc < 0)
		for (unsigned i = 0; i < load->config->scenario->connections; i++)
			link_abort(&load->links[i]);
	load_link_ended(load);
	uv_run(&load->hub.loop, UV_RUN_DEFAULT);
	load->result->cpu_ns = process_cpu_ns() - cpu;
	if (load->last_ns > load->first_ns)
		load->result->elapsed_ns = load->last_ns - load->first_ns;
	return rc;
}

int h2_load_run(const struct h2_load_config *config, struct h2_load_result *r, struct err *e)
{
	struct load *load = calloc(1, sizeof(*load));
	int rc = load ? make_results(r, config->scenario) : -ENOMEM;
	if (rc < 0)
		goto out;
	load->config = config;
	load->result = r;
	rc = prepare(load);
	if (rc < 0)
		goto out;
	rc = hub_init(&load->hub);
	if (rc < 0)
		goto out;
	load->hub.tap = config->tap;
	rc = perform(load);
	hub_deinit(&load->hub);
out:
	if (load) {
		for (size_t i = 0; load->links && i < config->scenario->connections; i++)
			link_deinit(&load->links[i]);
		for (size_t i = 0; load->prepared && i < config->scenario->count; i++)
			h2_prepared_deinit(&load->prepared[i]);
		h2_assault_free(load->assault);
		h2_pool_free(load->pool);
		free(load->links);
		free(load->prepared);
		free(load->round);
		free(load);
	}
	return rc < 0 ? err_set(e, -rc, "the load cannot begin: %s", strerror(-rc)) : 0;
}

void h2_load_result_deinit(struct h2_load_result *r)
{
	for (size_t i = 0; i < r->count; i++)
		hist_free(r->tallies[i].latency);
	free(r->tallies);
	hist_free(r->connect);
	*r = (struct h2_load_result){ 0 };
}
