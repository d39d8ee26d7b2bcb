// What went wrong with a connection, in one line that says what to try.
#include "link.h"
#include "units.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 2, 3))) static void trouble(struct link *l, const char *format, ...)
{
	struct h2_load_result *r = l->load->result;
	r->failed++;
	if (r->trouble[0] != '\0')
		return;
	const int n = snprintf(r->trouble, sizeof(r->trouble), "%s: ", l->load->config->target->place);
	va_list args;
	va_start(args, format);
	vsnprintf(r->trouble + n, sizeof(r->trouble) - (size_t)n, format, args);
	va_end(args);
}

void link_printable(const uint8_t *bytes, size_t len, char *to)
{
	for (size_t i = 0; i < len && bytes[i] != '\r' && bytes[i] != '\n'; i++)
		to += sprintf(to, isprint(bytes[i]) && bytes[i] != '"' ? "%c" : "\\x%02x", bytes[i]);
	*to = '\0';
}

// A SETTINGS frame begins with a length below 64 KiB, type 4, stream 0.
static bool looks_like_http2(const struct link *l)
{
	const uint8_t *b = l->greeting;
	return l->greeting_len >= 9 && b[0] == 0 && b[3] == 4 && (b[5] | b[6] | b[7] | b[8]) == 0;
}

static void trouble_before_settings(struct link *l, int reason)
{
	const char *tls = transport_tls_reason(&l->transport);
	char text[4 * sizeof(l->greeting) + 1];
	link_printable(l->greeting, l->greeting_len, text);
	if (tls[0] != '\0') // TLS 1.3's server may refuse its client behind the client's last word
		trouble(l, "%s", tls);
	else if (l->greeting_len > 0 && !looks_like_http2(l))
		trouble(l, "the server answered \"%s\": it does not speak HTTP/2 with prior knowledge", text);
	else if (l->greeting_len > 0)
		trouble(l, "the server's first frame is not a right SETTINGS frame: %s",
		        l->load->config->engine->reason(l->client));
	else if ((reason == UV_EOF || reason == UV_ECONNRESET) && l->transport.tls)
		trouble(l, "the server closed the connection behind TLS's handshake, without a word of HTTP/2");
	else if (reason == UV_EOF || reason == UV_ECONNRESET)
		trouble(l,
		        "the server closed the connection at once; does it speak HTTP/2 with prior knowledge, or "
		        "TLS (https://)?");
	else
		trouble(l, "before the server's SETTINGS: %s",
		        reason ? uv_strerror(reason) : "the connection ended");
}

// It was given up: a request's time was over, and nothing was under way.
static void trouble_late(struct link *l)
{
	const struct transport *t = &l->transport;
	char time[32];
	units_duration(time, sizeof(time), l->load->config->scenario->request_timeout_ns);
	if (t->connected_ns == 0)
		trouble(l, "no connection was made in the %s that a request has", time);
	else if (!l->opened)
		trouble(l, "TLS's handshake did not end in the %s that a request has", time);
	else if (!l->ready)
		trouble(l, "the server did not answer with its SETTINGS in the %s that a request has", time);
	else if (l->max_streams == 0)
		trouble(l, "the server allows no stream at all (SETTINGS_MAX_CONCURRENT_STREAMS is 0)");
	else
		trouble(l, "the server read nothing for the %s that a request has", time);
}

static void trouble_after_settings(struct link *l, int reason)
{
	const struct h2_client_engine *engine = l->load->config->engine;
	const char *why = engine->reason(l->client);
	const bool failed = engine->has_failed(l->client) || reason == -EPROTO || (reason == -ENOBUFS && why[0]);
	if (l->goaway && l->goaway_code != 0)
		trouble(l, "the server ended the connection: GOAWAY %s%s%s",
		        nghttp2_http2_strerror(l->goaway_code), l->goaway_text[0] ? ", " : "", l->goaway_text);
	else if (l->goaway && l->in_flight == 0 && !failed)
		trouble(l, "the server ended the connection %u times in a row without answering a request",
		        l->fruitless);
	else if (failed || reason == 0)
		trouble(l, "protocol error: %s", why[0] ? why : "the server broke the rules of HTTP/2");
	else
		trouble(l, "the connection ended with %u request%s under way: %s", l->in_flight,
		        l->in_flight == 1 ? "" : "s", uv_strerror(reason));
}

static const char *what_to_try(int reason)
{
	switch (reason) {
	case UV_EMFILE:
		return "give fewer --connections, or allow more files (ulimit -n)";
	case UV_ENFILE:
	case UV_ENOMEM:
	case UV_ENOBUFS:
		return "give fewer --connections: this machine has no room for more";
	case UV_EADDRNOTAVAIL:
		return "all ports of this machine are taken: give fewer --connections, or replace fewer of them";
	default:
		return "is the server running?";
	}
}

static void trouble_before_open(struct link *l, int reason)
{
	const char *tls = transport_tls_reason(&l->transport);
	if (tls[0] != '\0')
		trouble(l, "%s", tls);
	else if (l->transport.tls && l->transport.connected_ns && (reason == UV_EOF || reason == UV_ECONNRESET))
		trouble(l, "the server closed the connection in TLS's handshake; does it speak TLS?");
	else
		trouble(l, "%s; %s", uv_strerror(reason), what_to_try(reason));
}

void link_tell_trouble(struct link *l, int reason)
{
	if (l->load->result->timed_out || l->load->result->stopped)
		return; // that is told for all links at once
	if (l->given_up)
		trouble_late(l);
	else if (l->ready)
		trouble_after_settings(l, reason);
	else if (!l->opened)
		trouble_before_open(l, reason);
	else
		trouble_before_settings(l, reason);
}
