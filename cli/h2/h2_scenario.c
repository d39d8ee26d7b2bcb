// Options of `stressgen h2` as a scenario file.
#include "h2_scenario.h"

#include "clock.h"
#include "units.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NO_DURATION_LIMIT (3600 * SG_NS_PER_S) // for loads by count, where --timeout does not say
#define AFTER_DURATION (30 * SG_NS_PER_S)      // for what is under way then
#define TRIAL (2 * SG_NS_PER_S)                // of --find-max-rate
#define MOST_TRIALS 30U                        // from 1/s to the highest rate there is, and back in halves
#define TO_REPORT (10 * SG_NS_PER_S)           // between the load's deadline and the test's time limit

// ---- URLs ---------------------------------------------------------------------------------------------------

void h2_url_host(const struct h2_url *u, char host[280])
{
	const char *text = u->authority;
	size_t len = strcspn(text, ":");

	if (text[0] == '[') {
		text++;
		len = strcspn(text, "]");
	}
	snprintf(host, 280, "%.*s", (int)len, text);
}

bool h2_host_is_here(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (strcasecmp(host, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

// What stands behind the host's colon; NULL where nothing does.
static const char *port_of(const char *authority)
{
	const char *end = authority[0] == '[' ? strchr(authority, ']') : authority;
	const char *colon = end != NULL ? strchr(end, ':') : NULL;

	return colon != NULL ? colon + 1 : NULL;
}

static int check_port(const char *authority, struct err *e)
{
	const char *port = port_of(authority);
	uint64_t n = 0;

	if (port == NULL || strstr(port, "%{") != NULL)
		return 0;
	if (units_parse_u64(port, &n) < 0 || n == 0 || n > UINT16_MAX)
		return err_set(e, EINVAL, "'%.40s' is no port of '%.120s'; write a number from 1 to 65535", port,
		               authority);
	return 0;
}

int h2_url_parse(const char *text, struct h2_url *u, struct err *e)
{
	const char *host = strstr(text, "://");
	size_t scheme = host != NULL ? (size_t)(host - text) : 0, len;
	const char *path;

	if (host == NULL || (strncasecmp(text, "http://", 7) != 0 && strncasecmp(text, "https://", 8) != 0))
		return err_set(e, EINVAL, "'%.200s' is no URL; write http://HOST:PORT/PATH or https://...", text);
	host += 3;
	len = strcspn(host, "/?#");
	path = host + len;
	if (memchr(host, '@', len) != NULL)
		return err_set(
		        e, EINVAL,
		        "'%.200s': HTTP/2 has no place for what stands in front of '@'; write -H 'authorization: "
		        "Basic ...'",
		        text);
	if (len == 0 || len >= sizeof u->authority)
		return err_set(e, EINVAL, "'%.200s' names no host; write http://HOST:PORT/PATH", text);
	len = strcspn(path, "#"); // the fragment is not sent
	if (len + 2 > sizeof u->path)
		return err_set(e, EINVAL, "the path of '%.80s...' is longer than %zu bytes", text,
		               sizeof u->path - 2);
	snprintf(u->scheme, sizeof u->scheme, "%s", scheme == 5 ? "https" : "http");
	snprintf(u->authority, sizeof u->authority, "%.*s", (int)strcspn(host, "/?#"), host);
	snprintf(u->path, sizeof u->path, "%s%.*s", path[0] == '/' ? "" : "/", (int)len, path);
	return check_port(u->authority, e);
}

// ---- texts --------------------------------------------------------------------------------------------------

void h2_scenario_string(const char *text, size_t len, struct buf *out)
{
	buf_addc(out, '"');
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"' || text[i] == '\\')
			buf_addc(out, '\\');
		buf_addc(out, text[i]);
	}
	buf_addc(out, '"');
}

static void put_field(const char *name, const char *text, struct buf *out)
{
	buf_addf(out, " (%s ", name);
	h2_scenario_string(text, strlen(text), out);
	buf_addc(out, ')');
}

static void put_count(const struct opt_set *o, const char *option, const char *name, struct buf *out)
{
	if (opt_text(o, option) != NULL && opt_number(o, option) > 0)
		buf_addf(out, " (%s %" PRIu64 ")", name, opt_number(o, option));
}

static void put_time(const struct opt_set *o, const char *option, const char *name, struct buf *out)
{
	if (opt_text(o, option) != NULL && opt_number(o, option) > 0)
		buf_addf(out, " (%s %" PRIu64 "ns)", name, opt_number(o, option));
}

// ---- the file -----------------------------------------------------------------------------------------------

bool h2_scenario_is_open(const struct opt_set *o)
{
	return opt_text(o, "rate") != NULL || opt_given(o, "rps");
}

static uint64_t duration_ns(const struct opt_set *o)
{
	const uint64_t given = opt_number(o, "duration");

	return given > 0 || opt_text(o, "find-max-rate") == NULL ? given : TRIAL;
}

// How long it takes until all connections are open, where --connection-rate says.
static uint64_t opening_ns(const struct opt_set *o)
{
	const double all = (double)opt_number(o, "connections") * (double)opt_number(o, "rate-period");

	return opt_given(o, "connection-rate") ? (uint64_t)(all / (double)opt_number(o, "connection-rate")) : 0;
}

static uint64_t deadline_ns(const struct opt_set *o)
{
	const uint64_t duration = duration_ns(o);

	if (opt_given(o, "timeout"))
		return opt_number(o, "timeout");
	return duration > 0 ? opt_number(o, "warm-up") + duration + opening_ns(o) + AFTER_DURATION
	                    : NO_DURATION_LIMIT;
}

// "1k" as "1000"; the bytes up to `end`.
static int put_number(const char *text, const char *end, struct buf *out)
{
	char word[32];
	uint64_t n;

	snprintf(word, sizeof word, "%.*s", (int)(end - text), text);
	if (end - text >= (ptrdiff_t)sizeof word || units_parse_count(word, &n) < 0 || n == 0)
		return -EINVAL;
	buf_addf(out, " %" PRIu64, n);
	return 0;
}

static int put_span(const char *text, const char *end, struct buf *out)
{
	char word[32];
	uint64_t ns;

	snprintf(word, sizeof word, "%.*s", (int)(end - text), text);
	if (end - text >= (ptrdiff_t)sizeof word || units_parse_duration(word, &ns) < 0 || ns == 0)
		return -EINVAL;
	buf_addf(out, " %" PRIu64 "ns", ns);
	return 0;
}

// "100/10s,200/10s"
static int put_steps(const char *text, struct buf *out)
{
	int rc = 0;

	buf_adds(out, " (steps");
	while (rc == 0 && *text != '\0') {
		const char *end = text + strcspn(text, ","), *slash = memchr(text, '/', (size_t)(end - text));

		buf_adds(out, " (");
		rc = slash != NULL ? put_number(text, slash, out) : -EINVAL;
		if (rc == 0)
			rc = put_span(slash + 1, end, out);
		buf_addc(out, ')');
		text = end + (*end == ',');
	}
	buf_addc(out, ')');
	return rc;
}

static int put_rate(const struct opt_set *o, struct buf *out, struct err *e)
{
	const char *rate = opt_text(o, "rate"), *dash, *slash;
	int rc;

	if (rate != NULL && opt_given(o, "rps"))
		return err_set(e, EINVAL,
		               "--rate and --rps say the same, of all connections and of each; give one");
	if (opt_given(o, "rps"))
		buf_addf(out, " (rate %" PRIu64 ")", opt_number(o, "rps") * opt_number(o, "connections"));
	if (rate == NULL && opt_given(o, "arrivals") && !opt_given(o, "rps") &&
	    opt_text(o, "find-max-rate") == NULL)
		return err_set(e, EINVAL,
		               "--arrivals says how an open loop's requests come; give --rate or --rps too");
	if (rate == NULL) {
		if (opt_given(o, "rps"))
			buf_addf(out, " (arrivals %s)", opt_text(o, "arrivals"));
		return 0;
	}
	if (opt_text(o, "find-max-rate") != NULL && strpbrk(rate, "-/") != NULL)
		return err_set(e, EINVAL, "--find-max-rate begins at one rate: --rate 500, not '%.80s'", rate);
	dash = strchr(rate, '-');
	slash = strchr(rate, '/');
	if (slash == NULL) {
		buf_adds(out, " (rate");
		rc = put_number(rate, rate + strlen(rate), out);
		buf_addc(out, ')');
	} else if (dash != NULL && dash < slash) {
		buf_adds(out, " (ramp");
		rc = put_number(rate, dash, out);
		if (rc == 0)
			rc = put_number(dash + 1, slash, out);
		if (rc == 0)
			rc = put_span(slash + 1, slash + strlen(slash), out);
		buf_addc(out, ')');
	} else {
		rc = put_steps(rate, out);
	}
	if (rc < 0)
		return err_set(
		        e, EINVAL,
		        "--rate: '%.80s' is no rate; write 500, 100-1k/30s (a ramp) or 100/10s,200/10s (steps)",
		        rate);
	buf_addf(out, " (arrivals %s)", opt_text(o, "arrivals"));
	return 0;
}

// What the connections say of themselves, as far as it was said.
static void put_settings(const struct opt_set *o, struct buf *out)
{
	static const char *const windows[][2] = { { "window-bits", "window" },
		                                  { "connection-window-bits", "connection-window" } };
	static const char *const sizes[][2] = { { "max-frame-size", "frame-size" },
		                                { "header-table-size", "header-table" },
		                                { "encoder-header-table-size", "encoder-table" } };

	for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++)
		if (opt_given(o, windows[i][0]))
			buf_addf(out, " (%s %" PRIu64 ")", windows[i][1],
			         (UINT64_C(1) << opt_number(o, windows[i][0])) - 1);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		if (opt_given(o, sizes[i][0]))
			buf_addf(out, " (%s %" PRIu64 ")", sizes[i][1], opt_number(o, sizes[i][0]));
}

static int put_load(const struct opt_set *o, const uint64_t *seed, struct buf *out, struct err *e)
{
	const bool counts = opt_given(o, "requests") || (duration_ns(o) == 0 && !h2_scenario_is_open(o));
	int rc;

	buf_adds(out, "  (load");
	put_count(o, "connections", "connections", out);
	put_count(o, "streams", "streams", out);
	put_count(o, "threads", "threads", out);
	put_count(o, "requests-per-connection", "requests-per-connection", out);
	put_time(o, "idle", "idle", out);
	put_count(o, "churn", "churn", out);
	put_time(o, "lifetime", "lifetime", out);
	put_count(o, "connection-rate", "connection-rate", out);
	if (opt_given(o, "connection-rate"))
		put_time(o, "rate-period", "rate-period", out);
	put_time(o, "request-timeout", "request-timeout", out);
	put_time(o, "coalesce", "coalesce", out);
	if (opt_flag(o, "spin"))
		buf_adds(out, " (spin)");
	put_settings(o, out);
	if (counts)
		put_count(o, "requests", "requests", out);
	if (duration_ns(o) > 0)
		buf_addf(out, " (duration %" PRIu64 "ns)", duration_ns(o));
	put_time(o, "warm-up", "warm-up", out);
	rc = put_rate(o, out, e);
	if (seed != NULL)
		buf_addf(out, " (seed %" PRIu64 ")", *seed);
	if (opt_text(o, "find-max-rate") != NULL)
		put_field("find-max-rate", opt_text(o, "find-max-rate"), out);
	buf_addf(out, " (deadline %" PRIu64 "ns))\n", deadline_ns(o));
	return rc;
}

// The run may be done again from elsewhere.
static void put_file(const char *name, const char *file, struct buf *out)
{
	char *path = file != NULL ? realpath(file, NULL) : NULL;

	if (file != NULL)
		put_field(name, path != NULL ? path : file, out);
	free(path);
}

void h2_scenario_trust(const char *ca, bool insecure, struct buf *out)
{
	put_file("ca", ca, out);
	if (insecure)
		buf_adds(out, " (insecure)");
}

static void put_tls(const struct opt_set *o, struct buf *out)
{
	static const char *const lists[] = { "ciphers", "tls13-ciphers", "groups" };

	buf_adds(out, "  (tls");
	h2_scenario_trust(opt_text(o, "cacert"), opt_flag(o, "insecure"), out);
	if (!opt_flag(o, "tls-resumption"))
		buf_adds(out, " (no-resumption)");
	if (strcmp(opt_text(o, "tls"), "any") != 0)
		buf_addf(out, " (version %s)", opt_text(o, "tls"));
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
		if (opt_text(o, lists[i]) != NULL)
			put_field(lists[i], opt_text(o, lists[i]), out);
	put_file("cert", opt_text(o, "cert"), out);
	put_file("key", opt_text(o, "key"), out);
	buf_adds(out, ")\n");
}

static int put_target(const struct opt_set *o, const struct h2_url *u, struct buf *out, struct err *e)
{
	static const char *const of_tls[] = {
		"tls", "cacert", "ciphers", "tls13-ciphers", "groups", "cert", "key"
	};
	const char *there = opt_text(o, "base-uri");
	const bool tls = strcmp(u->scheme, "https") == 0;
	char base[300];

	for (size_t i = 0; !tls && i < sizeof of_tls / sizeof of_tls[0]; i++)
		if (opt_by_flag(o, of_tls[i]))
			return err_set(e, EINVAL, "--%s is for https URLs; this one is http://%.200s", of_tls[i],
			               u->authority);
	snprintf(base, sizeof base, "%s://%s", u->scheme, u->authority);
	buf_addc(out, ' ');
	put_field("target", base, out);
	if (opt_text(o, "connect-to") != NULL)
		put_field("connect-to", opt_text(o, "connect-to"), out);
	else if (there != NULL && strncmp(there, "unix:", 5) == 0)
		put_field("connect-to", there, out);
	buf_addc(out, '\n');
	if (tls)
		put_tls(o, out);
	return 0;
}

int h2_scenario_write(const struct opt_set *o, const struct h2_scenario_parts *parts, struct buf *out,
                      struct err *e)
{
	const uint64_t trials = opt_text(o, "find-max-rate") != NULL ? MOST_TRIALS : 1;
	const uint64_t limit = trials * deadline_ns(o) + TO_REPORT;
	struct h2_url first;
	int rc = h2_url_parse(parts->target != NULL ? parts->target : parts->urls[0], &first, e);

	if (rc < 0)
		return rc;
	buf_addf(out,
	         "; @Test http2/load\n; @Kind http2\n; @Timeout %" PRIu64 "ns\n; @Sentinel on\n"
	         "; @Run {stressgen:h2} run --h2-engine %s%s%s {file}\n(scenario http2/load\n",
	         limit, opt_text(o, "h2-engine"), parts->other_host ? " --allow-host " : "",
	         parts->other_host ? parts->other_host : "");
	rc = put_target(o, &first, out, e);
	if (rc == 0)
		rc = put_load(o, parts->seed, out, e);
	if (rc == 0 && parts->requests != NULL) {
		buf_addc(out, ' ');
		put_field("requests", parts->requests, out);
		buf_addc(out, '\n');
	}
	if (rc == 0)
		rc = h2_scenario_requests(o, parts, out, e);
	buf_adds(out, ")\n");
	return rc == 0 && out->failed ? err_set(e, ENOMEM, "out of memory") : rc;
}
