// Target URLs: this machine, and nothing else.
#include "harness.h"
#include "target.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void check(const char *url, int rc, const char *words)
{
	struct h2_target t;
	struct err e = { "" };
	int got = h2_target_parse(url, &t, &e);
	if (got != rc || !strstr(rc == 0 ? t.authority : e.text, words))
		fail_msg("%s: %d %s%s, expected %d %s", url, got, e.text, got ? "" : t.authority, rc, words);
}

CASE("h2 target: loopback addresses are taken")
{
	check("http://127.0.0.1:8080", 0, "127.0.0.1:8080");
	check("http://127.0.0.1:8080/", 0, "127.0.0.1:8080");
	check("http://127.9.9.9:1", 0, "127.9.9.9:1");
	check("http://localhost:65535", 0, "localhost:65535");
	check("http://[::1]:443", 0, "[::1]:443");
	check("http://127.0.0.1", 0, "127.0.0.1:80");
	check("http://[::1]/", 0, "[::1]:80");
}

CASE("h2 target: the address is the one that was named")
{
	struct h2_target t;
	assert_int_equal(h2_target_parse("http://127.1.2.3:258", &t, NULL), 0);
	assert_int_equal(t.address.v4.sin_family, AF_INET);
	assert_int_equal(ntohs(t.address.v4.sin_port), 258);
	assert_int_equal(ntohl(t.address.v4.sin_addr.s_addr), 0x7f010203);
	assert_int_equal(h2_target_parse("http://[::1]:258", &t, NULL), 0);
	assert_int_equal(t.address.v6.sin6_family, AF_INET6);
	assert_int_equal(ntohs(t.address.v6.sin6_port), 258);
}

// A socket that listens at `port` of that address, or at any port where it is 0: the port; 0: it cannot.
static uint16_t listen_at(int family, const char *address, uint16_t port, int *fd)
{
	struct h2_target t = { 0 };
	const socklen_t len = family == AF_INET ? sizeof(t.address.v4) : sizeof(t.address.v6);
	socklen_t got = sizeof(t.address);
	t.address.any.sa_family = (sa_family_t)family;
	t.address.v4.sin_port = htons(port); // at the same place in both kinds
	inet_pton(family, address, family == AF_INET ? (void *)&t.address.v4.sin_addr : &t.address.v6.sin6_addr);
	*fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd < 0 || bind(*fd, &t.address.any, len) < 0 || listen(*fd, 1) < 0 ||
	    getsockname(*fd, &t.address.any, &got) < 0)
		return 0;
	return ntohs(t.address.v4.sin_port);
}

CASE("h2 target: localhost is [::1] where a server listens there alone, and else 127.0.0.1")
{
	struct h2_target t;
	char url[64];
	int v6, v4, any;
	const uint16_t port = listen_at(AF_INET6, "::1", 0, &v6);
	if (port == 0)
		skip(); // no IPv6 on this machine's loopback
	snprintf(url, sizeof(url), "http://localhost:%u", port);
	assert_int_equal(h2_target_parse(url, &t, NULL), 0);
	assert_int_equal(t.address.any.sa_family, AF_INET6);
	assert_memory_equal(&t.address.v6.sin6_addr, &in6addr_loopback, sizeof(in6addr_loopback));
	assert_int_equal(ntohs(t.address.v6.sin6_port), port);
	assert_string_equal(t.host, "localhost");
	assert_int_equal(listen_at(AF_INET, "127.0.0.1", port, &v4), port);
	assert_int_equal(h2_target_parse(url, &t, NULL), 0);
	assert_int_equal(t.address.any.sa_family, AF_INET);
	close(v4);
	close(v6);
	snprintf(url, sizeof(url), "http://localhost:%u", listen_at(AF_INET6, "::", 0, &any));
	assert_int_equal(h2_target_parse(url, &t, NULL), 0); // which takes both
	assert_int_equal(t.address.any.sa_family, AF_INET);
	close(any);
}

static void check_with(const struct h2_target_options *options, const char *url, int rc, const char *words)
{
	struct h2_target t;
	struct err e = { "" };
	int got = h2_target_resolve(url, options, &t, &e);
	if (got != rc || !strstr(rc == 0 ? t.authority : e.text, words))
		fail_msg("%s: %d %s, expected %d %s", url, got, e.text, rc, words);
}

CASE("h2 target: https, a unix socket, another place to connect to, a host that is allowed")
{
	struct h2_target t;
	struct h2_target_options o = { .connect_to = "unix:/run/a.sock" };
	assert_int_equal(h2_target_parse("https://localhost", &t, NULL), 0);
	assert_true(t.tls);
	assert_string_equal(t.host, "localhost");
	assert_string_equal(t.authority, "localhost:443");
	assert_int_equal(h2_target_resolve("http://shop.example", &o, &t, NULL), 0);
	assert_int_equal(t.address.local.sun_family, AF_UNIX);
	assert_string_equal(t.address.local.sun_path, "/run/a.sock");
	assert_string_equal(t.authority, "shop.example:80");
	assert_string_equal(t.place, "unix:/run/a.sock");
	o.connect_to = "127.0.0.1:99";
	assert_int_equal(h2_target_resolve("https://shop.example", &o, &t, NULL), 0);
	assert_int_equal(ntohs(t.address.v4.sin_port), 99);
	assert_string_equal(t.host, "shop.example");
	assert_string_equal(t.place, "127.0.0.1:99");
	o.connect_to = "192.0.2.1:99";
	check_with(&o, "http://127.0.0.1", -EPERM, "is not this machine");
	o.allow_host = "192.0.2.1";
	check_with(&o, "http://127.0.0.1", 0, "127.0.0.1:80");
	o.connect_to = "unix:relative";
	check_with(&o, "http://127.0.0.1", -EINVAL, "is no socket's path");
	o.connect_to = "x/y";
	check_with(&o, "http://127.0.0.1", -EINVAL, "is no place to connect to");
}

CASE("h2 target: another machine is refused")
{
	check("http://192.0.2.1:80", -EPERM, "is not this machine");
	check("http://example.com", -EPERM, "is not this machine");
	check("http://128.0.0.1:80", -EPERM, "is not this machine");
	check("http://0.0.0.0:80", -EPERM, "is not this machine");
	check("http://[2001:db8::1]:80", -EPERM, "is not this machine");
	check("http://[::]:80", -EPERM, "is not this machine");
	check("http://127.0.0.1.example.com", -EPERM, "is not this machine");
	check("http://127.1", -EPERM, "is not this machine");
	check("http://localhost@example.com", -EPERM, "is not this machine");
}

CASE("h2 target: what is no target is said to be none")
{
	static const char *const urls[] = { "",
		                            "127.0.0.1:80",
		                            "http://",
		                            "http:///",
		                            "http://:80",
		                            "ftp://127.0.0.1",
		                            "http://127.0.0.1:",
		                            "http://127.0.0.1:0",
		                            "http://127.0.0.1:65536",
		                            "http://127.0.0.1:80x",
		                            "http://127.0.0.1:80/path",
		                            "http://127.0.0.1?x",
		                            "http://[::1",
		                            "http://[::1]x",
		                            "http://::1:80",
		                            "http://[]:80" };
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
		check(urls[i], -EINVAL, "write http://HOST:PORT");
	check("https://", -EINVAL, "write http://HOST:PORT");
}

CASE("h2 target: a name of any length is no overflow")
{
	char url[2000] = "http://";
	memset(url + 7, 'a', sizeof(url) - 8);
	url[sizeof(url) - 1] = '\0';
	check(url, -EINVAL, "is no target");
	url[7 + 63] = '\0';
	check(url, -EPERM, "is not this machine");
}
