// Reads scenario files: an S-expression of named fields, each checked where it stands.
#include "scenario_parts.h"

#include "io.h"
#include "text_params.h"
#include "units.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LEN 64U

// ---- headers ------------------------------------------------------------------------------------------------

static bool is_token(const char *text, const char *beyond_lowercase)
{
	for (const char *c = text; *c; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || strchr("!#$%&'*+-.^_`|~", *c) ||
		      strchr(beyond_lowercase, *c)))
			return false;
	return *text != '\0';
}

static bool is_field_value(const char *text, size_t len)
{
	for (const char *c = text; *c; c++)
		if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7f)
			return false;
	return len == 0 || (!strchr(" \t", text[0]) && !strchr(" \t", text[len - 1]));
}

// RFC 9113, 8.2.2: what a request must not carry, and what this program sets by itself.
static const char *forbidden_header(const char *name)
{
	static const struct {
		const char *name, *why;
	} rows[] = {
		{ "connection", "HTTP/2 has no connection headers" },
		{ "keep-alive", "HTTP/2 has no connection headers" },
		{ "proxy-connection", "HTTP/2 has no connection headers" },
		{ "transfer-encoding", "HTTP/2 has no connection headers" },
		{ "upgrade", "HTTP/2 has no connection headers" },
		{ "host", "use (authority \"...\")" },
		{ "content-length", "it is set from the body" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].name, name) == 0)
			return rows[i].why;
	return NULL;
}

static int read_header(struct h2_reader *r, const struct sexp *field, bool is_request, struct h2_header *h)
{
	if (field->count != 3)
		return FAIL(r, field, "a name and a value were expected: (%s \"name\" \"value\")",
		            sexp_at(field, 0)->text);
	int rc = sexp_get_string(r->doc, field, 1, &h->name, r->e);
	if (rc == 0)
		rc = sexp_get_string(r->doc, field, 2, &h->value, r->e);
	if (rc < 0)
		return rc;
	h->name_len = strlen(h->name);
	h->value_len = strlen(h->value);
	const char *why = is_request ? forbidden_header(h->name) : NULL;
	if (!is_token(h->name, ""))
		return FAIL(r, field->items[1],
		            "'%.40s' is no header name; HTTP/2 wants lower case, e.g. \"x-name\"", h->name);
	if (why)
		return FAIL(r, field->items[1], "header '%s' cannot be set: %s", h->name, why);
	if (is_request && strcmp(h->name, "te") == 0 && strcmp(h->value, "trailers") != 0)
		return FAIL(r, field->items[2], "HTTP/2 knows only (header \"te\" \"trailers\")");
	if (!is_field_value(h->value, h->value_len))
		return FAIL(r, field->items[2],
		            "a header's value has no control characters, nor blanks at its ends");
	return 0;
}

int h2_read_fields(struct h2_reader *r, const struct sexp *list, const char *word, bool is_request, size_t most,
                   struct h2_header *fields, size_t *count)
{
	for (size_t i = 1; list && i < list->count; i++) {
		if (!sexp_is_form(list->items[i], word))
			continue;
		if (*count == most)
			return FAIL(r, list->items[i], "more than %zu %ss", most, word);
		int rc = read_header(r, list->items[i], is_request, &fields[*count]);
		if (rc < 0)
			return rc;
		++*count;
	}
	return 0;
}

// ---- bodies -------------------------------------------------------------------------------------------------

// "text", (pattern N) or (file "NAME").
static int read_body(struct h2_reader *r, struct scenario *s, const struct sexp *field, struct h2_body *b)
{
	const struct sexp *v = sexp_at(field, 1);
	if (field->count == 2 && sexp_is_form(v, "file") && v->count == 2)
		return h2_read_file(r, v, s, b);
	if (field->count == 2 && v->kind == SEXP_STRING) {
		*b = (struct h2_body){ v->text, v->len };
		return 0;
	}
	if (field->count != 2 || !sexp_is_form(v, "pattern") || v->count != 2)
		return FAIL(r, field,
		            "a body is (body \"text\"), (body (pattern BYTES)) or (body (file \"NAME\"))");
	int64_t n;
	int rc = sexp_get_int(r->doc, v, 1, 0, H2_MAX_BODY, &n, r->e);
	if (rc == 0)
		*b = (struct h2_body){ NULL, (uint64_t)n };
	return rc;
}

static int read_expected_body(struct h2_reader *r, struct scenario *s, const struct sexp *field,
                              struct h2_request *q)
{
	const struct sexp *v = sexp_at(field, 1);
	struct h2_expect *x = &q->expect;
	x->kind = EXPECT_BODY;
	if (field->count == 2 && sexp_is_symbol(v, "empty")) {
		x->body = (struct h2_body){ "", 0 };
		return 0;
	}
	if (field->count == 2 && sexp_is_symbol(v, "echo")) {
		if (!q->has_body)
			return FAIL(r, v, "nothing to echo: request '%s' has no (body ...)", q->name);
		x->body = q->body;
		x->echoes = true;
		return 0;
	}
	if (field->count == 2 && v->kind == SEXP_SYMBOL)
		return FAIL(r, v, "unknown body '%.40s'; known are \"text\", (pattern BYTES), echo, empty",
		            v->text);
	return read_body(r, s, field, &x->body);
}

static bool has_no_body(const struct h2_request *q)
{
	return strcmp(q->method, "HEAD") == 0 || q->expect.status == 204 || q->expect.status == 304;
}

static int read_expected_length(struct h2_reader *r, const struct sexp *field, struct h2_expect *x)
{
	int64_t n = 0;
	if (field->count != 2)
		return FAIL(r, field, "one number was expected, e.g. (length 128)");
	int rc = sexp_get_int(r->doc, field, 1, 0, INT64_C(1) << 40, &n, r->e);
	x->kind = EXPECT_LENGTH;
	x->body.length = (uint64_t)n;
	return rc;
}

static int read_expected_status(struct h2_reader *r, const struct sexp *list, struct h2_expect *x)
{
	const struct sexp *field = sexp_field(list, "status");
	uint64_t status = x->status;
	if (field && field->count == 2 && sexp_is_symbol(field->items[1], "ok")) {
		x->status = H2_STATUS_OK;
		return 0;
	}
	int rc = h2_get_count(r, list, "status", 999, &status);
	if (rc == 0 && (status < 200 || status > 599))
		rc = FAIL(r, field, "a response's status is from 200 to 599, or ok: any from 200 to 399");
	x->status = (uint16_t)status;
	return rc;
}

// (sha256 "...") of the body.
static int read_expected_hash(struct h2_reader *r, const struct sexp *list, struct h2_expect *x)
{
	const char *text = NULL;
	int rc = h2_get_text(r, list, "sha256", &text);
	if (rc < 0 || !text)
		return rc;
	for (size_t i = 0; i < H2_SHA256_BYTES; i++) {
		char digits[3] = { text[2 * i], text[2 * i] ? text[2 * i + 1] : '\0' }, *end;
		x->sha256[i] = (uint8_t)strtoul(digits, &end, 16);
		if (!isxdigit((unsigned char)digits[0]) || end != digits + 2)
			return FAIL(r, sexp_field(list, "sha256"),
			            "a SHA-256 is 64 hexadecimal digits, as sha256sum prints them");
	}
	x->has_sha256 = true;
	return text[2 * H2_SHA256_BYTES] == '\0'
	               ? 0
	               : FAIL(r, sexp_field(list, "sha256"),
	                      "a SHA-256 is 64 hexadecimal digits, as sha256sum prints them");
}

static int read_expect_fields(struct h2_reader *r, struct scenario *s, const struct sexp *list,
                              struct h2_request *q)
{
	static const char *const fields[] = { "status", "body",        "length",   "*header", "*trailer",
		                              "sha256", "grpc-status", "messages", NULL };
	const struct sexp *body = sexp_field(list, "body"), *length = sexp_field(list, "length");
	struct h2_expect *x = &q->expect;
	int rc = sexp_check_fields(r->doc, list, 1, fields, r->e);
	if (rc == 0)
		rc = read_expected_status(r, list, x);
	if (rc == 0 && body && length)
		rc = FAIL(r, length, "(body ...) says the length already; leave one of them out");
	if (rc == 0 && body)
		rc = read_expected_body(r, s, body, q);
	if (rc == 0 && length)
		rc = read_expected_length(r, length, x);
	if (rc == 0)
		rc = h2_read_fields(r, list, "header", false, H2_MAX_EXPECTED, x->headers, &x->header_count);
	if (rc == 0)
		rc = h2_read_fields(r, list, "trailer", false, H2_MAX_TRAILERS, x->trailers, &x->trailer_count);
	if (rc == 0)
		rc = read_expected_hash(r, list, x);
	if (rc == 0 && has_no_body(q) && x->kind != EXPECT_ANY && x->body.length > 0)
		rc = FAIL(r, list, "a response to %s with status %u has no body", q->method, x->status);
	return rc;
}

static int read_expect(struct h2_reader *r, struct scenario *s, const struct sexp *list, struct h2_request *q)
{
	q->expect.status = 200;
	int rc = list ? read_expect_fields(r, s, list, q) : 0;
	if (has_no_body(q)) {
		q->expect.kind = EXPECT_BODY;
		q->expect.body = (struct h2_body){ "", 0 };
	}
	return rc == 0 ? h2_read_grpc_expect(r, s, list, q) : rc;
}

// ---- requests -----------------------------------------------------------------------------------------------

static bool is_name(const char *text)
{
	return is_token(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ/") && strlen(text) <= NAME_MAX_LEN;
}

static int read_request_name(struct h2_reader *r, const struct scenario *s, const struct sexp *form,
                             const char **name)
{
	// What the run itself reports under.
	static const char *const taken[] = { "total",       "connect",  "connect-tcp", "connect-tls", "first-byte",
		                             "connections", "complete", "server",      "histograms",  "attack",
		                             "fresh",       "memory",   "frames",      "once",        "limits" };
	int rc = sexp_get_symbol(r->doc, form, 1, name, r->e);
	if (rc < 0)
		return rc;
	const struct sexp *at = form->items[1];
	if (!is_name(*name))
		return FAIL(r, at, "a request's name is of letters, digits and -._/, at most %u", NAME_MAX_LEN);
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		if (strcmp(*name, taken[i]) == 0)
			return FAIL(r, at, "'%s' is a name that reports use; call the request otherwise", *name);
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(*name, s->items[i].name) == 0)
			return FAIL(r, at, "request '%s' is there twice", *name);
	return 0;
}

static int read_method(struct h2_reader *r, const struct sexp *form, struct h2_request *q)
{
	const struct sexp *field = sexp_field(form, "method");
	q->method = "GET";
	if (!field)
		return 0;
	int rc = sexp_get_symbol(r->doc, field, 1, &q->method, r->e);
	if (rc < 0)
		return rc;
	if (field->count != 2 || strspn(q->method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-") != strlen(q->method))
		return FAIL(r, field, "a method is one word in capitals, e.g. (method POST)");
	if (strcmp(q->method, "CONNECT") == 0)
		return FAIL(r, field, "CONNECT is a tunnel, not a request; use another method");
	return 0;
}

// The visible characters of a request line: neither blanks nor controls nor bytes beyond ASCII.
bool h2_is_visible(const char *text)
{
	for (const char *c = text; *c; c++)
		if (*c <= ' ' || *c >= 0x7f)
			return false;
	return *text != '\0';
}

static int read_address(struct h2_reader *r, const struct sexp *form, struct h2_request *q)
{
	q->path = "/";
	int rc = h2_get_text(r, form, "path", &q->path);
	if (rc == 0)
		rc = h2_get_text(r, form, "authority", &q->authority);
	if (rc == 0)
		rc = h2_get_text(r, form, "scheme", &q->scheme);
	if (rc < 0)
		return rc;
	if (!h2_is_visible(q->path) || (q->path[0] != '/' && strcmp(q->path, "*") != 0))
		return FAIL(
		        r, sexp_field(form, "path"),
		        "a path begins with / and has printable ASCII alone, no blanks; what else there is is written "
		        "as %%XX: %%20, %%C3%%A4");
	if (q->authority && (!h2_is_visible(q->authority) || strpbrk(q->authority, "/@")))
		return FAIL(r, sexp_field(form, "authority"),
		            "an authority is HOST or HOST:PORT, e.g. \"a.example:80\"");
	if (q->scheme && strcmp(q->scheme, "http") != 0 && strcmp(q->scheme, "https") != 0)
		return FAIL(r, sexp_field(form, "scheme"), "a scheme is \"http\" or \"https\"");
	return 0;
}

static int read_request(struct h2_reader *r, struct scenario *s, const struct sexp *form)
{
	static const char *const fields[] = { "method",   "path",   "authority", "scheme", "*header",  "body",
		                              "*trailer", "weight", "expect",    "grpc",   "*message", NULL };
	struct h2_request *q = &s->items[s->count];
	const struct sexp *body = sexp_field(form, "body");
	uint64_t weight = 1;
	int rc = read_request_name(r, s, form, &q->name);
	if (rc == 0)
		rc = sexp_check_fields(r->doc, form, 2, fields, r->e);
	if (rc == 0)
		rc = read_method(r, form, q);
	if (rc == 0)
		rc = read_address(r, form, q);
	if (rc == 0)
		rc = h2_read_fields(r, form, "header", true, H2_MAX_HEADERS, q->headers, &q->header_count);
	if (rc == 0)
		rc = h2_read_fields(r, form, "trailer", true, H2_MAX_TRAILERS, q->trailers, &q->trailer_count);
	if (rc == 0)
		rc = h2_get_count(r, form, "weight", H2_MAX_WEIGHT, &weight);
	if (rc == 0 && body) {
		q->has_body = true;
		rc = read_body(r, s, body, &q->body);
	}
	q->salt = s->count * UINT64_C(0xd1342543de82ef95);
	if (rc == 0)
		rc = h2_read_places(r, form, q);
	if (rc == 0)
		rc = h2_read_grpc(r, s, form, q);
	if (rc == 0)
		rc = read_expect(r, s, sexp_field(form, "expect"), q);
	q->weight = (unsigned)weight;
	s->round += weight;
	s->count++; // also a wrong one: what it owns is freed with the others
	return rc;
}

// The (request ...) forms of a list, from its item `first` on, behind those that are there.
static int read_request_forms(struct h2_reader *r, struct scenario *s, const struct sexp *list, size_t first)
{
	size_t count = s->count;
	for (size_t i = first; i < list->count; i++)
		count += sexp_is_form(list->items[i], "request");
	if (count > H2_MAX_REQUESTS)
		return FAIL(
		        r, list,
		        "more than %u requests; (load (requests N)) repeats them, places (%%{random:1-9}) vary them",
		        H2_MAX_REQUESTS);
	struct h2_request *more = realloc(s->items, (count ? count : 1) * sizeof(*more));
	if (!more)
		return err_set(r->e, ENOMEM, "out of memory");
	s->items = more;
	memset(more + s->count, 0, (count - s->count) * sizeof(*more));
	for (size_t i = first; i < list->count; i++) {
		if (!sexp_is_form(list->items[i], "request"))
			continue;
		int rc = read_request(r, s, list->items[i]);
		if (rc < 0)
			return rc;
	}
	return 0;
}

// A file of requests alone.
static int read_requests_file(const char *path, struct scenario *s, struct err *e)
{
	int rc = sexp_load(path, H2_SCENARIO_BYTES, &s->requests_doc, e);
	if (rc < 0)
		return rc;
	struct h2_reader r = { s->requests_doc, e };
	const struct sexp *root = sexp_root(s->requests_doc);
	for (size_t i = 0; i < root->count; i++)
		if (!sexp_is_form(root->items[i], "request"))
			return FAIL(&r, root->items[i], "a file of requests has (request NAME ...) forms alone");
	return root->count ? read_request_forms(&r, s, root, 0)
	                   : FAIL(&r, root, "a file of requests has at least one (request NAME ...)");
}

static int read_requests(struct h2_reader *r, struct scenario *s, const struct sexp *form)
{
	const struct sexp *file = sexp_field(form, "requests");
	const char *name = NULL, *path = sexp_path(r->doc), *slash = strrchr(path, '/');
	char *whole = NULL;
	int rc = h2_get_text(r, form, "requests", &name);
	if (rc == 0 && file) {
		if (asprintf(&whole, "%.*s%s", name[0] != '/' && slash ? (int)(slash + 1 - path) : 0, path, name) <
		    0)
			return err_set(r->e, ENOMEM, "out of memory");
		rc = read_requests_file(whole, s, r->e);
		free(whole);
	}
	if (rc == 0)
		rc = read_request_forms(r, s, form, 2);
	return rc == 0 && s->count == 0 ? FAIL(r, form, "the scenario has no (request NAME ...)") : rc;
}

// ---- the whole ----------------------------------------------------------------------------------------------

static int read_server(struct h2_reader *r, struct scenario *s, const struct sexp *list)
{
	static const char *const fields[] = {
		"max-streams",     "max-body",      "max-header-list", "idle-timeout", "handshake-timeout",
		"request-timeout", "stall-timeout", "goaway-after",    "window",       NULL
	};
	if (!list)
		return 0;
	int rc = sexp_check_fields(r->doc, list, 1, fields, r->e);
	if (rc == 0)
		rc = h2_get_count(r, list, "max-streams", INT32_MAX, &s->server.max_streams);
	if (rc == 0)
		rc = h2_get_bytes(r, list, "max-body", &s->server.max_body_bytes);
	if (rc == 0)
		rc = h2_get_bytes(r, list, "max-header-list", &s->server.max_header_bytes);
	if (rc == 0)
		rc = h2_get_duration(r, list, "idle-timeout", &s->server.idle_timeout_ns);
	if (rc == 0)
		rc = h2_get_duration(r, list, "handshake-timeout", &s->server.handshake_timeout_ns);
	if (rc == 0)
		rc = h2_get_duration(r, list, "request-timeout", &s->server.request_timeout_ns);
	if (rc == 0)
		rc = h2_get_duration(r, list, "stall-timeout", &s->server.stall_timeout_ns);
	if (rc == 0)
		rc = h2_get_count(r, list, "goaway-after", UINT32_MAX, &s->server.goaway_after);
	if (rc == 0)
		rc = h2_get_bytes(r, list, "window", &s->server.window_bytes);
	return rc;
}

#define AFTER_ATTACK (10 * SG_NS_PER_S)

// The load's own deadline, where it is not said, leaves the attack its time.
static int read_attack(struct h2_reader *r, struct scenario *s, const struct sexp *form)
{
	if (!form)
		return 0;
	s->attack = calloc(1, sizeof(*s->attack));
	const int rc =
	        s->attack ? h2_attack_read(r->doc, form, s->attack, r->e) : err_set(r->e, ENOMEM, "out of memory");
	const struct sexp *load = sexp_field(sexp_at(sexp_root(r->doc), 0), "load");
	if (rc == 0 && !(load && sexp_field(load, "deadline")) &&
	    s->deadline_ns < s->attack->time_ns + AFTER_ATTACK)
		s->deadline_ns = s->attack->time_ns + AFTER_ATTACK;
	return rc;
}

static int read_limits(struct h2_reader *r, struct scenario *s, const struct sexp *list)
{
	const int rc = h2_limits_read(r->doc, list, s->attack, &s->limits, r->e);
	if (s->attack)
		s->attack->rate = s->limits.rate;
	return rc;
}

bool scenario_measures_harm(const struct scenario *s)
{
	return s->limits.wants_harm || (s->attack && !s->attack->lonely);
}

static int read_scenario(struct h2_reader *r, struct scenario *s)
{
	static const char *const fields[] = { "summary",  "serve",  "target",   "connect-to", "tls",
		                              "load",     "server", "attack",   "frames",     "limits",
		                              "requests", "*param", "*request", NULL };
	const struct sexp *root = sexp_root(r->doc), *form = sexp_at(root, 0);
	if (!sexp_is_form(form, "scenario"))
		return FAIL(r, form ? form : root, "a scenario file is one (scenario NAME ...)");
	if (root->count > 1)
		return FAIL(r, root->items[1], "one scenario a file; put this one into a file of its own");
	int rc = sexp_get_symbol(r->doc, form, 1, &s->name, r->e);
	if (rc == 0 && !is_name(s->name))
		rc = FAIL(r, form->items[1], "a scenario's name is of letters, digits and -._/, at most %u",
		          NAME_MAX_LEN);
	if (rc == 0)
		rc = sexp_check_fields(r->doc, form, 2, fields, r->e);
	if (rc == 0)
		rc = h2_get_text(r, form, "summary", &s->summary);
	if (rc == 0 && sexp_field(form, "serve"))
		rc = sexp_get_symbol(r->doc, sexp_field(form, "serve"), 1, &s->serve, r->e);
	if (rc == 0)
		rc = h2_get_text(r, form, "target", &s->target);
	if (rc == 0)
		rc = h2_get_text(r, form, "connect-to", &s->connect_to);
	if (rc == 0)
		rc = h2_read_tls(r, s, sexp_field(form, "tls"));
	if (rc == 0)
		rc = h2_read_load(r, s, sexp_field(form, "load"));
	if (rc == 0)
		rc = read_server(r, s, sexp_field(form, "server"));
	if (rc == 0)
		rc = read_attack(r, s,
		                 sexp_field(form, "attack") ? sexp_field(form, "attack")
		                                            : sexp_field(form, "frames"));
	if (rc == 0)
		rc = read_limits(r, s, sexp_field(form, "limits"));
	if (rc == 0)
		rc = read_requests(r, s, form);
	if (rc == 0 && s->requests == 0 && s->duration_ns == 0)
		s->requests = s->round;
	return rc;
}

int scenario_parse(const char *path, const char *text, size_t len, struct scenario *s, struct err *e)
{
	int rc = sexp_parse(path, text, len, &s->doc, e);
	return rc < 0 ? rc : read_scenario(&(struct h2_reader){ s->doc, e }, s);
}

// The seed that the words say, for what is drawn before they are set.
static uint64_t seed_of(char *const *words, size_t count)
{
	uint64_t seed = 1;
	for (size_t i = 0; i < count; i++)
		if (strncmp(words[i], "seed=", 5) == 0)
			units_parse_u64(words[i] + 5, &seed);
	return seed;
}

int scenario_load_with(const char *path, char *const *words, size_t count, struct scenario *s, struct err *e)
{
	struct text_params params = { 0 };
	struct buf text = { 0 }, filled = { 0 };
	int rc = io_read_file(path, H2_SCENARIO_BYTES, &text, e);
	if (rc >= 0)
		rc = text_params_read(&params, path, buf_text(&text), text.len, seed_of(words, count), e);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		struct err own = { 0 };
		rc = text_params_set(&params, path, words[i], &own);
		if (rc == -EINVAL && strncmp(words[i], "seed=", 5) == 0)
			rc = 0;
		else if (rc < 0)
			*e = own;
	}
	if (rc == 0)
		text_params_fill(&params, buf_text(&text), text.len, &filled);
	if (rc == 0 && filled.failed)
		rc = err_set(e, ENOMEM, "%s: out of memory", path);
	if (rc == 0)
		rc = scenario_parse(path, buf_text(&filled), filled.len, s, e);
	for (size_t i = 0; i < params.count; i++) {
		s->patient |= strcmp(params.names[i], "patience") == 0;
		s->asks |= strcmp(params.names[i], "path") == 0;
	}
	text_params_deinit(&params);
	buf_deinit(&text);
	buf_deinit(&filled);
	return rc < 0 ? rc : 0;
}

int scenario_load(const char *path, struct scenario *s, struct err *e)
{
	return scenario_load_with(path, NULL, 0, s, e);
}

void scenario_set_scheme(struct scenario *s, bool tls)
{
	for (size_t i = 0; i < s->count; i++)
		if (!s->items[i].scheme)
			s->items[i].scheme = tls ? "https" : "http";
}

void scenario_deinit(struct scenario *s)
{
	if (s->attack)
		h2_attack_deinit(s->attack);
	free(s->attack);
	for (size_t i = 0; i < s->count; i++)
		h2_request_deinit(&s->items[i]);
	for (size_t i = 0; i < s->made_count; i++)
		free(s->made[i]);
	free(s->made);
	free(s->items);
	sexp_free(s->doc);
	sexp_free(s->requests_doc);
	*s = (struct scenario){ 0 };
}
