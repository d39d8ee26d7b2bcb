// Options of `stressgen h2` as a scenario file.
#include "h2_scenario.h"

#include "clock.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NO_DURATION_LIMIT (3600 * SG_NS_PER_S) // for loads by count, where --timeout does not say
#define AFTER_DURATION (30 * SG_NS_PER_S)      // for what is under way then
#define TO_REPORT (10 * SG_NS_PER_S)           // between the load's deadline and the test's time limit

// ---- URLs ---------------------------------------------------------------------------------------------------

int h2_url_parse(const char *text, struct h2_url *u, struct err *e)
{
	const char *host = strstr(text, "://");
	size_t scheme = host != NULL ? (size_t)(host - text) : 0, len;
	const char *path;

	if (host == NULL || (strncmp(text, "http://", 7) != 0 && strncmp(text, "https://", 8) != 0))
		return err_set(e, EINVAL, "'%.200s' is no URL; write http://HOST:PORT/PATH or https://...", text);
	host += 3;
	len = strcspn(host, "/?#");
	path = host + len;
	if (len == 0 || len >= sizeof u->authority || memchr(host, '@', len) != NULL)
		return err_set(e, EINVAL, "'%.200s' names no host; write http://HOST:PORT/PATH", text);
	len = strcspn(path, "#"); // the fragment is not sent
	if (len + 2 > sizeof u->path)
		return err_set(e, EINVAL, "the path of '%.80s...' is longer than %zu bytes", text,
		               sizeof u->path - 2);
	snprintf(u->scheme, sizeof u->scheme, "%.*s", (int)scheme, text);
	snprintf(u->authority, sizeof u->authority, "%.*s", (int)strcspn(host, "/?#"), host);
	snprintf(u->path, sizeof u->path, "%s%.*s", path[0] == '/' ? "" : "/", (int)len, path);
	return 0;
}

// ---- texts --------------------------------------------------------------------------------------------------

static void put_string(const char *text, size_t len, struct buf *out)
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
	put_string(text, strlen(text), out);
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
		put_string(value, len, out);
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

// ---- the file -----------------------------------------------------------------------------------------------

static uint64_t deadline_ns(const struct opt_set *o)
{
	const uint64_t duration = opt_number(o, "duration");

	if (opt_given(o, "timeout"))
		return opt_number(o, "timeout");
	return duration > 0 ? opt_number(o, "warm-up") + duration + AFTER_DURATION : NO_DURATION_LIMIT;
}

static void put_load(const struct opt_set *o, struct buf *out)
{
	buf_adds(out, "  (load");
	put_count(o, "connections", "connections", out);
	put_count(o, "streams", "streams", out);
	if (opt_number(o, "duration") == 0 || opt_given(o, "requests"))
		put_count(o, "requests", "requests", out);
	put_time(o, "duration", "duration", out);
	put_time(o, "warm-up", "warm-up", out);
	buf_addf(out, " (deadline %" PRIu64 "ns))\n", deadline_ns(o));
}

static int put_request(const struct opt_set *o, const char *text, size_t number, const char *body, struct buf *out,
                       struct err *e)
{
	const char *method = opt_text(o, "method");
	struct special special = { 0 };
	struct buf headers = { 0 };
	struct h2_url u;
	int rc = h2_url_parse(text, &u, e);

	if (rc == 0)
		rc = put_headers(opt_text(o, "header"), &special, &headers, e);
	if (rc == 0 && headers.failed)
		rc = err_set(e, ENOMEM, "out of memory");
	if (rc == 0) {
		buf_addf(out, "  (request r%zu", number);
		if (method == NULL)
			method = special.method[0] != '\0' ? special.method : body != NULL ? "POST" : "GET";
		buf_addf(out, " (method %s)", method);
		put_field("scheme", u.scheme, out);
		put_field("authority", special.authority[0] != '\0' ? special.authority : u.authority, out);
		put_field("path", u.path, out);
		buf_adds(out, buf_text(&headers));
		if (body != NULL)
			buf_addf(out, "\n    (body (file \"%s\"))", body);
		buf_addf(out, "\n    (expect (status %s)))", opt_text(o, "expect-status"));
		buf_adds(out, "\n");
	}
	buf_deinit(&headers);
	return rc;
}

int h2_scenario_write(const struct opt_set *o, char *const *urls, size_t count, const char *body, struct buf *out,
                      struct err *e)
{
	const uint64_t limit = deadline_ns(o) + TO_REPORT;
	struct h2_url first;
	int rc = h2_url_parse(urls[0], &first, e);

	if (rc < 0)
		return rc;
	buf_addf(out,
	         "; @Test http2/load\n; @Kind http2\n; @Timeout %" PRIu64 "ns\n; @Sentinel on\n"
	         "; @Run {stressgen:h2} run --h2-engine %s {file}\n(scenario http2/load\n",
	         limit, opt_text(o, "h2-engine"));
	buf_adds(out, " ");
	{
		char base[300];
		snprintf(base, sizeof base, "%s://%s", first.scheme, first.authority);
		put_field("target", base, out);
	}
	buf_addc(out, '\n');
	put_load(o, out);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = put_request(o, urls[i], i + 1, body, out, e);
	buf_adds(out, ")\n");
	return rc == 0 && out->failed ? err_set(e, ENOMEM, "out of memory") : rc;
}
