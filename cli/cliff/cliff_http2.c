// stressgen cliff --http2: up to how many streams, connections, bytes of a header or of a body, and requests a
// second a server keeps up.
#include "cliff_hunt.h"
#include "h2_scenario.h"
#include "scenario_foreign.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EMBEDDED "embedded"

// What a scenario is made of: `%` stands for the value.
static const struct size {
	const char *param;
	int64_t first, most;
	const char *load;     // in (load ...)
	const char *request;  // in (request ...)
	const char *path;     // of our own server
	uint64_t deadline_ms; // 0: the limit of time
} sizes[] = {
	{ "streams", 100, 100000, "(connections 1) (streams %) (requests %)", "", "/bytes/128", 0 },
	{ "connections", 10, 10000, "(connections %) (streams 1) (requests %)", "", "/bytes/128", 0 },
	{ "header", 1024, 1000000, "(requests 3)", "", "/bytes/128", 0 },
	{ "body", 65536, 67108864, "(requests 3)", " (method POST) (body (pattern %))", "/echo", 0 },
	// what is due in two seconds, answered within a tenth of that more
	{ "rate", 1000, 10000000, "(connections 10) (streams 100) (rate %) (duration 2s)", "", "/bytes/128",
	  2200 },
};
#define SIZES (sizeof sizes / sizeof sizes[0])

struct http2_size {
	struct hunt_scenario scenario; // first: the rest is found by it
	const struct size *size;
	struct h2_url url; // authority "": our own server
	const char *ca;    // --h2-cacert; NULL: the system's
	bool insecure;     // --h2-insecure
};

static void add_filled(struct buf *out, const char *text, int64_t value)
{
	for (; *text != '\0'; text++) {
		if (*text == '%')
			buf_addf(out, "%" PRId64, value);
		else
			buf_addc(out, *text);
	}
}

static void add_tls(const struct http2_size *s, struct buf *out)
{
	buf_adds(out, "  (tls");
	h2_scenario_trust(s->ca, s->insecure, out);
	buf_adds(out, ")\n");
}

static int write_scenario(const struct hunt_scenario *scenario, int64_t value, struct buf *out)
{
	const struct http2_size *s = (const struct http2_size *)scenario;
	const bool own = s->url.authority[0] == '\0';

	buf_addf(out,
	         "; @Test http2/cliff-%s\n; @Kind http2\n; @Sentinel on\n; @Run {stressgen:h2} run {file}\n"
	         "(scenario http2/cliff-%s\n  (summary \"%s of %" PRId64 "\")\n",
	         s->size->param, s->size->param, s->size->param, value);
	if (!own)
		buf_addf(out, "  (target \"%s://%s\")\n", s->url.scheme, s->url.authority);
	if (!own && strcmp(s->url.scheme, "https") == 0)
		add_tls(s, out);
	buf_adds(out, "  (load ");
	add_filled(out, s->size->load, value);
	buf_addf(out, " (deadline %" PRIu64 "ms))\n  (request one (path \"%s\")",
	         s->size->deadline_ms > 0 ? s->size->deadline_ms : scenario->deadline_ns / 1000000,
	         own ? s->size->path : s->url.path);
	add_filled(out, s->size->request, value);
	if (strcmp(s->size->param, "header") == 0) {
		buf_adds(out, "\n    (header \"x-stress\" \"");
		for (int64_t i = 0; i < value; i++)
			buf_addc(out, (char)('a' + i % 26));
		buf_adds(out, "\")");
	}
	buf_adds(out, " (expect (status ok))))\n");
	return out->failed ? -ENOMEM : 0;
}

// A server that is not there has no cliffs. (What it answers is looked at in the search.)
static int check_server(const struct http2_size *s, struct err *e)
{
	const struct h2_tls_client_config tls = { .ca_file = s->ca, .insecure = s->insecure };
	struct h2_target target;
	char url[sizeof s->url.scheme + sizeof s->url.authority + 4];
	int r;

	snprintf(url, sizeof url, "%s://%s", s->url.scheme, s->url.authority);
	r = h2_target_parse(url, &target, e);
	return r < 0 ? r : h2_foreign_try(&target, s->url.path, &tls, true, e);
}

static int add_cliff(struct hunt *h, const struct size *size, const char *target)
{
	struct http2_size s = { .scenario = { .param = size->param,
		                              .target = target,
		                              .least = 1,
		                              .first = size->first,
		                              .most = size->most,
		                              .write = write_scenario,
		                              .deadline_ns = h->found.timeout_ns },
		                .size = size,
		                .ca = opt_text(&h->app->opts, "h2-cacert"),
		                .insecure = opt_flag(&h->app->opts, "h2-insecure") };
	int r = strcmp(target, EMBEDDED) == 0 ? 0 : h2_url_parse(target, &s.url, h->e);

	if (r == 0 && s.url.authority[0] != '\0')
		r = check_server(&s, h->e);
	h->pair++;
	if (r == 0)
		r = hunt_one_scenario(h, &s.scenario);
	if (r == 0 && !h->interrupted)
		r = cliff_journal_add(&h->journal, &h->found.items[h->found.count - 1], h->found.allocator, h->e);
	return r == 0 ? hunt_write_files(h) : r;
}

// --param chooses some of them; default: all.
static bool is_chosen(const char *params, const char *name)
{
	const size_t len = strlen(name);

	for (const char *at = params; at != NULL; at = strchr(at, ',') != NULL ? strchr(at, ',') + 1 : NULL)
		if (strncmp(at, name, len) == 0 && (at[len] == ',' || at[len] == '\0'))
			return true;
	return params == NULL;
}

// How many are chosen; -EINVAL for a word that is none.
static int count_params(struct hunt *h, const char *params)
{
	size_t words = params != NULL, chosen = 0;

	for (const char *at = params; at != NULL && *at != '\0'; at++)
		words += *at == ',';
	for (size_t i = 0; i < SIZES; i++)
		chosen += is_chosen(params, sizes[i].param);
	if (params != NULL && chosen != words)
		return err_set(h->e, EINVAL,
		               "--param %s: with --http2 it is streams, connections, header, body or rate, or "
		               "several with commas between them",
		               params);
	return (int)chosen;
}

int hunt_http2(struct hunt *h)
{
	const char *params = opt_text(&h->app->opts, "param"), *targets = opt_text(&h->app->opts, "target");
	char *copy = strdup(targets != NULL ? targets : EMBEDDED), *rest = copy;
	int chosen = copy == NULL ? err_set(h->e, ENOMEM, "out of memory") : count_params(h, params);
	int r = chosen < 0 ? chosen : 0;

	for (const char *at = copy; r == 0 && *at != '\0'; at++) // as many as there are targets
		h->pairs += at == copy || at[-1] == ',' || at[-1] == '\n' ? (size_t)chosen : 0;
	for (char *target; r == 0 && (target = strsep(&rest, ",\n")) != NULL;)
		for (size_t i = 0; r == 0 && i < SIZES && !h->interrupted; i++)
			if (is_chosen(params, sizes[i].param))
				r = add_cliff(h, &sizes[i], target);
	free(copy);
	return r;
}
