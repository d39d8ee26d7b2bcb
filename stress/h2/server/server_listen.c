// Where the server listens: any number of addresses, with the same port.
#include "server_parts.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 1024
#define TRIES 20 // of free ports that turn out to be taken at another address

static int address_of(const char *text, size_t len, uint16_t port, struct sockaddr_storage *to)
{
	char name[64];
	if (len > 1 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (len == 0 || len >= sizeof(name))
		return -EINVAL;
	memcpy(name, text, len);
	name[len] = '\0';
	if (uv_ip4_addr(name, port, (struct sockaddr_in *)to) == 0)
		return 0;
	return uv_ip6_addr(name, port, (struct sockaddr_in6 *)to);
}

static int listen_at(struct server *s, const struct sockaddr *address, uv_connection_cb on_connection)
{
	uv_tcp_t *t = &s->listeners[s->listening];
	int rc = uv_tcp_init(&s->hub.loop, t);
	if (rc < 0)
		return rc;
	s->listening++; // so that it is closed, whatever follows
	t->data = s;
	rc = uv_tcp_bind(t, address, address->sa_family == AF_INET6 ? UV_TCP_IPV6ONLY : 0);
	return rc < 0 ? rc : uv_listen((uv_stream_t *)t, BACKLOG, on_connection);
}

static int listen_all(struct server *s, uint16_t port, uv_connection_cb on_connection, struct err *e)
{
	for (const char *at = s->config->bind; *at;) {
		const size_t len = strcspn(at, ",");
		struct sockaddr_storage address = { 0 };
		if (s->listening == H2_LISTENERS)
			return err_set(e, E2BIG, "--bind: more than %u addresses", H2_LISTENERS);
		if (address_of(at, len, port, &address) < 0)
			return err_set(e, EINVAL, "--bind: '%.*s' is no address; write e.g. 127.0.0.1 or ::1",
			               (int)(len < 60 ? len : 60), at);
		int rc = listen_at(s, (const struct sockaddr *)&address, on_connection);
		if (rc == -EADDRINUSE && s->config->port == 0 && s->listening > 1)
			return -EAGAIN;
		if (rc < 0)
			return err_set(e, -rc, "cannot listen on %.*s:%u: %s; try another --port", (int)len, at,
			               port, uv_strerror(rc));
		if (port == 0)
			port = server_port(s);
		at += len + (at[len] == ',');
	}
	return 0;
}

// libuv says of a directory that is not there that it may not be written.
static const char *local_trouble(const struct server *s, int rc)
{
	const char *slash = strrchr(s->config->path, '/');
	char dir[PATH_MAX];
	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - s->config->path) + 1 : 1,
	         slash ? s->config->path : ".");
	if (rc == UV_EACCES && access(dir, F_OK) < 0)
		return "its directory is not there";
	if (rc == UV_EADDRINUSE)
		return "address already in use; remove the file if no server has it open";
	return uv_strerror(rc);
}

static int listen_local(struct server *s, uv_connection_cb on_connection, struct err *e)
{
	int rc = uv_pipe_init(&s->hub.loop, &s->local, 0);
	if (rc < 0)
		return rc;
	s->has_local = true;
	s->local.data = s;
	rc = uv_pipe_bind(&s->local, s->config->path);
	if (rc == 0)
		rc = uv_listen((uv_stream_t *)&s->local, BACKLOG, on_connection);
	return rc < 0 ? err_set(e, -rc, "cannot listen on --unix %s: %s", s->config->path, local_trouble(s, rc))
	              : 0;
}

void server_stop_listening(struct server *s)
{
	if (s->has_local && !uv_is_closing((uv_handle_t *)&s->local))
		uv_close((uv_handle_t *)&s->local, NULL); // which removes the file
	for (size_t i = 0; i < s->listening; i++)
		if (!uv_is_closing((uv_handle_t *)&s->listeners[i]))
			uv_close((uv_handle_t *)&s->listeners[i], NULL);
}

uint16_t server_port(const struct server *s)
{
	struct sockaddr_storage address = { 0 };
	int len = sizeof(address);
	if (s->listening == 0 || uv_tcp_getsockname(&s->listeners[0], (struct sockaddr *)&address, &len) < 0)
		return 0;
	return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
	                                           : ((struct sockaddr_in *)&address)->sin_port);
}

int server_listen(struct server *s, uv_connection_cb on_connection, struct err *e)
{
	int rc = -EAGAIN;
	for (unsigned tries = 0; rc == -EAGAIN && tries < TRIES; tries++) {
		server_stop_listening(s);
		uv_run(&s->hub.loop, UV_RUN_NOWAIT); // closed handles are given back
		s->listening = 0;
		rc = listen_all(s, s->config->port, on_connection, e);
	}
	if (rc == 0 && s->config->path)
		rc = listen_local(s, on_connection, e);
	return rc == -EAGAIN
	               ? err_set(e, EADDRINUSE, "no port is free at all of %s; give a --port", s->config->bind)
	               : rc;
}
