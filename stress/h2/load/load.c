// The load: in each thread its links and their loop; what came of it is put together.
#include "load.h"

#include "clock.h"
#include "link.h"
#include "live.h"
#include "units.h"

#include <errno.h>
#include <pthread.h>
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

static uint64_t whole_ms(uint64_t ns)
{
	return (ns + SG_NS_PER_MS - 1) / SG_NS_PER_MS;
}

// ---- timers -------------------------------------------------------------------------------------------------

void load_wake_all(struct load *load)
{
	for (unsigned i = 0; i < load->link_count; i++)
		link_wake(&load->links[i]);
}

bool load_is_closing(const struct load *load)
{
	return load->pace.on ? load->pace.ended : load->time_up;
}

bool load_is_settled(const struct load *load)
{
	const struct h2_load_result *r = load->result;
	return load_is_closing(load) && r->begun == r->right + r->wrong;
}

void load_settle(struct load *load)
{
	if (load->settled || !load_is_settled(load))
		return;
	load->settled = true;
	load_wake_all(load);
}

#define LATE_MS 10

// A server may be late: one request at least is measured, or the deadline comes.
static void on_duration(uv_timer_t *timer)
{
	struct load *load = timer->data;
	if (load->result->begun == load->warm_begun) {
		uv_timer_start(timer, on_duration, LATE_MS, 0);
		return;
	}
	load->time_up = true;
	load->until_ns = clock_now_ns();
	load_wake_all(load);
}

// The time that is measured begins now, however late that is: a process that had no CPU has the whole of it, too.
static void on_warm(uv_timer_t *timer)
{
	struct load *load = timer->data;
	const struct scenario *s = load->config->scenario;
	load->result->warm_bytes_in = *load->result->counters.cell[H2_BYTES_IN];
	if (load->pace.on) // which knew the moment from its beginning
		return;
	uv_update_time(&load->hub.loop);
	load->warm_begun = load->result->begun;
	load->measured_from_ns = load->first_ns = clock_now_ns();
	if (s->duration_ns)
		uv_timer_start(&load->duration, on_duration, whole_ms(s->duration_ns), 0);
}

void load_link_ready(struct load *load)
{
	const uint64_t now = clock_now_ns();
	if (++load->ready_links < load->link_count || !load->pace.on)
		return;
	load->measured_from_ns = load->first_ns = now + load->config->scenario->warm_up_ns;
	if (load->config->scenario->warm_up_ns)
		uv_timer_start(&load->warm_up, on_warm, whole_ms(load->config->scenario->warm_up_ns), 0);
	pace_start(load, now);
}

static void say_timed_out(struct load *load)
{
	struct h2_load_result *r = load->result;
	const struct scenario *s = load->config->scenario;
	const uint64_t under_way = r->begun - r->right - r->wrong;
	unsigned silent = 0;
	char time[32];
	for (unsigned i = 0; i < load->link_count; i++)
		silent += load->links[i].client && !load->links[i].ready;
	units_duration(time, sizeof(time), s->deadline_ns);
	int n = snprintf(r->trouble, sizeof(r->trouble),
	                 "%s: the deadline of %s came first: ", load->config->target->place, time);
	if (silent > 0)
		snprintf(r->trouble + n, sizeof(r->trouble) - (size_t)n,
		         "on %u of %u connections the server did not answer with its SETTINGS", silent,
		         load->link_count);
	else if (under_way == 0)
		snprintf(r->trouble + n, sizeof(r->trouble) - (size_t)n,
		         "it was idle, with requests still to be made");
	else
		snprintf(r->trouble + n, sizeof(r->trouble) - (size_t)n, "%llu request%s under way unanswered",
		         (unsigned long long)under_way, under_way == 1 ? " was" : "s were");
}

static void end_opening(struct load *load);

// Broken off: the load took until now where something was still under way, or nothing was answered at all.
static void abort_links(struct load *load)
{
	const struct h2_load_result *r = load->result;
	if (load->last_ns == 0 || r->begun > r->right + r->wrong)
		load->last_ns = clock_now_ns();
	for (unsigned i = 0; i < load->link_count; i++)
		link_abort(&load->links[i]);
}

static void on_deadline(uv_timer_t *timer)
{
	struct load *load = timer->data;
	if (load->result->trouble[0] == '\0')
		say_timed_out(load);
	load->result->timed_out = true;
	load->time_up = true;
	abort_links(load);
	h2_assault_abort(load->assault);
	end_opening(load);
}

// What is under way when the load is stopped has so long, well within a test's grace.
#define STOP_MS 300

static void cut(struct load *load)
{
	abort_links(load);
	end_opening(load);
}

static void on_stop_time(uv_timer_t *timer)
{
	cut(timer->data);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct load *load = handle->data;
	if (load->result->stopped) { // a second time
		cut(load);
		return;
	}
	load->result->stopped = number;
	load->time_up = true;
	pace_stop(load, clock_now_ns());
	uv_timer_start(&load->deadline, on_stop_time, STOP_MS, 0);
	load_wake_all(load);
}

void h2_load_stop_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
}

static void watch_signals(struct load *load)
{
	sigset_t stops;
	uv_signal_init(&load->hub.loop, &load->on_int);
	uv_signal_init(&load->hub.loop, &load->on_term);
	load->on_int.data = load->on_term.data = load;
	if (!load->config->stoppable)
		return;
	uv_signal_start(&load->on_int, on_signal, SIGINT);
	uv_signal_start(&load->on_term, on_signal, SIGTERM);
	h2_load_stop_signals(&stops);
	pthread_sigmask(SIG_UNBLOCK, &stops, &load->signals);
}

static void unwatch_signals(struct load *load)
{
	if (load->config->stoppable)
		pthread_sigmask(SIG_SETMASK, &load->signals, NULL);
	uv_close((uv_handle_t *)&load->on_int, NULL);
	uv_close((uv_handle_t *)&load->on_term, NULL);
}

// ---- opening connections ------------------------------------------------------------------------------------

// Each link has its share of the requests from the beginning: the same scenario puts the same on each.
static int open_link(struct load *load, unsigned i)
{
	const struct scenario *s = load->config->scenario;
	const uint64_t number = load->thread + (uint64_t)i * s->threads; // of all threads' links
	const uint64_t share = s->requests / s->connections + (number < s->requests % s->connections);
	const uint64_t quota = s->requests && !load->pace.on ? share : UINT64_MAX;
	const uint32_t slots = quota < s->streams ? (uint32_t)(quota ? quota : 1) : s->streams;
	return link_open(&load->links[i], load, quota, slots);
}

// Opening holds the loop as a link does.
static void end_opening(struct load *load)
{
	if (load->all_open)
		return;
	load->all_open = true;
	load_link_ended(load);
}

// Those whose time has come: all at once, or at the scenario's rate. 0 or -errno.
static int open_due(struct load *load, uint64_t now_ns)
{
	const struct scenario *s = load->config->scenario;
	for (; load->opened < load->link_count; load->opened++) {
		const double number = load->thread + (double)load->opened * s->threads;
		if (s->connection_rate && number / (double)s->connection_rate * (double)s->rate_period_ns >
		                                  (double)(now_ns - load->watch_from_ns))
			return 0;
		const int rc = open_link(load, load->opened);
		if (rc < 0)
			return rc;
	}
	end_opening(load);
	return 0;
}

static void give_up_opening(struct load *load)
{
	struct h2_load_result *r = load->result;
	if (r->trouble[0] == '\0')
		snprintf(r->trouble, sizeof(r->trouble), "%s: a connection cannot be opened: out of memory",
		         load->config->target->place);
	end_opening(load);
}

// ---- lives of connections and requests ----------------------------------------------------------------------

#define WATCH_MS 10U // how often they are looked at; requests less often, if their time is long
#define LOOKS_A_TIMEOUT 20U

static void churn(struct load *load, uint64_t now_ns)
{
	const struct scenario *s = load->config->scenario;
	const double due =
	        (double)s->churn_per_s / s->threads * (double)(now_ns - load->watch_from_ns) / SG_NS_PER_S;
	for (; (double)load->replaced < due && load->link_count > 0; load->replaced++)
		link_replace(&load->links[load->replaced % load->link_count]);
}

static void on_watch(uv_timer_t *timer)
{
	struct load *load = timer->data;
	const struct scenario *s = load->config->scenario;
	const uint64_t now_ns = clock_now_ns(),
	               every = s->request_timeout_ns / LOOKS_A_TIMEOUT / SG_NS_PER_MS / WATCH_MS;
	const bool requests = s->request_timeout_ns && load->watches++ % (every ? every : 1) == 0;
	if (s->churn_per_s)
		churn(load, now_ns);
	if (!load->all_open && open_due(load, now_ns) < 0)
		give_up_opening(load);
	for (unsigned i = 0; i < load->link_count; i++)
		link_watch(&load->links[i], now_ns, requests);
	if (requests)
		pace_skip_late(load, now_ns - s->request_timeout_ns, now_ns);
	load_settle(load);
}

static void on_live(uv_timer_t *timer)
{
	const struct load *load = timer->data;
	h2_live_tell(load->config->live, load->config->scenario, load->thread, load->result, load->watch_from_ns);
}

static void start_timers(struct load *load)
{
	const struct scenario *s = load->config->scenario;
	uv_timer_init(&load->hub.loop, &load->deadline);
	uv_timer_init(&load->hub.loop, &load->duration);
	uv_timer_init(&load->hub.loop, &load->warm_up);
	uv_timer_init(&load->hub.loop, &load->watch);
	uv_timer_init(&load->hub.loop, &load->live);
	watch_signals(load);
	load->live.data = load;
	if (load->config->live)
		uv_timer_start(&load->live, on_live, H2_LIVE_EVERY_MS, H2_LIVE_EVERY_MS);
	load->watch_from_ns = clock_now_ns();
	if (s->request_timeout_ns || s->idle_ns || s->churn_per_s || s->lifetime_ns || s->connection_rate)
		uv_timer_start(&load->watch, on_watch, WATCH_MS, WATCH_MS);
	load->watch.data = load->warm_up.data = load->deadline.data = load->duration.data = load;
	uv_timer_start(&load->deadline, on_deadline, whole_ms(s->deadline_ns), 0);
	if (load->pace.on) // its schedule begins with the last connection, and has an end of its own
		return;
	if (s->warm_up_ns) {
		load->measured_from_ns = UINT64_MAX;
		uv_timer_start(&load->warm_up, on_warm, whole_ms(s->warm_up_ns), 0);
	} else if (s->duration_ns) {
		uv_timer_start(&load->duration, on_duration, whole_ms(s->duration_ns), 0);
	}
}

void load_link_ended(struct load *load)
{
	if (--load->open_links > 0)
		return;
	pace_close(load);
	unwatch_signals(load);
	uv_close((uv_handle_t *)&load->live, NULL);
	uv_close((uv_handle_t *)&load->watch, NULL);
	uv_close((uv_handle_t *)&load->warm_up, NULL);
	uv_close((uv_handle_t *)&load->deadline, NULL);
	uv_close((uv_handle_t *)&load->duration, NULL);
}

// ---- setting up ---------------------------------------------------------------------------------------------

static int prepare(struct load *load)
{
	const struct h2_load_config *c = load->config;
	const struct scenario *s = c->scenario;
	load->prepared = calloc(s->count, sizeof(*load->prepared));
	load->round = calloc(s->round, sizeof(*load->round));
	load->links = calloc(load->link_count, sizeof(*load->links));
	load->pool = h2_pool_new();
	load->log = h2_log_part_new(c->log);
	if (!load->prepared || !load->round || !load->links || !load->pool)
		return -ENOMEM;
	for (size_t i = 0, at = 0; i < s->count; i++) {
		int rc = h2_prepare(&load->prepared[i], &s->items[i], c->target->authority, c->reflects);
		if (rc < 0)
			return rc;
		h2_more_plan_add(&load->more, &load->prepared[i]);
		for (unsigned k = 0; k < s->items[i].weight; k++)
			load->round[at++] = (uint16_t)i;
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
	if (!attack || load->thread > 0)
		return 0;
	int rc = h2_assault_start(&load->assault, &load->hub, attack, load->config->target, &load->result->assault,
	                          on_assault_ended, load);
	load->open_links += rc == 0;
	return rc;
}

static int perform(struct load *load)
{
	int rc = pace_init(load);
	if (rc < 0)
		return rc;
	start_timers(load);
	load->open_links = 2; // the opening, and this function, so that the timers outlive them
	rc = open_due(load, load->watch_from_ns);
	if (rc == 0)
		rc = start_attack(load);
	if (rc < 0) {
		for (unsigned i = 0; i < load->link_count; i++)
			link_abort(&load->links[i]);
		end_opening(load);
	}
	load_link_ended(load);
	uv_run(&load->hub.loop, UV_RUN_DEFAULT);
	load->result->until_ns = load->pace.on ? pace_until(load) : load->until_ns;
	load->result->unsent = pace_left_over(load);
	load->result->behind_ns = load->pace.behind_ns;
	load->result->first_ns = load->first_ns;
	load->result->last_ns = load->last_ns;
	return rc;
}

// ---- threads ------------------------------------------------------------------------------------------------

// No thread begins before all of them are there: a load of some would be another one.
struct gate {
	pthread_mutex_t shut; // until then
	bool given_up;
};

struct worker {
	struct load *load;
	struct gate *gate;
	struct h2_load_result result;
	struct err e;
	pthread_t thread;
	bool started;
	int rc;
};

static struct load *new_load(const struct h2_load_config *config, unsigned thread, struct h2_load_result *r)
{
	const struct scenario *s = config->scenario;
	struct load *load = calloc(1, sizeof(*load));
	if (!load)
		return NULL;
	load->config = config;
	load->result = r;
	load->thread = thread;
	load->more.seed = s->schedule.seed;
	load->more.share = thread;
	load->more.shares = s->threads;
	load->link_count = s->connections / s->threads + (thread < s->connections % s->threads);
	return load;
}

static void free_load(struct load *load)
{
	if (!load)
		return;
	for (size_t i = 0; load->links && i < load->link_count; i++)
		link_deinit(&load->links[i]);
	for (size_t i = 0; load->prepared && i < load->config->scenario->count; i++)
		h2_prepared_deinit(&load->prepared[i]);
	h2_tls_context_free(load->hub.tls);
	h2_assault_free(load->assault);
	h2_log_part_free(load->log);
	h2_pool_free(load->pool);
	free(load->links);
	free(load->prepared);
	free(load->round);
	free(load);
}

static int run_load(struct load *load, struct err *e)
{
	const struct h2_load_config *config = load->config;
	int rc = prepare(load);
	if (rc == 0)
		rc = hub_init(&load->hub);
	if (rc == 0) {
		load->hub.tap = config->tap;
		if (config->scenario->coalesce_ns)
			hub_coalesce(&load->hub, config->scenario->coalesce_ns);
		if (config->scenario->spin)
			hub_spin(&load->hub);
		if (config->target->tls)
			rc = h2_tls_client_context(&config->scenario->tls, &load->hub.tls, e);
		if (rc == 0)
			rc = perform(load);
		hub_deinit(&load->hub);
	}
	return rc < 0 ? err_set(e, -rc, "the load cannot begin: %s", strerror(-rc)) : 0;
}

static void *run_worker(void *arg)
{
	struct worker *w = arg;
	pthread_mutex_lock(&w->gate->shut);
	pthread_mutex_unlock(&w->gate->shut);
	if (!w->gate->given_up)
		w->rc = run_load(w->load, &w->e);
	return NULL;
}

// Each thread of the load: the first is this one.
static int run_workers(struct worker *w, unsigned count, struct err *e)
{
	struct gate gate = { .shut = PTHREAD_MUTEX_INITIALIZER };
	int rc = 0;
	pthread_mutex_lock(&gate.shut);
	for (unsigned i = 0; i < count && rc == 0; i++) {
		w[i].gate = &gate;
		rc = i > 0 ? -pthread_create(&w[i].thread, NULL, run_worker, &w[i]) : 0;
		w[i].started = i > 0 && rc == 0;
	}
	gate.given_up = rc < 0;
	pthread_mutex_unlock(&gate.shut);
	if (rc < 0)
		err_set(e, -rc, "%u threads cannot be started: %s; give fewer --threads", count, strerror(-rc));
	run_worker(&w[0]);
	for (unsigned i = 1; i < count; i++)
		if (w[i].started)
			pthread_join(w[i].thread, NULL);
	for (unsigned i = 0; i < count && rc == 0; i++)
		if (w[i].rc < 0)
			rc = err_set(e, -w[i].rc, "%s", w[i].e.text);
	return rc;
}

int h2_load_run(const struct h2_load_config *config, struct h2_load_result *r, struct err *e)
{
	const unsigned count = config->scenario->threads;
	struct worker *w = calloc(count, sizeof(*w));
	struct tele_file *file = telemetry_open(TELE_CLIENT, "stressgen-h2", NULL);
	int rc = w ? load_result_init(r, config->scenario, file) : -ENOMEM;
	for (unsigned i = 0; i < count && rc == 0; i++) {
		if (i > 0) // the first thread counts where the telemetry file shows it
			rc = load_result_init(&w[i].result, config->scenario, NULL);
		w[i].load = new_load(config, i, i > 0 ? &w[i].result : r);
		if (!w[i].load)
			rc = -ENOMEM;
	}
	const uint64_t cpu = process_cpu_ns();
	rc = rc < 0 ? err_set(e, -rc, "the load cannot begin: %s", strerror(-rc)) : run_workers(w, count, e);
	r->cpu_ns = process_cpu_ns() - cpu;
	for (unsigned i = 0; w && i < count; i++) {
		if (i > 0 && rc == 0)
			load_result_merge(r, &w[i].result);
		free_load(w[i].load);
		if (i > 0)
			h2_load_result_deinit(&w[i].result);
	}
	if (r->last_ns > r->first_ns)
		r->rated_ns = r->elapsed_ns = r->last_ns - r->first_ns;
	if (r->last_ns > r->first_ns && r->until_ns > r->last_ns)
		r->rated_ns = r->until_ns - r->first_ns;
	free(w);
	return rc;
}
