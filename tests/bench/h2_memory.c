// What connections and streams cost, in memory, on both sides.
#include "h2_parts.h"
#include "h2_rounds.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>

#define KIB 1024.0

struct held {
	double client, server; // bytes at their peak
};

// All requests of the load are under way at once: each is answered after a while.
static bool hold(const char *engine, unsigned connections, unsigned streams, const char *request, struct held *h)
{
	const struct load l = { .connections = connections,
		                .streams = streams,
		                .requests = (uint64_t)connections * streams,
		                .more = "",
		                .request = request };
	struct bench_server server;
	struct cost c;
	bool ok = server_start_own(&server, engine, NULL) && run_ours(&l, engine, &server, NULL, &c);

	*h = (struct held){ ok ? (double)c.rss_bytes : 0, (double)server_memory(&server, true) };
	server_stop(&server);
	return ok;
}

static bool print_one(const char *engine, unsigned connections, unsigned streams, const char *request,
                      const char *unit, double units, double bound_kib)
{
	struct held base, h;

	if (!hold(engine, 1, 1, "(path \"/bytes/128\")", &base) ||
	    !hold(engine, connections, streams, request, &h))
		return false;
	const double client = (h.client - base.client) / units, server = (h.server - base.server) / units;
	const bool met = client <= bound_kib * KIB && server <= bound_kib * KIB;
	printf("%-8s %6u connections x %3u streams: client %6.1f MiB, %5.2f KiB a %s; server %6.1f MiB, %5.2f KiB;"
	       " bound: %.0f KiB %s\n",
	       engine, connections, streams, h.client / KIB / KIB, client / KIB, unit, h.server / KIB / KIB,
	       server / KIB, bound_kib, met ? "met" : "MISSED");
	fflush(stdout);
	return true;
}

bool part_memory(bool quick)
{
	static const char *const engines[] = { "wire", "session" };
	const unsigned many = quick ? 100 : 10000, some = quick ? 10 : 1000;
	struct rlimit files = { 0 };
	bool ok = true;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	for (size_t i = 0; ok && i < sizeof engines / sizeof *engines; i++)
		ok = print_one(engines[i], many, 1, "(path \"/bytes/128?delay=3s\")", "connection", many, 24) &&
		     print_one(engines[i], some, 100, "(path \"/bytes/128?delay=3s\")", "stream", some * 100.0, 2);
	return ok;
}
