// The requests of `stressgen h2`: a (request ...) form for each URL, of what the options say of all of them.
#include "h2_scenario.h"

#include "units.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_text(const char *name, const char *text, struct buf *out)
{
	buf_addf(out, " (%s ", name);
	h2_scenario_string(text, strlen(text), out);
	buf_addc(out, ')');
}

// ---- headers ------------------------------------------------------------------------------------------------

// What the -H options say of a request beside its plain headers.
struct special {
	char method[32], authority[280];
};

// "name: value", as h2load and curl take it; h2load's ":method: PUT" has its colon in front.
static int put_header(const char *line, size_t len, struct special *special, struct buf *out, struct err *e)
{
	const char *colon = len > 1 ? memchr(line + 1, ':', len - 1) : NULL;
	const char *value = colon != NULL ? colon + 1 : NULL, *end = line + len;
	char name[128];
	size_t n = colon != NULL ? (size_t)(colon - line) : 0;

	if (colon == NULL || n >= sizeof name)
		return err_set(e, EINVAL, "--header: '%.*s' is not 'name: value'", (int)(len < 80 ? len : 80),
		               line);
	for (size_t i = 0; i < n; i++)
		name[i] = (char)tolower((unsigned char)line[i]);
	name[n] = '\0';
	while (value < end && (*value == ' ' || *value == '\t'))
		value++;
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	len = (size_t)(end - value);
	if (strcmp(name, ":method") == 0 && len < sizeof special->method) {
		snprintf(special->method, sizeof special->method, "%.*s", (int)len, value);
	} else if ((strcmp(name, ":authority") == 0 || strcmp(name, "host") == 0) &&
	           len < sizeof special->authority) {
		snprintf(special->authority, sizeof special->authority, "%.*s", (int)len, value);
	} else if (name[0] == ':') {
		return err_set(e, EINVAL, "--header: %s cannot be set; the URL says it", name);
	} else {
		buf_addf(out, "\n    (header \"%s\" ", name);
		h2_scenario_string(value, len, out);
		buf_addc(out, ')');
	}
	return 0;
}

// All of an option that may be repeated; a line each.
static int put_headers(const char *lines, struct special *special, struct buf *out, struct err *e)
{
	while (lines != NULL && *lines != '\0') {
		size_t len = strcspn(lines, "\n");
		int rc = len > 0 ? put_header(lines, len, special, out, e) : 0;

		if (rc < 0)
			return rc;
		lines += len + (lines[len] == '\n');
	}
	return 0;
}

// ---- fields of one kind -------------------------------------------------------------------------------------

// "name: value" lines of a repeatable option, as forms.
static int put_pairs(const struct opt_set *o, const char *option, const char *form, struct buf *out, struct err *e)
{
	const char *line = opt_text(o, option);

	while (line != NULL && *line != '\0') {
		size_t len = strcspn(line, "\n");
		const char *colon = memchr(line, ':', len), *value = colon != NULL ? colon + 1 : NULL;

		if (colon == NULL || colon == line)
			return err_set(e, EINVAL, "--%s: '%.*s' is not 'name: value'", option,
			               (int)(len < 80 ? len : 80), line);
		while (value < line + len && *value == ' ')
			value++;
		buf_addf(out, " (%s \"", form);
		for (const char *c = line; c < colon; c++)
			buf_addc(out, (char)tolower((unsigned char)*c));
		buf_adds(out, "\" ");
		h2_scenario_string(value, (size_t)(line + len - value), out);
		buf_addc(out, ')');
		line += len + (line[len] == '\n');
	}
	return 0;
}

// "hex:0a03", "@FILE", or the bytes themselves.
static int put_message(const char *text, size_t len, struct buf *out, struct err *e)
{
	char *name, *path;

	buf_adds(out, "\n    (message ");
	if (len >= 4 && memcmp(text, "hex:", 4) == 0) {
		buf_adds(out, "(hex ");
		h2_scenario_string(text + 4, len - 4, out);
		buf_addc(out, ')');
	} else if (len > 1 && text[0] == '@') {
		name = strndup(text + 1, len - 1);
		path = name != NULL ? realpath(name, NULL) : NULL;
		if (path == NULL) {
			int rc = err_set(e, EINVAL, "--grpc-message: %.200s: %s", name != NULL ? name : "",
			                 strerror(errno));
			free(name);
			return rc;
		}
		buf_adds(out, "(file ");
		h2_scenario_string(path, strlen(path), out);
		buf_addc(out, ')');
		free(path);
		free(name);
	} else {
		h2_scenario_string(text, len, out);
	}
	buf_addc(out, ')');
	return 0;
}

static int put_messages(const char *lines, struct buf *out, struct err *e)
{
	int rc = 0;

	while (rc == 0) {
		size_t len = strcspn(lines, "\n");

		rc = put_message(lines, len, out, e);
		if (lines[len] == '\0')
			break;
		lines += len + 1;
	}
	return rc;
}

static int put_expected(const struct opt_set *o, struct buf *out, struct err *e)
{
	const bool is_grpc = opt_text(o, "grpc-message") != NULL;
	int rc;

	if (!is_grpc && (opt_given(o, "expect-grpc-status") || opt_given(o, "expect-messages")))
		return err_set(e, EINVAL, "--expect-%s is of gRPC calls: --grpc-message is missing",
		               opt_given(o, "expect-messages") ? "messages" : "grpc-status");
	buf_addf(out, "\n    (expect (status %s)",
	         is_grpc && !opt_given(o, "expect-status") ? "200" : opt_text(o, "expect-status"));
	rc = put_pairs(o, "expect-header", "header", out, e);
	if (rc == 0)
		rc = put_pairs(o, "expect-trailer", "trailer", out, e);
	if (opt_given(o, "expect-length"))
		buf_addf(out, " (length %" PRIu64 ")", opt_number(o, "expect-length"));
	if (opt_given(o, "expect-sha256"))
		put_text("sha256", opt_text(o, "expect-sha256"), out);
	if (opt_given(o, "expect-grpc-status"))
		buf_addf(out, " (grpc-status %" PRIu64 ")", opt_number(o, "expect-grpc-status"));
	if (opt_given(o, "expect-messages")) {
		const char *text = opt_text(o, "expect-messages");
		uint64_t n;

		if (strcmp(text, "any") != 0 && units_parse_u64(text, &n) < 0)
			return err_set(e, EINVAL, "--expect-messages: '%.40s' is neither a number nor any", text);
		buf_addf(out, " (messages %s)", text);
	}
	buf_adds(out, "))\n");
	return rc;
}

// ---- a request ----------------------------------------------------------------------------------------------

// What the request is, without its headers.
static void put_line(const struct opt_set *o, const struct h2_scenario_parts *parts, const struct special *special,
                     const struct h2_url *u, struct buf *out)
{
	const char *method = opt_text(o, "method");
	const bool has_body = parts->body != NULL || opt_text(o, "body") != NULL;

	if (opt_text(o, "grpc-message") != NULL) {
		put_text("grpc", u->path, out);
	} else {
		if (method == NULL)
			method = special->method[0] != '\0' ? special->method : has_body ? "POST" : "GET";
		buf_addf(out, " (method %s)", method);
		put_text("path", u->path, out);
	}
	put_text("scheme", u->scheme, out);
	put_text("authority", special->authority[0] != '\0' ? special->authority : u->authority, out);
}

static int put_request(const struct opt_set *o, const struct h2_scenario_parts *parts, const char *text,
                       size_t number, uint64_t weight, struct buf *out, struct err *e)
{
	const char *base = parts->target != NULL ? parts->target : parts->urls[0];
	struct special special = { 0 };
	struct buf headers = { 0 };
	struct h2_url u;
	int rc = h2_url_parse(text[0] == '/' || parts->all_there ? base : text, &u, e);

	if (rc == 0 && text[0] == '/') {
		snprintf(u.path, sizeof u.path, "%.*s", (int)strcspn(text, "#"), text);
	} else if (rc == 0 && parts->all_there) {
		struct h2_url own;

		rc = h2_url_parse(text, &own, e);
		if (rc == 0)
			memcpy(u.path, own.path, sizeof u.path);
	}
	if (rc == 0 && opt_text(o, "grpc-message") != NULL && strchr(u.path + 1, '/') == NULL)
		rc = err_set(e, EINVAL,
		             "--grpc-message: '%.100s' is no call; write http://HOST:PORT/PACKAGE.SERVICE/METHOD",
		             u.path);
	if (rc == 0)
		rc = put_headers(opt_text(o, "header"), &special, &headers, e);
	if (rc == 0)
		rc = put_pairs(o, "trailer", "trailer", &headers, e);
	if (rc == 0 && headers.failed)
		rc = err_set(e, ENOMEM, "out of memory");
	if (rc == 0) {
		buf_addf(out, "  (request r%zu (weight %" PRIu64 ")", number, weight);
		put_line(o, parts, &special, &u, out);
		buf_adds(out, buf_text(&headers));
		if (parts->body != NULL)
			buf_addf(out, "\n    (body (file \"%s\"))", parts->body);
		else if (opt_text(o, "body") != NULL)
			put_text("body", opt_text(o, "body"), out);
		if (opt_text(o, "grpc-message") != NULL)
			rc = put_messages(opt_text(o, "grpc-message"), out, e);
		if (rc == 0)
			rc = put_expected(o, out, e);
	}
	buf_deinit(&headers);
	return rc;
}

// The next of "9,1"; 1 where there are none at all.
static int next_weight(const char **text, uint64_t *weight, struct err *e)
{
	size_t len;
	char word[24];

	*weight = 1;
	if (*text == NULL)
		return 0;
	len = strcspn(*text, ",");
	snprintf(word, sizeof word, "%.*s", (int)(len < 23 ? len : 23), *text);
	if (len >= sizeof word || units_parse_u64(word, weight) < 0 || *weight == 0)
		return err_set(e, EINVAL, "--weights: one for each URL, from 1 on, e.g. 9,1");
	*text += len + ((*text)[len] == ',');
	return 0;
}

// Forms say all of their requests: what the command line says of requests would be lost.
static int check_alone(const struct opt_set *o, struct err *e)
{
	static const char *const names[] = { "header",        "method",
		                             "data",          "body",
		                             "trailer",       "grpc-message",
		                             "expect-status", "expect-header",
		                             "expect-length", "expect-trailer",
		                             "expect-sha256", "expect-messages",
		                             "weights",       "expect-grpc-status" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (opt_given(o, names[i]))
			return err_set(e, EINVAL,
			               "--%s: the (request ...) forms of --input-file say that themselves",
			               names[i]);
	return 0;
}

int h2_scenario_requests(const struct opt_set *o, const struct h2_scenario_parts *parts, struct buf *out,
                         struct err *e)
{
	static const char *const of_grpc[] = { "method", "data", "body" };
	const char *weights = opt_text(o, "weights"), *method = opt_text(o, "method");
	int rc = 0;

	if (method != NULL && (*method == '\0' || strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-") != strlen(method)))
		return err_set(e, EINVAL, "--method: '%.40s' is no method; write one word in capitals, e.g. PUT",
		               method);
	if (parts->body != NULL && opt_text(o, "body") != NULL)
		return err_set(e, EINVAL, "--data and --body both say the body; give one");
	if (opt_text(o, "grpc-message") != NULL)
		for (size_t i = 0; i < sizeof of_grpc / sizeof of_grpc[0]; i++)
			if (opt_text(o, of_grpc[i]) != NULL)
				return err_set(
				        e, EINVAL,
				        "--%s: a gRPC call is a POST of its messages, which --grpc-message says",
				        of_grpc[i]);
	if (parts->requests != NULL)
		return check_alone(o, e);
	for (size_t i = 0; rc == 0 && i < parts->count; i++) {
		uint64_t weight;

		rc = next_weight(&weights, &weight, e);
		if (rc == 0)
			rc = put_request(o, parts, parts->urls[i], i + 1, weight, out, e);
	}
	if (rc == 0 && weights != NULL && *weights != '\0')
		rc = err_set(e, EINVAL, "--weights: there are more of them than URLs");
	return rc;
}
