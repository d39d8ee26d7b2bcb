// Harm measured and judged.
#include "harm.h"

#include "clock.h"
#include "lines.h"
#include "units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CALM_PROBES 50U
#define LEAST_PROBES 20U // during the attack, or as soon as it is over
#define CALM_NS (SG_NS_PER_S)
#define PAUSE_NS (5 * SG_NS_PER_MS)
#define LATER_PAUSE_NS (50 * SG_NS_PER_MS) // after QUICK_NS: what a slow attack costs is not to be theirs
#define CALM_PAUSE_NS (2 * SG_NS_PER_MS)
#define SETTLE_NS (3 * SG_NS_PER_S) // for the memory to come back
#define QUICK_NS (3 * SG_NS_PER_S)  // an attack that is performed once more by itself

static void pause_ns(uint64_t ns)
{
	const struct timespec t = { (time_t)(ns / SG_NS_PER_S), (long)(ns % SG_NS_PER_S) };
	nanosleep(&t, NULL);
}

static void probe_once(const struct h2_harm *h, struct hist *to, uint64_t *lost)
{
	const uint64_t took = h2_probe(h->target, h->tls, &h->scenario->items[0]);
	if (took == 0)
		++*lost;
	else
		hist_record(to, took);
}

// The server, and then the control: one that is not answered while the control, too, takes as long as makes it
// late by the limits is the machine's doing.
static void probe_both(struct h2_harm *h)
{
	const uint64_t lost = h->during_lost;
	probe_once(h, h->during, &h->during_lost);
	const uint64_t took = h2_probe(&h->control.target, NULL, &h->scenario->items[0]);
	hist_record(h->control_during, took > 0 ? took : H2_PROBE_PATIENCE_NS);
	if (h->during_lost > lost && (took == 0 || took > H2_PROBE_PATIENCE_NS / h->scenario->limits.fresh_times))
		h->excused++;
}

static void *probe_on(void *arg)
{
	struct h2_harm *h = arg;
	const uint64_t began = clock_now_ns();
	while (!atomic_load(&h->stop) || h->during->total + h->during_lost < LEAST_PROBES) {
		probe_both(h);
		const uint64_t rss = h2_server_rss_bytes(&h->server);
		if (rss > h->rss_peak)
			h->rss_peak = rss;
		h2_server_cpu_ns(&h->server); // is remembered, should the server end
		pause_ns(clock_now_ns() - began < QUICK_NS ? PAUSE_NS : LATER_PAUSE_NS);
	}
	return NULL;
}

int h2_harm_begin(struct h2_harm *h, const struct h2_target *target, const struct scenario *s, pid_t pid,
                  struct err *e)
{
	int rc;
	*h = (struct h2_harm){ .target = target,
		               .scenario = s,
		               .calm = hist_new(3),
		               .during = hist_new(3),
		               .control_during = hist_new(3) };
	rc = h->calm && h->during && h->control_during ? h2_control_start(&h->control) : -ENOMEM;
	if (rc == 0 && target->tls)
		rc = h2_tls_client_context(&s->tls, &h->tls, e);
	if (rc < 0) {
		h2_harm_deinit(h);
		return err_set(e, -rc, "the healthy client cannot begin: %s", strerror(-rc));
	}
	h2_server_find(&h->server, &target->address.any, pid);
	const uint64_t end = clock_now_ns() + CALM_NS, cpu = h2_server_cpu_ns(&h->server);
	// As during the attack: one who sleeps in between is slower.
	for (unsigned i = 0; i < CALM_PROBES && clock_now_ns() < end; i++) {
		probe_once(h, h->calm, &h->calm_lost);
		pause_ns(CALM_PAUSE_NS);
	}
	h->rss_before = h->rss_peak = h2_server_rss_bytes(&h->server);
	h->cpu_before = h2_server_cpu_ns(&h->server);
	const uint64_t probes = h->calm->total + h->calm_lost;
	h->probe_cpu_ns = probes > 0 && h->cpu_before > cpu ? (h->cpu_before - cpu) / probes : 0;
	rc = -pthread_create(&h->thread, NULL, probe_on, h);
	h->running = rc == 0;
	if (rc < 0) {
		h2_harm_deinit(h);
		return err_set(e, -rc, "the healthy client cannot begin: %s", strerror(-rc));
	}
	return 0;
}

// ---- the attack by itself -----------------------------------------------------------------------------------

static void on_ended(void *arg)
{
	*(bool *)arg = true;
}

static void attack_alone(struct h2_harm *h)
{
	struct hub *hub = calloc(1, sizeof(*hub));
	struct h2_assault *a = NULL;
	bool ended = false;
	if (!hub || hub_init(hub) < 0) {
		free(hub);
		return;
	}
	hub->tls = h->tls;
	const uint64_t before = h2_server_cpu_ns(&h->server);
	if (h2_assault_start(&a, hub, h->scenario->attack, h->target, &h->alone, on_ended, &ended) == 0)
		uv_run(&hub->loop, UV_RUN_DEFAULT);
	h->alone_cpu_ns = h2_server_cpu_ns(&h->server) - before;
	h->has_alone = ended && h->alone.frames > 0 && h->server.count > 0;
	h2_assault_free(a);
	hub_deinit(hub);
	free(hub);
}

static bool is_gone(const struct h2_harm *h)
{
	return h->rss_before > 0 && h->rss_after == 0;
}

static bool is_back(const struct h2_harm *h)
{
	return h->rss_after <= h->rss_before + h->rss_before / 10 + h->scenario->limits.kept_bytes;
}

void h2_harm_end(struct h2_harm *h, const struct h2_assault_result *first)
{
	atomic_store(&h->stop, true);
	if (h->running)
		pthread_join(h->thread, NULL);
	h->running = false;
	h2_control_stop(&h->control);
	h->cpu_ns = h2_server_cpu_ns(&h->server) - h->cpu_before;
	if (first->reaction_ns > 0 && first->reaction_ns < QUICK_NS)
		attack_alone(h);
	const uint64_t end = clock_now_ns() + SETTLE_NS;
	do {
		h->rss_after = h2_server_rss_bytes(&h->server);
		if (is_back(h))
			break;
		pause_ns(50 * SG_NS_PER_MS);
	} while (clock_now_ns() < end);
}

void h2_harm_deinit(struct h2_harm *h)
{
	h2_control_stop(&h->control);
	hist_free(h->calm);
	hist_free(h->during);
	hist_free(h->control_during);
	h2_tls_context_free(h->tls);
	h->calm = h->during = h->control_during = NULL;
	h->tls = NULL;
}

// ---- judged -------------------------------------------------------------------------------------------------

// Slower than the limits allow, by what it was in calm and by what a server that nobody attacks was meanwhile: a
// busy machine slows both down.
static bool is_slow(const struct h2_harm *h, uint64_t p99)
{
	const struct h2_limits *limits = &h->scenario->limits;
	const uint64_t calm = hist_percentile(h->calm, 99), control = hist_percentile(h->control_during, 99);
	return p99 > limits->fresh_ns && p99 > limits->fresh_times * (calm > control ? calm : control);
}

static bool check_fresh(const struct h2_harm *h, struct buf *out)
{
	char during[32], calm[32], control[32];
	const uint64_t p99 = hist_percentile(h->during, 99), idle = hist_percentile(h->calm, 99);
	const uint64_t asked = h->during_lost + h->during->total, lost = h->during_lost - h->excused;
	units_duration(control, sizeof(control), hist_percentile(h->control_during, 99));
	if (h->calm->total == 0)
		return h2_check(out, "fresh", false, "no fresh connection was answered even before the attack");
	if (lost > 0)
		return h2_check(out, "fresh", false,
		                "%" PRIu64 " of %" PRIu64
		                " fresh connections were not answered during it (p99 of a control: %s)",
		                lost, asked, control);
	if (h->during->total == 0)
		return h2_check(out, "fresh", false,
		                "the machine is too busy to tell: no fresh connection was answered during it, and "
		                "a control's p99 was %s",
		                control);
	units_duration(during, sizeof(during), p99);
	units_duration(calm, sizeof(calm), idle);
	return h2_check(out, "fresh", !is_slow(h, p99),
	                "a fresh connection's p99 was %s during it, %.1f times that in calm (%s), a control's %s; "
	                "%" PRIu64 " connections",
	                during, idle ? (double)p99 / (double)idle : 0, calm, control, asked);
}

static bool check_memory(const struct h2_harm *h, struct buf *out)
{
	char before[32], peak[32], after[32];
	units_bytes(before, sizeof(before), h->rss_before);
	units_bytes(peak, sizeof(peak), h->rss_peak);
	units_bytes(after, sizeof(after), h->rss_after);
	if (is_gone(h))
		return h2_check(out, "memory", false, "%s before, %s at most; then the server's process had ended",
		                before, peak);
	return h2_check(out, "memory", is_back(h), "%s before, %s at most, %s afterwards", before, peak, after);
}

static void cost_gauges(const struct h2_harm *h, struct buf *out)
{
	const double us = (double)h->alone_cpu_ns / (double)SG_NS_PER_US;
	h2_gauge(out, "attack_cpu", us / 1000, "ms");
	h2_gauge(out, "attack_cpu_per_frame", us / (double)h->alone.frames, "us");
	if (h->alone.bytes > 0)
		h2_gauge(out, "attack_cpu_per_byte", us * 1000 / (double)h->alone.bytes, "ns");
}

bool h2_harm_report(const struct h2_harm *h, struct buf *out)
{
	h2_hist_line(out, "fresh-calm", h->calm);
	h2_hist_line(out, "fresh", h->during);
	h2_gauge(out, "fresh_lost", (double)h->during_lost, "connections");
	bool ok = check_fresh(h, out);
	if (h->server.count == 0)
		return ok;
	h2_gauge(out, "server_rss_before", (double)h->rss_before, "bytes");
	h2_gauge(out, "server_rss_peak", (double)h->rss_peak, "bytes");
	h2_gauge(out, "server_rss_after", (double)h->rss_after, "bytes");
	if (h->has_alone)
		cost_gauges(h, out);
	return check_memory(h, out) && ok;
}

void h2_harm_spent(const struct h2_harm *h, struct h2_spent *spent)
{
	spent->has_server = h->server.count > 0;
	spent->memory_bytes = h->rss_peak > h->rss_before ? h->rss_peak - h->rss_before : 0;
	spent->with_load = !h->has_alone;
	const uint64_t probes = h->probe_cpu_ns * (h->during->total + h->during_lost);
	const uint64_t others = h->cpu_ns > probes ? h->cpu_ns - probes : 0;
	spent->cpu_ns = h->has_alone ? h->alone_cpu_ns : others;
	spent->frames = h->has_alone ? h->alone.frames : 0;
}
