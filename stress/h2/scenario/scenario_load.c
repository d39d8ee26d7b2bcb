// The clauses (load ...), how many connections, streams and requests, and for how long, and (tls ...).
#include "scenario_parts.h"

#include "clock.h"
#include "units.h"

#define DEFAULT_DEADLINE (30 * SG_NS_PER_S)
#define MAX_COALESCE (10 * SG_NS_PER_MS)
#define MAX_IN_FLIGHT (4U * 1024U * 1024U) // connections x streams: bounds the memory

static int read_amounts(struct h2_reader *r, struct scenario *s, const struct sexp *list)
{
	uint64_t connections = 1, streams = 1, threads = 1;
	int rc = h2_get_count(r, list, "connections", H2_MAX_CONNECTIONS, &connections);
	if (rc == 0)
		rc = h2_get_count(r, list, "streams", H2_MAX_STREAMS, &streams);
	if (rc == 0)
		rc = h2_get_count(r, list, "threads", H2_MAX_THREADS, &threads);
	if (rc == 0)
		rc = h2_get_count(r, list, "requests", UINT64_C(1) << 40, &s->requests);
	if (rc == 0 && connections * streams > MAX_IN_FLIGHT)
		rc = FAIL(r, list, "connections times streams is more than %u", MAX_IN_FLIGHT);
	s->connections = (unsigned)connections;
	s->streams = (unsigned)streams;
	s->threads = (unsigned)(threads < connections ? threads : connections);
	return rc;
}

static int read_times(struct h2_reader *r, struct scenario *s, const struct sexp *list)
{
	int rc = h2_get_duration(r, list, "duration", &s->duration_ns);
	if (rc == 0)
		rc = h2_get_duration(r, list, "warm-up", &s->warm_up_ns);
	if (rc == 0)
		rc = h2_get_duration(r, list, "deadline", &s->deadline_ns);
	if (rc == 0 && s->warm_up_ns && !s->duration_ns)
		rc = FAIL(r, sexp_field(list, "warm-up"), "a warm-up goes before a duration, and none is given");
	if (rc == 0 && s->deadline_ns && s->deadline_ns <= s->warm_up_ns + s->duration_ns)
		rc = FAIL(r, sexp_field(list, "deadline"), "the deadline must be later than the duration%s",
		          s->warm_up_ns ? " behind the warm-up" : "");
	return rc;
}

// ---- the open loop ------------------------------------------------------------------------------------------

static int get_rate(struct h2_reader *r, const struct sexp *list, size_t i, double *rate)
{
	int64_t n = 0;
	int rc = sexp_get_int(r->doc, list, i, 1, H2_MAX_RATE, &n, r->e);
	*rate = (double)n;
	return rc;
}

// "(100 5s)" or, of a ramp, the last item: the time as the item `i`.
static int get_time(struct h2_reader *r, const struct sexp *list, size_t i, uint64_t *ns)
{
	const char *text;
	int rc = sexp_get_symbol(r->doc, list, i, &text, r->e);
	if (rc == 0 && (units_parse_duration(text, ns) < 0 || *ns == 0 || *ns > 24 * 3600 * SG_NS_PER_S))
		rc = FAIL(r, list->items[i], "'%.40s' is not a time from 1ns to 24h", text);
	return rc;
}

static int read_ramp(struct h2_reader *r, const struct sexp *field, struct h2_schedule *s)
{
	struct h2_segment *g = s->segments;
	if (field->count != 4)
		return FAIL(r, field, "a ramp is (ramp FROM TO TIME), e.g. (ramp 100 1000 30s)");
	int rc = get_rate(r, field, 1, &g[0].from);
	if (rc == 0)
		rc = get_rate(r, field, 2, &g[0].to);
	if (rc == 0)
		rc = get_time(r, field, 3, &g[0].ns);
	g[1] = (struct h2_segment){ g[0].to, g[0].to, 0 };
	s->count = 2;
	return rc;
}

static int read_steps(struct h2_reader *r, const struct sexp *field, struct h2_schedule *s)
{
	int rc = 0;
	if (field->count < 2 || field->count - 1 > H2_MAX_SEGMENTS)
		return FAIL(r, field, "steps are 1 to %u, e.g. (steps (100 5s) (200 5s))", H2_MAX_SEGMENTS);
	for (size_t i = 1; rc == 0 && i < field->count; i++) {
		struct h2_segment *g = &s->segments[s->count++];
		if (field->items[i]->kind != SEXP_LIST || field->items[i]->count != 2)
			return FAIL(r, field->items[i], "a step is a rate and a time, e.g. (100 5s)");
		rc = get_rate(r, field->items[i], 0, &g->from);
		if (rc == 0)
			rc = get_time(r, field->items[i], 1, &g->ns);
		g->to = g->from;
	}
	return rc;
}

// Any number, 0 too, which counts are not.
static int read_seed(struct h2_reader *r, const struct sexp *list, uint64_t *seed)
{
	const struct sexp *field = sexp_field(list, "seed");
	int64_t value = 1;
	int rc = field && field->count != 2 ? FAIL(r, field, "one number was expected, e.g. (seed 7)") : 0;
	if (rc == 0 && field)
		rc = sexp_get_int(r->doc, field, 1, 0, INT64_MAX, &value, r->e);
	*seed = (uint64_t)value;
	return rc;
}

static int read_schedule(struct h2_reader *r, struct scenario *s, const struct sexp *list)
{
	const struct sexp *rate = sexp_field(list, "rate"), *ramp = sexp_field(list, "ramp");
	const struct sexp *steps = sexp_field(list, "steps"), *arrivals = sexp_field(list, "arrivals");
	struct h2_schedule *c = &s->schedule;
	int rc = 0;
	if ((rate != NULL) + (ramp != NULL) + (steps != NULL) > 1)
		return FAIL(r, list, "one of (rate ...), (ramp ...) and (steps ...)");
	rc = read_seed(r, list, &c->seed);
	if (rc == 0 && rate) {
		c->count = 1;
		rc = rate->count == 2 ? get_rate(r, rate, 1, &c->segments[0].from)
		                      : FAIL(r, rate, "a rate is (rate N), in requests a second");
		c->segments[0].to = c->segments[0].from;
	}
	if (rc == 0 && ramp)
		rc = read_ramp(r, ramp, c);
	if (rc == 0 && steps)
		rc = read_steps(r, steps, c);
	if (rc < 0 || !arrivals)
		return rc;
	c->poisson = sexp_is_symbol(sexp_at(arrivals, 1), "poisson");
	if (arrivals->count != 2 || (!c->poisson && !sexp_is_symbol(arrivals->items[1], "constant")))
		return FAIL(r, arrivals, "arrivals are (arrivals constant) or (arrivals poisson)");
	return c->count ? 0 : FAIL(r, arrivals, "arrivals are of a (rate ...), (ramp ...) or (steps ...)");
}

// How long connections and requests live.
static int read_lives(struct h2_reader *r, struct scenario *s, const struct sexp *list)
{
	int rc = h2_get_count(r, list, "requests-per-connection", INT32_MAX, &s->per_connection);
	if (rc == 0)
		rc = h2_get_duration(r, list, "idle", &s->idle_ns);
	if (rc == 0)
		rc = h2_get_count(r, list, "churn", H2_MAX_CHURN, &s->churn_per_s);
	if (rc == 0)
		rc = h2_get_duration(r, list, "request-timeout", &s->request_timeout_ns);
	if (rc == 0)
		rc = h2_get_duration(r, list, "lifetime", &s->lifetime_ns);
	if (rc == 0)
		rc = h2_get_count(r, list, "connection-rate", H2_MAX_CHURN, &s->connection_rate);
	s->rate_period_ns = SG_NS_PER_S;
	if (rc == 0)
		rc = h2_get_duration(r, list, "rate-period", &s->rate_period_ns);
	if (rc == 0 && s->idle_ns && !s->per_connection)
		rc = FAIL(r, sexp_field(list, "idle"),
		          "the idle time goes behind (requests-per-connection N), which is not there");
	return rc;
}

// How the sockets are waited for.
static int read_waiting(struct h2_reader *r, struct scenario *s, const struct sexp *list)
{
	const struct sexp *coalesce = sexp_field(list, "coalesce"), *spin = sexp_field(list, "spin");
	int rc = h2_get_duration(r, list, "coalesce", &s->coalesce_ns);
	if (rc == 0 && s->coalesce_ns > MAX_COALESCE)
		rc = FAIL(r, coalesce, "answers may wait for at most 10ms, e.g. (coalesce 100us)");
	if (rc == 0 && coalesce && (s->schedule.count || sexp_field(list, "find-max-rate")))
		rc = FAIL(r, coalesce, "an open loop's requests begin when they are due: without (coalesce ...)");
	if (rc == 0 && coalesce && spin)
		rc = FAIL(r, spin, "coalesce and spin are two ways to wait; give one of them");
	if (rc == 0 && spin && spin->count != 1)
		rc = FAIL(r, spin, "(spin) takes no value");
	s->spin = spin != NULL;
	return rc;
}

static int read_goal(struct h2_reader *r, struct scenario *s, const struct sexp *list)
{
	const struct sexp *field = sexp_field(list, "find-max-rate");
	const char *text = NULL;
	struct err own = { 0 };
	int rc = h2_get_text(r, list, "find-max-rate", &text);
	if (rc == 0 && text && h2_goal_parse(text, &s->goal, &own) < 0)
		rc = FAIL(r, field, "%s", own.text);
	if (rc == 0 && text && (!s->duration_ns || s->requests))
		rc = FAIL(r, field,
		          "the highest rate is found by trials of a (duration ...), without (requests ...)");
	return rc;
}

uint64_t scenario_opening_ns(const struct scenario *s)
{
	const double count = s->connections - 1, per_s = (double)s->connection_rate;
	return s->connection_rate ? (uint64_t)(count / per_s * (double)s->rate_period_ns) : 0;
}

// Connections that are opened at a rate: all of them before the time is over that they are for.
static int check_opening(struct h2_reader *r, const struct scenario *s, const struct sexp *list)
{
	const uint64_t opening_ns = scenario_opening_ns(s);
	const bool is_open = s->schedule.count || s->goal.count; // which begins when all connections stand
	const uint64_t time_ns = s->duration_ns && !is_open ? s->warm_up_ns + s->duration_ns : s->deadline_ns;
	char opening[32], time[32];
	if (opening_ns < time_ns)
		return 0;
	units_duration(opening, sizeof(opening), opening_ns);
	units_duration(time, sizeof(time), time_ns);
	return FAIL(
	        r, sexp_field(list, "connection-rate"),
	        "%u connections are open after %s at that rate, and the load %s %s: open them faster, or give it "
	        "more time",
	        s->connections, opening, time_ns == s->deadline_ns ? "ends by its deadline of" : "lasts", time);
}

static uint64_t until_last(const struct h2_schedule *c)
{
	uint64_t ns = 0;
	for (size_t i = 0; i < c->count; i++)
		ns += c->segments[i].ns;
	return ns;
}

// What the connections say of themselves.
static int read_settings(struct h2_reader *r, struct h2_client_settings *s, const struct sexp *list)
{
	const struct {
		const char *name;
		uint32_t min, max, *bytes;
	} rows[] = {
		{ "window", 1, WIRE_MAX_WINDOW, &s->window },
		{ "connection-window", WIRE_WINDOW, WIRE_MAX_WINDOW, &s->connection_window },
		{ "header-table", 0, H2_MOST_TABLE_BYTES, &s->table },
		{ "encoder-table", 0, H2_MOST_TABLE_BYTES, &s->encoder_table },
		{ "frame-size", WIRE_MAX_FRAME, WIRE_MOST_FRAME, &s->frame },
	};
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < sizeof(rows) / sizeof(rows[0]); i++)
		rc = h2_get_bytes_within(r, list, rows[i].name, rows[i].min, rows[i].max, rows[i].bytes);
	return rc;
}

int h2_read_load(struct h2_reader *r, struct scenario *s, const struct sexp *list)
{
	static const char *const fields[] = { "connections",
		                              "streams",
		                              "requests",
		                              "duration",
		                              "warm-up",
		                              "deadline",
		                              "threads",
		                              "rate",
		                              "ramp",
		                              "steps",
		                              "arrivals",
		                              "requests-per-connection",
		                              "idle",
		                              "churn",
		                              "request-timeout",
		                              "find-max-rate",
		                              "seed",
		                              "coalesce",
		                              "spin",
		                              "lifetime",
		                              "connection-rate",
		                              "rate-period",
		                              "window",
		                              "connection-window",
		                              "header-table",
		                              "encoder-table",
		                              "frame-size",
		                              NULL };
	int rc = 0;
	s->connections = s->streams = s->threads = 1;
	s->settings = H2_CLIENT_SETTINGS;
	if (list)
		rc = sexp_check_fields(r->doc, list, 1, fields, r->e);
	if (list && rc == 0)
		rc = read_amounts(r, s, list);
	if (list && rc == 0)
		rc = read_times(r, s, list);
	if (list && rc == 0)
		rc = read_schedule(r, s, list);
	if (list && rc == 0)
		rc = read_lives(r, s, list);
	if (list && rc == 0)
		rc = read_waiting(r, s, list);
	if (list && rc == 0)
		rc = read_settings(r, &s->settings, list);
	if (list && rc == 0)
		rc = read_goal(r, s, list);
	if (!s->duration_ns && !s->requests && s->schedule.count) // ramps and steps have an end of their own
		s->duration_ns = until_last(&s->schedule);
	if (!s->deadline_ns)
		s->deadline_ns = s->warm_up_ns + s->duration_ns + scenario_opening_ns(s) + DEFAULT_DEADLINE;
	return rc == 0 && s->connection_rate ? check_opening(r, s, list) : rc;
}

// (tls (ca "FILE") (insecure) (no-resumption) (version 1.3) (ciphers "LIST") (tls13-ciphers "LIST") (groups
// "LIST") (cert "FILE") (key "FILE"))
int h2_read_tls(struct h2_reader *r, struct scenario *s, const struct sexp *list)
{
	static const char *const fields[] = { "ca",      "insecure", "no-resumption",
		                              "version", "ciphers",  "tls13-ciphers",
		                              "groups",  "cert",     "key",
		                              NULL };
	const struct {
		const char *name, **text;
	} texts[] = {
		{ "ca", &s->tls.ca_file },       { "ciphers", &s->tls.ciphers },
		{ "groups", &s->tls.groups },    { "tls13-ciphers", &s->tls.tls13_ciphers },
		{ "cert", &s->tls.certificate }, { "key", &s->tls.key },
	};
	if (!list)
		return 0;
	int rc = sexp_check_fields(r->doc, list, 1, fields, r->e);
	for (size_t i = 0; rc == 0 && i < sizeof(texts) / sizeof(texts[0]); i++)
		rc = h2_get_text(r, list, texts[i].name, texts[i].text);
	const struct sexp *version = sexp_field(list, "version");
	if (rc == 0 && version) {
		s->tls.version = sexp_is_symbol(sexp_at(version, 1), "1.2") ? H2_TLS_1_2 : H2_TLS_1_3;
		if (version->count != 2 ||
		    (s->tls.version == H2_TLS_1_3 && !sexp_is_symbol(version->items[1], "1.3")))
			rc = FAIL(r, version, "a version of TLS is (version 1.2) or (version 1.3)");
	}
	s->tls.insecure = sexp_field(list, "insecure") != NULL;
	s->tls.no_resumption = sexp_field(list, "no-resumption") != NULL;
	return rc;
}
