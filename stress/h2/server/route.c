// The server's routes (docs/http2.md lists them).
#include "route.h"

#include "buf.h"
#include "clock.h"
#include "route_grpc.h"
#include "scenario.h"
#include "units.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT "text/plain"

static bool is(struct h2_text t, const char *word)
{
	return t.len == strlen(word) && memcmp(t.text, word, t.len) == 0;
}

// At once and whole, whatever pace an answer was to have until then; a->owned goes with what it was for.
static void say(struct h2_answer *a, unsigned status, const char *text)
{
	free(a->owned);
	*a = (struct h2_answer){
		.status = status, .type = TEXT, .has_length = true, .body = { text, strlen(text) }
	};
}

// Text made for this answer.
static void say_owned(struct h2_answer *a, const char *type, struct buf *b)
{
	uint64_t len = b->len;
	a->owned = b->failed ? NULL : buf_take(b);
	if (!a->owned) {
		buf_deinit(b);
		say(a, 503, "out of memory\n");
		return;
	}
	a->status = 200;
	a->type = type;
	a->has_length = true;
	a->body = (struct h2_body){ a->owned, len };
}

// The decimal number that is all of `t`, at most `max`. False for anything else.
static bool number(struct h2_text t, uint64_t max, uint64_t *n)
{
	*n = 0;
	for (size_t i = 0; i < t.len; i++) {
		if (t.text[i] < '0' || t.text[i] > '9' || *n > max / 10)
			return false;
		*n = *n * 10 + (uint64_t)(t.text[i] - '0');
	}
	return t.len > 0 && *n <= max;
}

// ---- the query ----------------------------------------------------------------------------------------------

static struct h2_text query_of(struct h2_text path)
{
	const char *at = memchr(path.text, '?', path.len);
	return at ? (struct h2_text){ at + 1, path.len - (size_t)(at + 1 - path.text) }
	          : (struct h2_text){ "", 0 };
}

// The value of NAME in "a=1&NAME=2". False where it is not.
static bool parameter(struct h2_text query, const char *name, struct h2_text *value)
{
	const size_t name_len = strlen(name);
	while (query.len > 0) {
		const char *end = memchr(query.text, '&', query.len);
		const size_t len = end ? (size_t)(end - query.text) : query.len;
		if (len > name_len && query.text[name_len] == '=' && memcmp(query.text, name, name_len) == 0) {
			*value = (struct h2_text){ query.text + name_len + 1, len - name_len - 1 };
			return true;
		}
		query.text += len + (end != NULL);
		query.len -= len + (end != NULL);
	}
	return false;
}

#define MOST_TIME (SG_NS_PER_S * 3600)
#define LEAST_EVERY SG_NS_PER_MS

static bool time_of(struct h2_text t, uint64_t least, uint64_t *ns)
{
	char text[32];
	if (t.len == 0 || t.len >= sizeof(text))
		return false;
	memcpy(text, t.text, t.len);
	text[t.len] = '\0';
	return units_parse_duration(text, ns) == 0 && *ns >= least && *ns <= MOST_TIME;
}

// A parameter that may be left out; false when it is there and wrong.
static bool time_parameter(struct h2_text query, const char *name, uint64_t least, uint64_t *ns)
{
	struct h2_text value;
	return !parameter(query, name, &value) || time_of(value, least, ns);
}

static bool number_parameter(struct h2_text query, const char *name, uint64_t max, uint64_t *n)
{
	struct h2_text value;
	return !parameter(query, name, &value) || (number(value, max, n) && *n > 0);
}

// ---- one function for each route ----------------------------------------------------------------------------

struct call {
	const struct h2_incoming *in;
	struct h2_text rest;  // the path behind the route's prefix, without the query
	struct h2_text query; // without its '?'
	const struct h2_counters *counters;
};

static void root(__attribute__((unused)) const struct call *c, struct h2_answer *a)
{
	say(a, 200, "stressgen-h2\n");
}

static void made(const struct call *c, const char *text, const char *type, struct h2_answer *a)
{
	uint64_t n;
	if (!number(c->rest, H2_MAX_BODY, &n)) {
		say(a, 400, "/bytes/N, /random/N, /stream/N: N is from 0 to 67108864\n");
		return;
	}
	a->status = 200;
	a->type = type;
	a->has_length = true;
	a->body = (struct h2_body){ text, n };
}

static void bytes(const struct call *c, struct h2_answer *a)
{
	made(c, NULL, TEXT, a);
}

static void random_bytes(const struct call *c, struct h2_answer *a)
{
	made(c, h2_body_random, "application/octet-stream", a);
}

static void file(const struct call *c, struct h2_answer *a)
{
	if (!c->in->file.text) {
		say(a, 404, "/file: the server was started without --serve FILE\n");
		return;
	}
	a->status = 200;
	a->type = "application/octet-stream";
	a->has_length = true;
	a->body = (struct h2_body){ c->in->file.text, c->in->file.len };
}

static void delay(const struct call *c, struct h2_answer *a)
{
	uint64_t ns;
	const bool known = time_of(c->rest, 0, &ns);
	say(a, known ? 200 : 400, known ? "delayed\n" : "/delay/TIME: TIME is up to 1h, e.g. 200ms\n");
	a->delay_ns = known ? ns : 0;
}

// In pieces, without saying beforehand how long it will be.
static void stream(const struct call *c, struct h2_answer *a)
{
	made(c, NULL, TEXT, a);
	if (a->status != 200)
		return;
	a->has_length = false;
	a->piece = 1024;
	a->every_ns = 100 * SG_NS_PER_MS;
	if (!time_parameter(c->query, "every", LEAST_EVERY, &a->every_ns) ||
	    !number_parameter(c->query, "piece", H2_MAX_BODY, &a->piece))
		say(a, 400, "/stream/N?piece=BYTES&every=TIME: at least one byte, 1ms to 1h\n");
}

static void events(const struct call *c, struct h2_answer *a)
{
	uint64_t count = H2_ENDLESS / H2_EVENT_BYTES;
	a->every_ns = SG_NS_PER_S;
	if (!time_parameter(c->query, "every", LEAST_EVERY, &a->every_ns) ||
	    !number_parameter(c->query, "count", UINT32_MAX, &count)) {
		say(a, 400, "/events?count=N&every=TIME: at least one event, 1ms to 1h\n");
		return;
	}
	a->status = 200;
	a->type = "text/event-stream";
	a->piece = H2_EVENT_BYTES;
	a->body = (struct h2_body){ h2_body_events, count * H2_EVENT_BYTES };
	a->endless = count == H2_ENDLESS / H2_EVENT_BYTES;
}

static void status(const struct call *c, struct h2_answer *a)
{
	uint64_t n;
	if (!number(c->rest, 599, &n) || n < 200) {
		say(a, 400, "/status/N: N is from 200 to 599\n");
		return;
	}
	say(a, (unsigned)n, "");
	if (n == 204 || n == 304) {
		a->type = NULL;
		a->has_length = false;
	}
}

static void reflect(const struct call *c, struct h2_answer *a)
{
	struct buf b = { 0 };
	const struct h2_incoming *in = c->in;
	buf_add(&b, in->method.text, in->method.len);
	buf_addc(&b, ' ');
	buf_add(&b, in->path.text, in->path.len);
	buf_addc(&b, ' ');
	buf_add(&b, in->authority.text, in->authority.len);
	buf_addc(&b, '\n');
	say_owned(a, TEXT, &b);
}

static void stats(const struct call *c, struct h2_answer *a)
{
	struct buf b = { 0 };
	h2_counters_measure(c->counters);
	h2_counters_json(c->counters, &b);
	buf_addc(&b, '\n');
	say_owned(a, "application/json", &b);
}

static void metrics(const struct call *c, struct h2_answer *a)
{
	struct buf b = { 0 };
	h2_counters_measure(c->counters);
	h2_counters_openmetrics(c->counters, &b);
	say_owned(a, "application/openmetrics-text; version=1.0.0; charset=utf-8", &b);
}

static void trailers(__attribute__((unused)) const struct call *c, struct h2_answer *a)
{
	say(a, 200, "trailers follow\n");
	a->trailing = H2_TRAILING_SEEN;
}

#define ROUTE(path, answer)                                                                                       \
	{                                                                                                         \
		path, sizeof(path) - 1, answer                                                                    \
	}

static const struct route {
	const char *path; // ending in "/": a prefix
	size_t len;
	void (*answer)(const struct call *c, struct h2_answer *a);
} routes[] = {
	ROUTE("/bytes/", bytes),         ROUTE("/reflect/", reflect),  ROUTE("/status/", status),
	ROUTE("/delay/", delay),         ROUTE("/stream/", stream),    ROUTE("/events", events),
	ROUTE("/random/", random_bytes), ROUTE("/file", file),         ROUTE("/stats", stats),
	ROUTE("/metrics", metrics),      ROUTE("/trailers", trailers), ROUTE("/", root),
};

static struct h2_text without_query(struct h2_text path)
{
	const char *query = memchr(path.text, '?', path.len);
	return query ? (struct h2_text){ path.text, (size_t)(query - path.text) } : path;
}

static void get(const struct h2_incoming *in, const struct h2_counters *counters, struct h2_answer *a)
{
	const struct h2_text path = without_query(in->path), query = query_of(in->path);
	if (in->path.len == 1 && in->path.text[0] == '/') { // the last row, and the most common one
		root(NULL, a);
		return;
	}
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		const struct route *r = &routes[i];
		const size_t len = r->len;
		const bool prefix = len > 1 && r->path[len - 1] == '/';
		if (path.len < len || path.text[len - 1] != r->path[len - 1] ||
		    memcmp(path.text, r->path, len) != 0 || (!prefix && path.len != len))
			continue;
		r->answer(&(struct call){ in, { path.text + len, path.len - len }, query, counters }, a);
		if (!time_parameter(query, "delay", 0, &a->delay_ns))
			say(a, 400, "?delay=TIME: TIME is up to 1h, e.g. 200ms\n");
		return;
	}
	say(a, 404,
	    "no such path; known are / /bytes/N /random/N /stream/N /events /delay/TIME /file /reflect/... "
	    "/status/N /stats /metrics /trailers\n");
}

bool h2_route_keeps_body(struct h2_text method)
{
	return is(method, "POST") || is(method, "PUT");
}

// ---- what takes its time ------------------------------------------------------------------------------------

struct h2_upload_plan h2_route_plan(struct h2_text method, struct h2_text path)
{
	static const char slow[] = "/slow-read/";
	struct h2_upload_plan plan = { 0 };
	const struct h2_text bare = without_query(path);
	if (!h2_route_keeps_body(method))
		return plan;
	plan.is_grpc = is(bare, H2_GRPC_CHAT);
	plan.echoes = plan.is_grpc || is(bare, "/echo");
	if (bare.len > sizeof(slow) - 1 && memcmp(bare.text, slow, sizeof(slow) - 1) == 0 &&
	    !number((struct h2_text){ bare.text + sizeof(slow) - 1, bare.len - (sizeof(slow) - 1) }, UINT32_MAX,
	            &plan.rate))
		plan.rate = 0;
	return plan;
}

struct h2_answer h2_route_echo(const struct h2_upload_plan *plan)
{
	return (struct h2_answer){ .status = 200,
		                   .type = plan->is_grpc ? H2_GRPC_TYPE : "application/octet-stream",
		                   .body = { "", H2_ENDLESS },
		                   .trailing = plan->is_grpc ? H2_TRAILING_GRPC : H2_TRAILING_NONE };
}

uint64_t h2_answer_ready(const struct h2_answer *a, uint64_t start_ns, uint64_t now_ns)
{
	if (a->every_ns == 0)
		return a->body.length;
	const uint64_t pieces = 1 + (now_ns > start_ns ? (now_ns - start_ns) / a->every_ns : 0);
	return pieces > a->body.length / a->piece ? a->body.length : pieces * a->piece;
}

uint64_t h2_answer_next_ns(const struct h2_answer *a, uint64_t start_ns, uint64_t ready)
{
	return start_ns + a->every_ns * (ready / a->piece);
}

// The whole order of what can be wrong with a request, then the methods.
void h2_route(const struct h2_incoming *in, const struct h2_counters *counters, struct h2_answer *out)
{
	*out = (struct h2_answer){ 0 };
	if (in->headers_too_large)
		say(out, 431, "the header fields are too large\n");
	else if (in->body_too_large)
		say(out, 413, "the body is too large\n");
	else if (in->no_memory)
		say(out, 503, "too many bodies are held\n");
	else if (is(in->method, "GET") || is(in->method, "HEAD"))
		get(in, counters, out);
	else if (is(in->method, "POST") && h2_route_grpc(in, out))
		return;
	else if (h2_route_keeps_body(in->method))
		*out = (struct h2_answer){ .status = 200,
			                   .type = "application/octet-stream",
			                   .has_length = true,
			                   .body = { in->body.len ? in->body.text : "", in->body.len },
			                   .trailing = is(in->path, "/trailers") ? H2_TRAILING_SEEN
			                                                         : H2_TRAILING_NONE };
	else if (is(in->method, "DELETE"))
		out->status = 204;
	else {
		say(out, 405, "known methods are GET, HEAD, POST, PUT and DELETE\n");
		out->allow = "GET, HEAD, POST, PUT, DELETE";
	}
	out->head = is(in->method, "HEAD");
	if (out->head)
		out->trailing = H2_TRAILING_NONE;
}
