// The server's routes (docs/http2.md lists them).
#include "route.h"

#include "buf.h"
#include "scenario.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT "text/plain"

static bool is(struct h2_text t, const char *word)
{
	return t.len == strlen(word) && memcmp(t.text, word, t.len) == 0;
}

static void say(struct h2_answer *a, unsigned status, const char *text)
{
	a->status = status;
	a->type = TEXT;
	a->has_length = true;
	a->body = (struct h2_body){ text, strlen(text) };
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

// ---- one function for each route ----------------------------------------------------------------------------

struct call {
	const struct h2_incoming *in;
	struct h2_text rest; // the path behind the route's prefix, without the query
	const struct h2_counters *counters;
};

static void root(__attribute__((unused)) const struct call *c, struct h2_answer *a)
{
	say(a, 200, "stressgen-h2\n");
}

static void bytes(const struct call *c, struct h2_answer *a)
{
	uint64_t n;
	if (!number(c->rest, H2_MAX_BODY, &n)) {
		say(a, 400, "/bytes/N: N is from 0 to 67108864\n");
		return;
	}
	a->status = 200;
	a->type = TEXT;
	a->has_length = true;
	a->body = (struct h2_body){ NULL, n };
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
	h2_counters_json(c->counters, &b);
	buf_addc(&b, '\n');
	say_owned(a, "application/json", &b);
}

static const struct route {
	const char *path; // ending in "/": a prefix
	void (*answer)(const struct call *c, struct h2_answer *a);
} routes[] = {
	{ "/bytes/", bytes }, { "/reflect/", reflect }, { "/status/", status }, { "/stats", stats }, { "/", root },
};

static struct h2_text without_query(struct h2_text path)
{
	const char *query = memchr(path.text, '?', path.len);
	return query ? (struct h2_text){ path.text, (size_t)(query - path.text) } : path;
}

static void get(const struct h2_incoming *in, const struct h2_counters *counters, struct h2_answer *a)
{
	struct h2_text path = without_query(in->path);
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		const struct route *r = &routes[i];
		size_t len = strlen(r->path);
		bool prefix = len > 1 && r->path[len - 1] == '/';
		if (path.len < len || memcmp(path.text, r->path, len) != 0 || (!prefix && path.len != len))
			continue;
		r->answer(&(struct call){ in, { path.text + len, path.len - len }, counters }, a);
		return;
	}
	say(a, 404, "no such path; known are / /bytes/N /reflect/... /status/N /stats\n");
}

bool h2_route_keeps_body(struct h2_text method)
{
	return is(method, "POST") || is(method, "PUT");
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
	else if (h2_route_keeps_body(in->method))
		*out = (struct h2_answer){ .status = 200,
			                   .type = "application/octet-stream",
			                   .has_length = true,
			                   .body = { in->body.len ? in->body.text : "", in->body.len } };
	else if (is(in->method, "DELETE"))
		out->status = 204;
	else {
		say(out, 405, "known methods are GET, HEAD, POST, PUT and DELETE\n");
		out->allow = "GET, HEAD, POST, PUT, DELETE";
	}
	out->head = is(in->method, "HEAD");
}
