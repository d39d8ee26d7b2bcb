// Sample lines: histograms, gauges and checks of one scenario.
#include "report.h"

#include "clock.h"
#include "lines.h"
#include "units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

// ---- histograms ---------------------------------------------------------------------------------------------

struct hist *h2_report_latencies(const struct h2_load_result *r)
{
	struct hist *total = hist_new(3);
	for (size_t i = 0; total && i < r->count; i++)
		hist_merge(total, r->tallies[i].latency);
	return total;
}

static bool hists(const struct scenario *s, const struct h2_load_result *r, const struct hist *total,
                  struct buf *out)
{
	bool ok = h2_hist_line(out, "total", total);
	ok &= h2_hist_line(out, "connect", r->connect);
	ok &= h2_hist_line(out, "connect-tcp", r->tcp);
	ok &= h2_hist_line(out, "connect-tls", r->tls);
	ok &= h2_hist_line(out, "first-byte", r->first_byte);
	for (size_t i = 0; r->count > 1 && i < r->count; i++)
		ok &= h2_hist_line(out, s->items[i].name, r->tallies[i].latency);
	return ok || h2_check(out, "histograms", false, "a histogram is too long for one line");
}

// ---- gauges -------------------------------------------------------------------------------------------------

// With fewer requests, starting and ending would be most of it.
#define ENOUGH_FOR_CPU_PER_REQUEST 1000U

// CPU time in all, and by request where there are enough of them to mean something.
static void cpu_gauges(struct buf *out, const char *side, uint64_t cpu_ns, uint64_t requests)
{
	char name[64];
	snprintf(name, sizeof(name), "%s_cpu", side);
	h2_gauge(out, name, (double)cpu_ns / (double)SG_NS_PER_MS, "ms");
	if (requests < ENOUGH_FOR_CPU_PER_REQUEST)
		return;
	snprintf(name, sizeof(name), "%s_cpu_per_request", side);
	h2_gauge(out, name, (double)cpu_ns / (double)requests / (double)SG_NS_PER_US, "us");
}

static double throughput(const struct h2_load_result *r)
{
	return r->rated_ns ? (double)(r->right - r->warm) * (double)SG_NS_PER_S / (double)r->rated_ns : 0;
}

// How many responses there were of each class of status, right or not.
static void status_gauges(const struct h2_load_result *r, struct buf *out)
{
	for (unsigned class = 2; class < H2_STATUS_CLASSES; class ++) {
		uint64_t n = 0;
		char name[16];
		for (size_t i = 0; i < r->count; i++)
			n += r->tallies[i].classes[class];
		snprintf(name, sizeof(name), "status_%uxx", class);
		if (n > 0)
			h2_gauge(out, name, (double)n, "requests");
	}
}

static void client_gauges(const struct scenario *s, const struct h2_load_result *r, struct buf *out)
{
	h2_gauge(out, "throughput", throughput(r), "req/s");
	h2_gauge(out, "requests", (double)r->right, "requests");
	if (s->warm_up_ns)
		h2_gauge(out, "warm_up_requests", (double)r->warm, "requests");
	status_gauges(r, out);
	h2_gauge(out, "errors", (double)r->wrong, "requests");
	if (s->schedule.count)
		h2_gauge(out, "unsent", (double)r->unsent, "requests");
	if (r->timed_out || r->stopped) // which tells that the end came first, even where it is 0
		h2_gauge(out, "unfinished", (double)(r->begun - r->right - r->wrong), "requests");
	h2_gauge(out, "retried", (double)r->retried, "requests");
	h2_gauge(out, "goaways", (double)r->goaways, "frames");
	h2_gauge(out, "reconnects", (double)r->reconnects, "connections");
	if (r->tls->total)
		h2_gauge(out, "tls_resumed", (double)r->tls_resumed, "connections");
	cpu_gauges(out, "client", r->cpu_ns, r->right);
	h2_gauge(out, "bytes_sent", (double)*r->counters.cell[H2_BYTES_OUT], "bytes");
	h2_gauge(out, "bytes_received", (double)*r->counters.cell[H2_BYTES_IN], "bytes");
}

static void server_gauges(const struct h2_load_result *r, const struct h2_child_usage *u, struct buf *out)
{
	cpu_gauges(out, "server", u->cpu_ns, r->right);
	h2_gauge(out, "server_max_rss", (double)u->max_rss_bytes, "bytes");
	for (unsigned i = 0; u->has_counters && i < H2_COUNTER_COUNT; i++) {
		char name[64];
		if (u->counters[i] == 0)
			continue;
		snprintf(name, sizeof(name), "server_%s", h2_counter_name(i));
		h2_gauge(out, name, (double)u->counters[i], i >= H2_FRAMES_IN ? "frames" : "count");
	}
}

// ---- checks -------------------------------------------------------------------------------------------------

static uint64_t wrong_of(const struct h2_tally *t)
{
	uint64_t n = 0;
	for (unsigned f = H2_FAULT_NONE + 1; f < H2_FAULT_COUNT; f++)
		n += t->counts[f];
	return n;
}

// What a search's goal has for errors is right, so that the rate that holds is a result.
static bool is_within_goal(const struct scenario *s, const struct h2_load_result *r)
{
	return s->goal.count > 0 && h2_goal_allows(&s->goal, r->wrong + r->unsent, r->begun + r->unsent);
}

// "3 of 500 wrong (2 status, 1 lost); first: request 17: status 404, expected 200"
static bool check_request(const struct scenario *s, size_t i, const struct h2_load_result *r, struct buf *out)
{
	const struct h2_request *q = &s->items[i];
	const struct h2_tally *t = &r->tallies[i];
	const bool allowed = is_within_goal(s, r);
	uint64_t wrong = wrong_of(t), all = wrong + t->counts[H2_FAULT_NONE];
	char status[16] = "200 to 399";
	if (q->expect.status != H2_STATUS_OK)
		snprintf(status, sizeof(status), "%u", q->expect.status);
	if (wrong == 0)
		return h2_check(out, q->name, true, "%" PRIu64 " right: %s %s, status %s", all, q->method, q->path,
		                status);
	struct buf faults = { 0 }, which = { 0 };
	for (unsigned f = H2_FAULT_NONE + 1; f < H2_FAULT_COUNT; f++)
		if (t->counts[f])
			buf_addf(&faults, "%s%" PRIu64 " %s", faults.len ? ", " : "", t->counts[f],
			         h2_fault_name(f));
	if (s->count > 1)
		buf_addf(&which, " (%s %s)", q->method, q->path);
	h2_check(out, q->name, allowed, "%" PRIu64 " of %" PRIu64 " wrong (%s)%s%s%s%s", wrong, all,
	         buf_text(&faults), allowed ? ", which the goal allows" : "", t->first[0] ? "; first: " : "",
	         t->first, buf_text(&which));
	buf_deinit(&which);
	buf_deinit(&faults);
	return allowed;
}

// Whether all requests ended, and some of them were measured.
static bool check_complete(const struct scenario *s, const struct h2_load_result *r, struct buf *out)
{
	const char *none_right = r->wrong > 0 && r->right == 0 ? ", none of them right" : "";
	const uint64_t ended = r->right + r->wrong;
	if (r->stopped)
		return h2_check(out, "complete", false,
		                "%" PRIu64 " requests had ended when SIG%s stopped the load", ended,
		                sigabbrev_np(r->stopped));
	if (r->warm > 0 && r->warm == ended)
		return h2_check(out, "complete", false,
		                "all requests (%" PRIu64 ") were the warm-up's: make more, or a shorter warm-up",
		                ended);
	if (s->schedule.count)
		return h2_check(out, "complete", r->right > 0 && ended == r->begun && r->unsent == 0,
		                "%" PRIu64 " of %" PRIu64 " requests that were due ended%s", ended,
		                r->begun + r->unsent, none_right);
	if (r->planned)
		return h2_check(out, "complete", ended == r->planned, "%" PRIu64 " of %" PRIu64 " requests ended",
		                ended, r->planned);
	return h2_check(out, "complete", r->right > 0 && ended == r->begun,
	                "%" PRIu64 " of %" PRIu64 " requests ended in time%s", ended, r->begun, none_right);
}

static bool check_attack(const struct scenario *s, const struct h2_load_result *r, struct buf *out)
{
	struct buf words = { 0 };
	const bool right = h2_assault_is_right(s->attack, &r->assault);
	h2_assault_words(s->attack, &r->assault, &words);
	if (!s->attack->peaceful)
		h2_note(out, "attack", "%s", buf_text(&words));
	if (!right) {
		buf_adds(&words, "; right: ");
		h2_assault_right_words(s->attack, &words);
		if (s->patient && r->assault.reaction_ns == 0 && s->attack->time_ns < 60 * SG_NS_PER_S)
			buf_adds(&words, "; --http2-param patience=70s waits longer");
	}
	if (s->asks && r->assault.status >= 400)
		buf_adds(&words, "; --http2-param path=/PATH asks for what it has, a megabyte, say");
	h2_check(out, s->attack->peaceful ? "frames" : "attack", right, "%s", buf_text(&words));
	buf_deinit(&words);
	return right;
}

static bool checks(const struct scenario *s, const struct h2_load_result *r, const struct h2_child_usage *u,
                   struct buf *out)
{
	bool ok = h2_check(out, "connections", r->trouble[0] == '\0', "%u connected%s%s", r->connected,
	                   r->trouble[0] ? "; " : "", r->trouble);
	for (size_t i = 0; i < s->count; i++)
		ok &= check_request(s, i, r, out);
	ok &= check_complete(s, r, out);
	if (s->attack)
		ok &= check_attack(s, r, out);
	if (u && u->has_counters && !s->attack && !scenario_measures_harm(s) && r->wrong == 0 && !r->timed_out &&
	    !r->stopped)
		ok &= h2_check(out, "once", u->counters[H2_RESPONSES] == r->right,
		               "%" PRIu64 " answers were given, %" PRIu64 " were wanted",
		               u->counters[H2_RESPONSES], r->right);
	if (u)
		ok &= h2_check(out, "server", u->trouble[0] == '\0', "%s",
		               u->trouble[0] ? u->trouble : "ended in order");
	return ok;
}

// One line for a person.
static void summary(const struct scenario *s, const struct h2_load_result *r, const struct hist *total,
                    struct buf *out)
{
	char right[32], wrong[32], rate[32], p50[32], p99[32], most[32];
	units_count(right, sizeof(right), r->right);
	units_count(rate, sizeof(rate), (uint64_t)throughput(r));
	units_duration(p50, sizeof(p50), hist_percentile(total, 50));
	units_duration(p99, sizeof(p99), hist_percentile(total, 99));
	units_duration(most, sizeof(most), total->total ? total->max : 0);
	buf_addf(out, "%s: %s right", s->name, right);
	if (r->wrong)
		buf_addf(out, ", %s wrong", units_count(wrong, sizeof(wrong), r->wrong));
	buf_addf(out, ", %u connection%s x %u stream%s, %s/s", s->connections, s->connections == 1 ? "" : "s",
	         s->streams, s->streams == 1 ? "" : "s", rate);
	if (total->total)
		buf_addf(out, "; p50 %s, p99 %s, max %s", p50, p99, most);
	buf_addc(out, '\n');
}

bool h2_report(const struct scenario *s, const struct h2_load_result *r, const struct h2_child_usage *usage,
               struct buf *out)
{
	struct hist *total = h2_report_latencies(r);
	if (!total)
		return h2_check(out, "histograms", false, "out of memory");
	bool ok = hists(s, r, total, out);
	client_gauges(s, r, out);
	if (s->attack) {
		h2_gauge(out, "attack_frames", (double)r->assault.frames, "frames");
		h2_gauge(out, "attack_bytes", (double)r->assault.bytes, "bytes");
	}
	if (usage)
		server_gauges(r, usage, out);
	ok &= checks(s, r, usage, out);
	summary(s, r, total, out);
	hist_free(total);
	return ok;
}
