// Target URLs. Load and faults stay on this machine.
#include "target.h"

#include "units.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void h2_target_local(struct h2_target *t, uint16_t port)
{
	*t = (struct h2_target){ 0 };
	t->address.v4.sin_family = AF_INET;
	t->address.v4.sin_port = htons(port);
	t->address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	snprintf(t->authority, sizeof(t->authority), "127.0.0.1:%u", port);
}

// Fills in the address when the host is a loopback one.
static bool set_loopback(struct h2_target *t, const char *host, uint16_t port)
{
	struct in_addr v4;
	struct in6_addr v6;
	if (strcmp(host, "localhost") == 0)
		host = "127.0.0.1";
	if (inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127) {
		t->address.v4.sin_family = AF_INET;
		t->address.v4.sin_port = htons(port);
		t->address.v4.sin_addr = v4;
		return true;
	}
	if (inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6)) {
		t->address.v6.sin6_family = AF_INET6;
		t->address.v6.sin6_port = htons(port);
		t->address.v6.sin6_addr = v6;
		return true;
	}
	return false;
}

// Splits "HOST:PORT" or "[HOST]:PORT", with an optional "/" at the end; port 80 where there is none.
static int split(const char *text, char host[64], uint64_t *port)
{
	char copy[128];
	size_t len = strcspn(text, "/?#");
	if (len == 0 || len >= sizeof(copy) || (text[len] && strcmp(text + len, "/") != 0))
		return -EINVAL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	char *end = copy[0] == '[' ? strchr(copy, ']') : NULL;
	char *name = end ? copy + 1 : copy;
	char *colon = strrchr(end ? end : copy, ':');
	if ((copy[0] == '[' && !end) || (end && end[1] != '\0' && end[1] != ':'))
		return -EINVAL;
	*port = 80;
	if (colon && (units_parse_u64(colon + 1, port) < 0 || *port == 0 || *port > 65535))
		return -EINVAL;
	if (colon)
		*colon = '\0';
	if (end)
		*end = '\0';
	if (name[0] == '\0' || strlen(name) >= 64 || (!end && strchr(name, ':')))
		return -EINVAL;
	memcpy(host, name, strlen(name) + 1);
	return 0;
}

int h2_target_parse(const char *url, struct h2_target *t, struct err *e)
{
	static const char scheme[] = "http://";
	char host[64];
	uint64_t port;
	*t = (struct h2_target){ 0 };
	if (strncmp(url, "https://", 8) == 0)
		return err_set(e, EINVAL,
		               "'%.200s': this version speaks HTTP/2 without TLS only; give http://HOST:PORT",
		               url);
	if (strncmp(url, scheme, strlen(scheme)) != 0 || split(url + strlen(scheme), host, &port) < 0)
		return err_set(e, EINVAL,
		               "'%.200s' is no target; write http://HOST:PORT, e.g. http://127.0.0.1:8080", url);
	if (!set_loopback(t, host, (uint16_t)port))
		return err_set(e, EPERM,
		               "'%.200s' is not this machine; only 127.0.0.1, [::1] and localhost are loaded",
		               url);
	snprintf(t->authority, sizeof(t->authority), strchr(host, ':') ? "[%.50s]:%u" : "%.50s:%u", host,
	         (unsigned)port);
	return 0;
}
