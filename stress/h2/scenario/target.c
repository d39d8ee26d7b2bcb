// Target URLs. Load stays on this machine, but for a host that is allowed by its name.
#include "target.h"

#include "units.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static void say_place(char to[H2_HOST_BYTES + 8], const char *host, uint16_t port)
{
	snprintf(to, H2_HOST_BYTES + 8, strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, port);
}

void h2_target_local(struct h2_target *t, uint16_t port)
{
	*t = (struct h2_target){ 0 };
	t->address.v4.sin_family = AF_INET;
	t->address.v4.sin_port = htons(port);
	t->address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	snprintf(t->host, sizeof(t->host), "127.0.0.1");
	snprintf(t->authority, sizeof(t->authority), "127.0.0.1:%u", port);
	memcpy(t->place, t->authority, sizeof(t->place));
}

bool h2_target_is_here(const struct h2_target *t)
{
	switch (t->address.any.sa_family) {
	case AF_INET:
		return ntohl(t->address.v4.sin_addr.s_addr) >> 24 == 127;
	case AF_INET6:
		return IN6_IS_ADDR_LOOPBACK(&t->address.v6.sin6_addr);
	default:
		return t->address.any.sa_family == AF_UNIX;
	}
}

#define LISTENING 0x0aU // of /proc/net/tcp and tcp6

// Whether a socket listens at that port, in one of those tables; at `address` as it is written there, NULL: at
// any.
static bool listens(const char *table, const char *address, unsigned port)
{
	FILE *f = fopen(table, "re");
	char line[512], at[33];
	bool found = false;
	while (f && !found && fgets(line, sizeof(line), f)) {
		unsigned there, state;
		found = sscanf(line, " %*d: %32[0-9A-F]:%x %*s %x", at, &there, &state) == 3 && there == port &&
		        state == LISTENING && (!address || strcmp(address, at) == 0);
	}
	if (f)
		fclose(f);
	return found;
}

// "localhost" is [::1] where a server listens there alone, as node's does for that name, and else 127.0.0.1.
static const char *localhost(unsigned port)
{
	const uint32_t *w = in6addr_loopback.s6_addr32;
	char loopback[33];
	snprintf(loopback, sizeof(loopback), "%08X%08X%08X%08X", w[0], w[1], w[2], w[3]);
	const bool only = listens("/proc/net/tcp6", loopback, port) && !listens("/proc/net/tcp", NULL, port) &&
	                  !listens("/proc/net/tcp6", "00000000000000000000000000000000", port);
	return only ? "::1" : "127.0.0.1";
}

// Fills in the address when the host is a loopback one.
static bool set_loopback(struct h2_target *t, const char *host, uint16_t port)
{
	struct in_addr v4;
	struct in6_addr v6;
	if (strcasecmp(host, "localhost") == 0)
		host = localhost(port);
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

// Splits "HOST:PORT" or "[HOST]:PORT", with an optional "/" at the end; *port stays where there is none.
static int split(const char *text, char host[H2_HOST_BYTES], uint64_t *port)
{
	char copy[H2_HOST_BYTES + 16];
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
	if (colon && (units_parse_u64(colon + 1, port) < 0 || *port == 0 || *port > 65535))
		return -EINVAL;
	if (colon)
		*colon = '\0';
	if (end)
		*end = '\0';
	if (name[0] == '\0' || strlen(name) >= H2_HOST_BYTES || (!end && strchr(name, ':')))
		return -EINVAL;
	memcpy(host, name, strlen(name) + 1);
	return 0;
}

static int set_local(struct h2_target *t, const char *path, struct err *e)
{
	if (path[0] != '/' || strlen(path) >= sizeof(t->address.local.sun_path))
		return err_set(e, EINVAL,
		               "'unix:%.150s' is no socket's path; write unix:/PATH, of at most %zu bytes", path,
		               sizeof(t->address.local.sun_path) - 1);
	t->address.local.sun_family = AF_UNIX;
	memcpy(t->address.local.sun_path, path, strlen(path) + 1);
	snprintf(t->place, sizeof(t->place), "unix:%s", path);
	return 0;
}

// Whatever host it is: the first address that the resolver knows.
static int look_up(struct h2_target *t, const char *host, uint16_t port, struct err *e)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	int rc = getaddrinfo(host, NULL, &hints, &found);
	if (rc != 0)
		return err_set(e, ENOENT, "host '%s' is not known: %s", host, gai_strerror(rc));
	memcpy(&t->address, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	if (t->address.any.sa_family == AF_INET6)
		t->address.v6.sin6_port = htons(port);
	else
		t->address.v4.sin_port = htons(port);
	return 0;
}

static int set_address(struct h2_target *t, const char *text, const char *host, uint16_t port,
                       const struct h2_target_options *options, struct err *e)
{
	if (set_loopback(t, host, port))
		return 0;
	if (!options || !options->allow_host || strcmp(options->allow_host, host) != 0)
		return err_set(e, EPERM,
		               "'%.200s' is not this machine; only 127.0.0.1, [::1] and localhost are loaded%s",
		               text, options ? ", and --allow-host HOST" : "");
	return look_up(t, host, port, e);
}

int h2_target_resolve(const char *url, const struct h2_target_options *options, struct h2_target *t, struct err *e)
{
	const char *scheme = strncmp(url, "https://", 8) == 0 ? "https://" : "http://";
	const char *there = options ? options->connect_to : NULL;
	char host[H2_HOST_BYTES];
	uint64_t port = scheme[4] == 's' ? 443 : 80;
	*t = (struct h2_target){ .tls = scheme[4] == 's' };
	if (strncmp(url, scheme, strlen(scheme)) != 0 || split(url + strlen(scheme), host, &port) < 0)
		return err_set(e, EINVAL,
		               "'%.200s' is no target; write http://HOST:PORT, e.g. http://127.0.0.1:8080", url);
	memcpy(t->host, host, sizeof(host));
	say_place(t->authority, host, (uint16_t)port);
	memcpy(t->place, t->authority, sizeof(t->place));
	if (!there)
		return set_address(t, url, host, (uint16_t)port, options, e);
	if (strncmp(there, "unix:", 5) == 0)
		return set_local(t, there + 5, e);
	if (split(there, host, &port) < 0)
		return err_set(e, EINVAL, "'%.200s' is no place to connect to; write HOST:PORT or unix:/PATH",
		               there);
	say_place(t->place, host, (uint16_t)port);
	return set_address(t, there, host, (uint16_t)port, options, e);
}

int h2_target_parse(const char *url, struct h2_target *t, struct err *e)
{
	return h2_target_resolve(url, NULL, t, e);
}
