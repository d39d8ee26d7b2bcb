// A load's key figures as h2load tells them.
#include "figures.h"

#include "clock.h"
#include "units.h"

#include <inttypes.h>

static uint64_t count_of(const struct h2_load_result *r, enum h2_fault f)
{
	uint64_t n = 0;
	for (size_t i = 0; i < r->count; i++)
		n += r->tallies[i].counts[f];
	return n;
}

// h2load's "errored": no response that could be judged. Its "failed" has these, timeouts, and wrong responses.
static uint64_t errored(const struct h2_load_result *r)
{
	return count_of(r, H2_FAULT_MALFORMED) + count_of(r, H2_FAULT_RESET) + count_of(r, H2_FAULT_REFUSED) +
	       count_of(r, H2_FAULT_LOST) + count_of(r, H2_FAULT_UNANSWERED);
}

static void requests(const struct h2_load_result *r, struct buf *out)
{
	const uint64_t total = r->planned ? r->planned : r->begun + r->unsent;
	buf_addf(out,
	         "requests: %" PRIu64 " total, %" PRIu64 " started, %" PRIu64 " done, %" PRIu64
	         " succeeded, %" PRIu64 " failed, %" PRIu64 " errored, %" PRIu64 " timeout",
	         total, r->begun, r->right + r->wrong, r->right, r->wrong, errored(r),
	         count_of(r, H2_FAULT_TIMEOUT));
	if (r->warm)
		buf_addf(out, ", %" PRIu64 " to warm up", r->warm);
	if (r->retried)
		buf_addf(out, ", %" PRIu64 " made again", r->retried);
	if (r->unsent)
		buf_addf(out, ", %" PRIu64 " never sent", r->unsent);
	buf_addc(out, '\n');
}

#define BEHIND_NS (SG_NS_PER_S / 10) // what a busy machine does to any schedule is less

// An open loop whose rate was not kept: the latencies say it too, but not why.
static void schedule(const struct scenario *s, const struct h2_load_result *r, struct buf *out)
{
	char time[32];
	if (r->behind_ns < BEHIND_NS)
		return;
	buf_addf(
	        out,
	        "behind schedule: requests began up to %s late: none of %u x %u streams was free, or no CPU for us\n",
	        units_duration(time, sizeof(time), r->behind_ns), s->connections, s->streams);
}

static void statuses(const struct h2_load_result *r, struct buf *out)
{
	buf_adds(out, "status codes: ");
	for (unsigned class = 2; class < H2_STATUS_CLASSES; class ++) {
		uint64_t n = 0;
		for (size_t i = 0; i < r->count; i++)
			n += r->tallies[i].classes[class];
		buf_addf(out, "%s%" PRIu64 " %uxx", class > 2 ? ", " : "", n, class);
	}
	buf_addc(out, '\n');
}

// Where there is more to say than how many -c asked for.
static void connections(const struct h2_load_result *r, struct buf *out)
{
	if (r->reconnects + r->goaways + r->tls_resumed == 0)
		return;
	buf_addf(out,
	         "connections: %" PRIu64 " made, %" PRIu64 " of them in another's place, %" PRIu64
	         " GOAWAY received",
	         r->connect->total, r->reconnects, r->goaways);
	if (r->tls->total)
		buf_addf(out, ", %" PRIu64 " TLS sessions resumed", r->tls_resumed);
	buf_addc(out, '\n');
}

// `q`: the request that it is about, told behind its figures; NULL: all of them.
static void row(const char *name, const struct hist *h, const struct h2_request *q, struct buf *out)
{
	char min[32], p50[32], p95[32], p99[32], max[32], mean[32];
	if (h->total == 0)
		return;
	units_duration(min, sizeof(min), h->min);
	units_duration(p50, sizeof(p50), hist_percentile(h, 50));
	units_duration(p95, sizeof(p95), hist_percentile(h, 95));
	units_duration(p99, sizeof(p99), hist_percentile(h, 99));
	units_duration(max, sizeof(max), h->max);
	units_duration(mean, sizeof(mean), (uint64_t)hist_mean(h));
	buf_addf(out, "%-18s%10s%10s%10s%10s%10s%10s", name, min, p50, p95, p99, max, mean);
	if (q)
		buf_addf(out, "  %s %.60s", q->method, q->path);
	buf_addc(out, '\n');
}

#define MOST_ROWS 20U // of requests

// Each of several requests by itself; longer names would move the columns.
static void rows_of_requests(const struct scenario *s, const struct h2_load_result *r, struct buf *out)
{
	char name[16];
	for (size_t i = 0; r->count > 1 && i < r->count && i < MOST_ROWS; i++) {
		snprintf(name, sizeof(name), "  %s", s->items[i].name);
		row(name, r->tallies[i].latency, &s->items[i], out);
	}
}

void h2_figures(const struct scenario *s, const struct h2_load_result *r, const struct hist *total,
                struct buf *out)
{
	char time[32], in[32], sent[32];
	const double seconds = (double)r->rated_ns / (double)SG_NS_PER_S;
	const double measured_bytes = (double)(*r->counters.cell[H2_BYTES_IN] - r->warm_bytes_in);
	if (r->begun == 0 && r->connected == 0) // there is nothing to be told but why, which stands in the checks
		return;
	buf_addf(out, "finished in %s, %.1f req/s, %s/s\n", units_duration(time, sizeof(time), r->elapsed_ns),
	         seconds > 0 ? (double)(r->right - r->warm) / seconds : 0,
	         units_bytes(in, sizeof(in), seconds > 0 ? (uint64_t)(measured_bytes / seconds) : 0));
	requests(r, out);
	schedule(s, r, out);
	statuses(r, out);
	connections(r, out);
	buf_addf(out, "traffic: %s received, %s sent\n",
	         units_bytes(in, sizeof(in), *r->counters.cell[H2_BYTES_IN]),
	         units_bytes(sent, sizeof(sent), *r->counters.cell[H2_BYTES_OUT]));
	if (total->total + r->connect->total + r->first_byte->total > 0)
		buf_addf(out, "%-18s%10s%10s%10s%10s%10s%10s\n", "", "min", "p50", "p95", "p99", "max", "mean");
	row("time for request", total, NULL, out);
	rows_of_requests(s, r, out);
	row("time for connect", r->connect, NULL, out);
	row("time to 1st byte", r->first_byte, NULL, out);
}
