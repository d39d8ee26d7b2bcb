// HTTP/2: our client and our server against h2load and nghttpd, in pairs and interleaved; late requests; memory.
#include "h2_parts.h"
#include "h2_rounds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define GET_128 "(path \"/\") (expect (status 200) (length 128))"

static const struct goal none = { 0, false };

struct bench {
	unsigned rounds;
	bool quick, with_h2load;
};

static uint64_t amount(const struct bench *b, uint64_t requests)
{
	return b->quick ? requests / 200 + 10 : requests;
}

static struct goal goal_of(const struct bench *b, double value, bool at_least)
{
	return (struct goal){ b->quick ? 0 : value, at_least };
}

// ---- the client is the limit --------------------------------------------------------------------------------

static bool part_client(const struct bench *b)
{
	static const struct {
		unsigned connections, streams, requests;
		double session, wire;
	} loads[] = { { 1, 100, 1000000, 0, 0.35 },
		      { 10, 100, 2000000, 0.85, 0.20 },
		      { 100, 10, 1000000, 0, 0.35 } };
	struct bench_server s;
	bool ok = server_start_responder(&s, 128);

	printf("client: GET of 128 bytes against a canned responder\n");
	for (size_t i = 0; ok && i < COUNT(loads); i++) {
		const struct load l = {
			loads[i].connections, loads[i].streams, amount(b, loads[i].requests), "", GET_128, NULL
		};
		ok = compare_loads(&l, "session", &s, b->rounds, b->with_h2load,
		                   goal_of(b, loads[i].session, false), none) &&
		     compare_loads(&l, "wire", &s, b->rounds, b->with_h2load, goal_of(b, loads[i].wire, false),
		                   none);
	}
	server_stop(&s);
	return ok;
}

// ---- bodies -------------------------------------------------------------------------------------------------

static bool get_large(const struct bench *b, const char *engine)
{
	const struct load l = {
		10, 10, amount(b, 10000), "", "(path \"/\") (expect (status 200) (length 1048576))", NULL
	};
	struct bench_server s;
	const bool ok = server_start_responder(&s, 1048576) &&
	                compare_loads(&l, engine, &s, b->rounds, b->with_h2load, goal_of(b, 0.80, false), none);

	server_stop(&s);
	return ok;
}

static bool post(const struct bench *b, const char *engine)
{
	char file[] = "/tmp/h2_bench-XXXXXX", option[] = "-d", *const peer[] = { option, file, NULL };
	const struct load l = {
		10,
		10,
		amount(b, 40000),
		"",
		"(method POST) (path \"/\") (body (pattern 65536)) (expect (status 200) (length 128))",
		peer
	};
	struct bench_server s;
	const int fd = mkstemp(file);
	bool ok = fd >= 0 && ftruncate(fd, 65536) == 0 && server_start_responder(&s, 128);

	if (ok) {
		ok = compare_loads(&l, engine, &s, b->rounds, b->with_h2load, none, goal_of(b, 1.4, true));
		server_stop(&s);
	}
	close(fd);
	unlink(file);
	return ok;
}

static bool part_bodies(const struct bench *b)
{
	printf("bodies: against the canned responder\n GET of 1 MiB\n");
	bool ok = get_large(b, "session") && get_large(b, "wire");
	printf(" POST of 64 KiB\n");
	return ok && post(b, "session") && post(b, "wire");
}

// ---- the server is the limit --------------------------------------------------------------------------------

static bool load_peer(const struct bench *b, const char *name)
{
	struct bench_server s;
	bool ok = true;

	if (!server_start(&s, name, 128))
		return true; // it has been said
	const bool is_slow = strcmp(name, "nginx") == 0;
	for (unsigned streams = 100; ok && streams >= 10; streams /= 10) {
		const uint64_t n = amount(b, is_slow ? 200000 : 500000);
		struct load l = { 1000 / streams, streams, n, "", GET_128, NULL };
		ok = compare_loads(&l, "wire", &s, b->rounds, b->with_h2load, none, none);
		l.more = "(coalesce 100us)";
		printf(" coalesced: ");
		ok = ok && compare_loads(&l, "wire", &s, b->rounds, b->with_h2load, goal_of(b, 0.40, false),
		                         goal_of(b, 1.05, true));
	}
	server_stop(&s);
	return ok;
}

static bool part_servers(const struct bench *b)
{
	printf("servers: GET of 128 bytes; \"coalesced\" is with --coalesce 100us\n");
	return load_peer(b, "nghttpd") && load_peer(b, "nginx") && load_peer(b, "h2o");
}

// ---- our server ---------------------------------------------------------------------------------------------

// CPU s of the server for the load by h2load; -1 when it failed.
static double serve(const struct bench_server *s, const struct load *l)
{
	struct cost c;

	return run_h2load(l, s, &c) ? c.server_cpu : -1;
}

static bool part_server(const struct bench *b)
{
	static const double goals[] = { 0.4, 0.2 };
	static const char *const engines[] = { "session", "wire" };
	const struct load l = { 10, 100, amount(b, 1000000), "", "", NULL };
	struct bench_server own[2], peer;
	double ratios[2][MAX_ROUNDS], us[2][MAX_ROUNDS], theirs[MAX_ROUNDS];

	if (!b->with_h2load || !server_start(&peer, "nghttpd", 21))
		return true;
	printf("server: its CPU under h2load -c10 -m100, 21 bytes, in pairs with nghttpd\n");
	bool ok = server_start_own(&own[0], engines[0]) && server_start_own(&own[1], engines[1]);
	for (unsigned i = 0; ok && i < b->rounds; i++) {
		const double nghttpd = serve(&peer, &l);
		theirs[i] = nghttpd * 1e6 / (double)l.requests;
		ok = nghttpd > 0;
		for (unsigned k = 0; ok && k < 2; k++) {
			const double cpu = serve(&own[k], &l);
			us[k][i] = cpu * 1e6 / (double)l.requests;
			ratios[k][i] = cpu / nghttpd;
			ok = cpu > 0;
		}
	}
	for (unsigned k = 0; ok && k < 2; k++) {
		const double ratio = median(ratios[k], b->rounds);
		printf("%-8s%6.3f us  nghttpd %6.3f us  CPU %.2f (%.2f..%.2f)", engines[k],
		       median(us[k], b->rounds), median(theirs, b->rounds), ratio, ratios[k][0],
		       ratios[k][b->rounds - 1]);
		printf(b->quick ? "\n" : "  goal: CPU <= %.2f %s\n", goals[k],
		       ratio <= goals[k] ? "met" : "MISSED");
	}
	for (unsigned k = 0; k < 2; k++)
		server_stop(&own[k]);
	server_stop(&peer);
	return ok;
}

// ---- the parts ----------------------------------------------------------------------------------------------

static bool stall(const struct bench *b)
{
	return part_stall(b->quick, b->with_h2load);
}

static bool memory(const struct bench *b)
{
	return part_memory(b->quick);
}

static const struct part {
	const char *name;
	bool (*run)(const struct bench *b);
} parts[] = { { "client", part_client }, { "bodies", part_bodies }, { "servers", part_servers },
	      { "server", part_server }, { "stall", stall },        { "memory", memory } };

static const struct part *part_named(const char *name)
{
	for (size_t i = 0; i < COUNT(parts); i++)
		if (strcmp(parts[i].name, name) == 0)
			return &parts[i];
	return NULL;
}

static int usage(void)
{
	fprintf(stderr, "Usage: h2_bench [--quick] [ROUNDS] [PART...]   (rounds: 1 to %d, 5 if not given; parts:",
	        MAX_ROUNDS);
	for (size_t i = 0; i < COUNT(parts); i++)
		fprintf(stderr, " %s", parts[i].name);
	fprintf(stderr, ", all if none is given)\n");
	return 2;
}

int main(int argc, char **argv)
{
	struct bench b = { .rounds = 5 };
	int first = 1, code = 0;

	if (first < argc && strcmp(argv[first], "--quick") == 0) {
		b.quick = true;
		b.rounds = 1;
		first++;
	}
	if (first < argc && argv[first][0] >= '0' && argv[first][0] <= '9') {
		b.rounds = (unsigned)strtoul(argv[first++], NULL, 10);
		if (b.rounds - 1 >= MAX_ROUNDS)
			return usage();
	}
	for (int i = first; i < argc; i++)
		if (part_named(argv[i]) == NULL)
			return usage();
	b.with_h2load = system("command -v h2load >/dev/null 2>&1") == 0;
	printf("medians of %u interleaved rounds; us: the client's CPU a request; ratios are ours / h2load's, paired%s\n",
	       b.rounds, b.with_h2load ? "" : " (h2load is not installed)");
	for (size_t i = 0; i < COUNT(parts); i++) {
		bool wanted = first == argc;
		for (int k = first; k < argc; k++)
			wanted |= strcmp(argv[k], parts[i].name) == 0;
		fflush(stdout);
		if (wanted && !parts[i].run(&b))
			code = 1;
	}
	return code;
}
