// HTTP/2: our client and our server against h2load and nghttpd, in pairs and interleaved; late requests; memory.
#include "h2_bare.h"
#include "h2_parts.h"
#include "h2_rounds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

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

static const struct contender limit = { NULL, NULL, NULL, { 0, false }, { 0, false } };

static bool client(const struct bench *b, const struct load *l, double session, double wire)
{
	const struct contender all[] = { limit,
		                         { "session", "session", NULL, goal_of(b, session, false), none },
		                         { "wire", "wire", NULL, goal_of(b, wire, false), none } };
	struct bench_server s;
	const bool ok = server_start_responder(&s, l->answer_bytes, NULL) &&
	                compare_loads(l, all, COUNT(all), &s, b->rounds, b->with_h2load);

	server_stop(&s);
	return ok;
}

static bool get_128(const struct bench *b, unsigned connections, unsigned streams, uint64_t requests,
                    double session, double wire)
{
	const struct load l = { .connections = connections,
		                .streams = streams,
		                .requests = amount(b, requests),
		                .more = "",
		                .request = GET_128,
		                .answer_bytes = 128 };
	return client(b, &l, session, wire);
}

static bool part_client_1(const struct bench *b)
{
	return get_128(b, 1, 100, 1000000, 0, 0.35);
}

static bool part_client_10(const struct bench *b)
{
	return get_128(b, 10, 100, 2000000, 0.85, 0.20);
}

static bool part_client_100(const struct bench *b)
{
	return get_128(b, 100, 10, 1000000, 0, 0.35);
}

// ---- bodies -------------------------------------------------------------------------------------------------

static bool part_get(const struct bench *b)
{
	const struct load l = { .connections = 10,
		                .streams = 10,
		                .requests = amount(b, 10000),
		                .more = "",
		                .request = "(path \"/\") (expect (status 200) (length 1048576))",
		                .answer_bytes = 1048576 };
	return client(b, &l, 0.80, 0.80);
}

static bool part_post(const struct bench *b)
{
	char file[] = "/tmp/h2_bench-XXXXXX", option[] = "-d", *const peer[] = { option, file, NULL };
	const struct load l = { .connections = 10,
		                .streams = 10,
		                .requests = amount(b, 40000),
		                .more = "",
		                .request = "(method POST) (path \"/\") (body (pattern 65536))"
		                           " (expect (status 200) (length 128))",
		                .peer = peer,
		                .answer_bytes = 128,
		                .upload_bytes = 65536 };
	const struct contender all[] = { limit,
		                         { "session", "session", NULL, none, goal_of(b, 1.4, true) },
		                         { "wire", "wire", NULL, none, goal_of(b, 1.4, true) } };
	struct bench_server s;
	const int fd = mkstemp(file);
	bool ok = fd >= 0 && ftruncate(fd, 65536) == 0 && server_start_responder(&s, 128, NULL);

	if (ok) {
		ok = compare_loads(&l, all, COUNT(all), &s, b->rounds, b->with_h2load);
		server_stop(&s);
	}
	close(fd);
	unlink(file);
	return ok;
}

// ---- the server is the limit --------------------------------------------------------------------------------

static bool load_peer(const struct bench *b, const char *name, uint64_t requests)
{
	const struct contender all[] = { { "wire", "wire", NULL, none, none },
		                         { "wire, coalesced", "wire", "(coalesce 1ms)", goal_of(b, 0.40, false),
		                           goal_of(b, 1.05, true) } };
	struct bench_server s;
	bool ok = true;

	if (!server_start(&s, name, 128))
		return true; // it has been said
	for (unsigned streams = 100; ok && streams >= 10; streams /= 10) {
		const struct load l = { .connections = 1000 / streams,
			                .streams = streams,
			                .requests = amount(b, requests),
			                .more = "",
			                .request = GET_128 };
		ok = compare_loads(&l, all, COUNT(all), &s, b->rounds, b->with_h2load);
	}
	server_stop(&s);
	return ok;
}

static bool part_nghttpd(const struct bench *b)
{
	return load_peer(b, "nghttpd", 500000);
}

static bool part_nginx(const struct bench *b)
{
	return load_peer(b, "nginx", 200000);
}

static bool part_h2o(const struct bench *b)
{
	return load_peer(b, "h2o", 500000);
}

// ---- our server ---------------------------------------------------------------------------------------------

// Its engines, with answers of as many fields as nghttpd's, and as they are by default: with what was seen of the
// request besides.
static const struct own {
	const char *engine, *option, *name;
	double goal;
} owns[] = { { "session", "--no-reflect", "session", 0.4 },
	     { "wire", "--no-reflect", "wire", 0.2 },
	     { "session", NULL, "session, reflecting", 0 },
	     { "wire", NULL, "wire, reflecting", 0 } };

// CPU s of the server for the load by h2load; -1 when it failed.
static double serve(const struct bench_server *s, const struct load *l)
{
	struct cost c;

	return run_h2load(l, s, &c) ? c.server_cpu : -1;
}

static void print_server(const struct bench *b, const struct own *own, double *us, double *theirs, double *ratios)
{
	const double ratio = median(ratios, b->rounds), goal = goal_of(b, own->goal, false).value;

	printf("%-20s %6.3f us  nghttpd %6.3f us  CPU %.2f (%.2f..%.2f)", own->name, median(us, b->rounds),
	       median(theirs, b->rounds), ratio, ratios[0], ratios[b->rounds - 1]);
	if (goal > 0)
		printf("  goal: CPU <= %.2f %s", goal, ratio <= goal ? "met" : "MISSED");
	printf("\n");
}

static bool part_server(const struct bench *b)
{
	const struct load l = { .connections = 10, .streams = 100, .requests = amount(b, 1000000) };
	struct bench_server own[COUNT(owns)] = { 0 }, peer;
	double ratios[COUNT(owns)][MAX_ROUNDS], us[COUNT(owns)][MAX_ROUNDS], theirs[MAX_ROUNDS];

	if (!b->with_h2load || !server_start(&peer, "nghttpd", 21))
		return true;
	bool ok = true;
	for (size_t k = 0; ok && k < COUNT(owns); k++)
		ok = server_start_own(&own[k], owns[k].engine, owns[k].option);
	for (unsigned i = 0; ok && i < b->rounds; i++) {
		const double nghttpd = serve(&peer, &l);
		theirs[i] = nghttpd * 1e6 / (double)l.requests;
		ok = nghttpd > 0;
		for (size_t k = 0; ok && k < COUNT(owns); k++) {
			const double cpu = serve(&own[k], &l);
			us[k][i] = cpu * 1e6 / (double)l.requests;
			ratios[k][i] = cpu / nghttpd;
			ok = cpu > 0;
		}
	}
	for (size_t k = 0; ok && k < COUNT(owns); k++)
		print_server(b, &owns[k], us[k], theirs, ratios[k]);
	for (size_t k = 0; k < COUNT(owns); k++)
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
	const char *name, *title;
	bool (*run)(const struct bench *b);
} parts[] = {
	{ "client-1", "GET of 128 bytes against a canned responder", part_client_1 },
	{ "client-10", "GET of 128 bytes against a canned responder", part_client_10 },
	{ "client-100", "GET of 128 bytes against a canned responder", part_client_100 },
	{ "bodies-get", "GET of 1 MiB against a canned responder", part_get },
	{ "bodies-post", "POST of 64 KiB against a canned responder", part_post },
	{ "servers-nghttpd", "GET of 128 bytes; coalesced: with --coalesce 1ms", part_nghttpd },
	{ "servers-nginx", "GET of 128 bytes; coalesced: with --coalesce 1ms", part_nginx },
	{ "servers-h2o", "GET of 128 bytes; coalesced: with --coalesce 1ms", part_h2o },
	{ "server", "its CPU under h2load -c10 -m100, 21 bytes, in pairs with nghttpd", part_server },
	{ "stall", "an open loop of 1000/s on one connection, and a server that stands still for a while", stall },
	{ "memory", "at its peak, all requests under way at once, less that of one connection", memory },
};

// A part's name, or what stands in front of its dash.
static bool is_named(const struct part *p, const char *word)
{
	const size_t len = strlen(word);

	return strncmp(p->name, word, len) == 0 && (p->name[len] == '\0' || p->name[len] == '-');
}

static bool is_any(const char *word)
{
	for (size_t i = 0; i < COUNT(parts); i++)
		if (is_named(&parts[i], word))
			return true;
	return false;
}

static bool run_part(const struct bench *b, const struct part *p)
{
	printf("%s: %s\n", p->name, p->title);
	fflush(stdout);
	return p->run(b);
}

static int usage(void)
{
	fprintf(stderr, "Usage: h2_bench [--quick] [ROUNDS] [PART...]   (rounds: 1 to %d, 5 if not given; parts:",
	        MAX_ROUNDS);
	for (size_t i = 0; i < COUNT(parts); i++)
		fprintf(stderr, " %s", parts[i].name);
	fprintf(stderr, ";\nclient, bodies and servers are all that begin so; all parts if none is given)\n");
	return 2;
}

int main(int argc, char **argv)
{
	struct bench b = { .rounds = 5 };
	int first = 1, code = 0;

	if (argc == 8 && strcmp(argv[1], H2_BARE_OPTION) == 0)
		return h2_bare(argv + 2);
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
		if (!is_any(argv[i]))
			return usage();
	b.with_h2load = system("command -v h2load >/dev/null 2>&1") == 0;
	printf("medians of %u interleaved rounds; us: the client's CPU a request; ratios are ours / h2load's, paired%s\n",
	       b.rounds, b.with_h2load ? "" : " (h2load is not installed)");
	for (size_t i = 0; i < COUNT(parts); i++) {
		bool wanted = first == argc;
		for (int k = first; k < argc; k++)
			wanted |= is_named(&parts[i], argv[k]);
		if (wanted && !run_part(&b, &parts[i]))
			code = 1;
	}
	return code;
}
