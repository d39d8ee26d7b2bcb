// tls: both sides against each other over memory; stressgen h2 against TLS servers of others.
#include "h2_support.h"
#include "harness.h"
#include "tls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// ---- over memory --------------------------------------------------------------------------------------------

struct pair {
	struct h2_tls *client, *server;
	int client_rc, server_rc;
};

// Carries bytes to and fro until there are none.
static void carry(struct pair *p)
{
	uint8_t bytes[4096];
	size_t n, m;
	do {
		n = h2_tls_pull(p->client, bytes, sizeof(bytes));
		if (n > 0 && p->server_rc == 0)
			p->server_rc = h2_tls_feed(p->server, bytes, n);
		m = h2_tls_pull(p->server, bytes, sizeof(bytes));
		if (m > 0 && p->client_rc == 0)
			p->client_rc = h2_tls_feed(p->client, bytes, m);
	} while (n + m > 0);
}

static struct h2_tls_context *server_context(enum h2_tls_version version)
{
	struct h2_tls_context *c = NULL;
	struct err e = { 0 };
	if (h2_tls_server_context(NULL, NULL, version, &c, &e) < 0)
		fail_msg("%s", e.text);
	return c;
}

static struct h2_tls_context *client_context(const struct h2_tls_client_config *config)
{
	struct h2_tls_context *c = NULL;
	struct err e = { 0 };
	if (h2_tls_client_context(config, &c, &e) < 0)
		fail_msg("%s", e.text);
	return c;
}

static struct pair join(struct h2_tls_context *client, struct h2_tls_context *server, const char *host)
{
	struct pair p = { .client = h2_tls_new(client, host), .server = h2_tls_new(server, NULL) };
	assert_non_null(p.client);
	assert_non_null(p.server);
	carry(&p);
	return p;
}

static void part(struct pair *p)
{
	h2_tls_free(p->client);
	h2_tls_free(p->server);
}

CASE("h2 tls: bytes go through in both directions, in TLS 1.2 and 1.3")
{
	for (enum h2_tls_version v = H2_TLS_1_2; v <= H2_TLS_1_3; v++) {
		const struct h2_tls_client_config config = { .insecure = true, .version = v };
		struct h2_tls_context *s = server_context(H2_TLS_ANY), *c = client_context(&config);
		struct pair p = join(c, s, "localhost");
		static uint8_t said[40000], heard[40000];
		size_t got = 0;
		ssize_t n;
		assert_true(h2_tls_is_ready(p.client) && h2_tls_is_ready(p.server));
		assert_string_equal(h2_tls_version_name(p.client), v == H2_TLS_1_2 ? "TLSv1.2" : "TLSv1.3");
		for (size_t i = 0; i < sizeof(said); i++)
			said[i] = (uint8_t)(i * 7);
		assert_int_equal(h2_tls_write(p.client, said, sizeof(said)), 0);
		carry(&p);
		while ((n = h2_tls_read(p.server, heard + got, sizeof(heard) - got)) > 0)
			got += (size_t)n;
		assert_int_equal(got, sizeof(said));
		assert_memory_equal(heard, said, sizeof(said));
		assert_int_equal(h2_tls_write(p.server, said, 5), 0);
		carry(&p);
		assert_int_equal(h2_tls_read(p.client, heard, sizeof(heard)), 5);
		h2_tls_end(p.server);
		carry(&p);
		assert_int_equal(h2_tls_read(p.client, heard, sizeof(heard)), -ENODATA);
		part(&p);
		h2_tls_context_free(c);
		h2_tls_context_free(s);
	}
}

CASE("h2 tls: a certificate is trusted when its authority is named, and for its own host only")
{
	struct h2_tls_context *s = server_context(H2_TLS_ANY);
	struct err e = { 0 };
	char path[600];
	snprintf(path, sizeof(path), "%s/cert.pem", harness_tmpdir());
	assert_int_equal(h2_tls_write_certificate(s, path, &e), 0);
	const struct h2_tls_client_config config = { .ca_file = path };
	struct h2_tls_context *c = client_context(&config);
	static const struct {
		const char *host;
		bool right;
	} rows[] = { { "localhost", true },
		     { "127.0.0.1", true },
		     { "::1", true },
		     { "example.com", false },
		     { "127.0.0.2", false } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pair p = join(c, s, rows[i].host);
		if (h2_tls_is_ready(p.client) != rows[i].right)
			fail_msg("%s: %s", rows[i].host, h2_tls_reason(p.client));
		if (!rows[i].right && !strstr(h2_tls_reason(p.client), "mismatch; ask for a name that it has"))
			fail_msg("%s: %s", rows[i].host, h2_tls_reason(p.client));
		part(&p);
	}
	h2_tls_context_free(c);
	h2_tls_context_free(s);
}

CASE("h2 tls: a certificate that nobody vouches for is refused, with what to do")
{
	const struct h2_tls_client_config config = { 0 };
	struct h2_tls_context *s = server_context(H2_TLS_ANY), *c = client_context(&config);
	struct pair p = join(c, s, "localhost");
	assert_false(h2_tls_is_ready(p.client));
	assert_int_equal(p.client_rc, -EPROTO);
	assert_non_null(strstr(h2_tls_reason(p.client), "name its authority with --cacert, or take any with -k"));
	part(&p);
	h2_tls_context_free(c);
	h2_tls_context_free(s);
}

CASE("h2 tls: sessions are resumed on the next connections, unless that is not wanted")
{
	for (enum h2_tls_version v = H2_TLS_1_2; v <= H2_TLS_1_3; v++)
		for (int no = 0; no < 2; no++) {
			const struct h2_tls_client_config config = { .insecure = true,
				                                     .version = v,
				                                     .no_resumption = no };
			struct h2_tls_context *s = server_context(H2_TLS_ANY), *c = client_context(&config);
			uint8_t byte;
			for (unsigned i = 0; i < 5; i++) {
				struct pair p = join(c, s, "localhost");
				assert_true(h2_tls_is_ready(p.client));
				h2_tls_read(p.client, &byte, 1); // TLS 1.3's tickets come behind the handshake
				assert_int_equal(h2_tls_is_resumed(p.client), i > 0 && !no);
				part(&p);
			}
			h2_tls_context_free(c);
			h2_tls_context_free(s);
		}
}

// `openssl s_server OPTIONS` with a certificate of its own, loaded once with `args`.
static void refused_by(const char *options, const char *args, const char *words)
{
	struct h2_output o;
	h2_sh(&o,
	      "cd '%s' && openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -subj /CN=localhost "
	      "2>/dev/null; rm -f said; openssl s_server -accept 127.0.0.1:0 -www -cert cert.pem -key key.pem %s "
	      ">said 2>&1 & server=$!; cd '%s'; while ! grep -qs '^ACCEPT' said; do sleep 0.05; done; " SG_BUILD_DIR
	      "/bin/stressgen h2 https://$(sed -n 's/^ACCEPT //p' said)/ -k -n 1 --timeout 20s %s; "
	      "echo code $?; kill $server",
	      harness_tmpdir(), options, harness_tmpdir(), args);
	if (!strstr(o.out, "code 1") || !strstr(o.err, words))
		fail_msg("%s: %s%s", options, o.out, o.err);
	h2_output_deinit(&o);
}

CASE("h2 load: what a server of TLS refuses us for is told in words")
{
	h2_need("openssl");
	refused_by("-alpn http/1.1", "", "the server refuses ALPN's h2: it does not speak HTTP/2");
	refused_by("-alpn h2 -tls1_2", "--tls 1.3", "the server speaks no version that it was asked for");
	refused_by("-alpn h2 -tls1_3 -Verify 1", "", "the server wants a certificate of its client");
	refused_by("-alpn h2 -tls1_3 -groups P-384", "--groups X25519",
	           "it takes none of the ciphers and groups that it was offered");
}

CASE("h2 tls: garbage in the place of a handshake fails, and stays failed")
{
	const struct h2_tls_client_config config = { .insecure = true };
	struct h2_tls_context *c = client_context(&config);
	struct h2_tls *t = h2_tls_new(c, "localhost");
	assert_int_equal(h2_tls_feed(t, (const uint8_t *)"HTTP/1.1 400 Bad Request\r\n\r\n", 28), -EPROTO);
	assert_int_equal(h2_tls_feed(t, (const uint8_t *)"x", 1), -EPROTO);
	assert_true(h2_tls_reason(t)[0] != '\0');
	h2_tls_free(t);
	h2_tls_context_free(c);
}

// ---- a server that breaks TLS off -----------------------------------------------------------------------------

static void say_all(int fd, struct h2_tls *t)
{
	uint8_t bytes[4096];
	for (size_t n; (n = h2_tls_pull(t, bytes, sizeof(bytes))) > 0;)
		assert_true(send(fd, bytes, n, MSG_NOSIGNAL) != 0);
}

// Answers requests, and a frame of type 119 by an alert: handshake_failure, in the clear.
static void answer_frame(int fd, struct h2_tls *t, const uint8_t *head)
{
	static const uint8_t ok[] = { 0, 0, 1, 1, 5, 0, 0, 0, 1, 0x88 }, alert[] = { 21, 3, 3, 0, 2, 2, 40 };
	if (head[3] == 1)
		h2_tls_write(t, ok, sizeof(ok));
	if (head[3] == 119)
		send(fd, alert, sizeof(alert), MSG_NOSIGNAL);
}

static void breaks_off(int fd, __attribute__((unused)) unsigned count)
{
	static const uint8_t settings[9] = { 0, 0, 0, 4 };
	struct h2_tls_context *c = server_context(H2_TLS_ANY);
	struct h2_tls *t = h2_tls_new(c, NULL);
	uint8_t bytes[8192], plain[8192];
	size_t len = 0, at = 24; // behind the preface
	bool greeted = false;
	for (ssize_t n; (n = read(fd, bytes, sizeof(bytes))) > 0 && h2_tls_feed(t, bytes, (size_t)n) == 0;) {
		if (!greeted && h2_tls_is_ready(t))
			greeted = h2_tls_write(t, settings, sizeof(settings)) == 0;
		while (len < sizeof(plain) && (n = h2_tls_read(t, plain + len, sizeof(plain) - len)) > 0)
			len += (size_t)n;
		for (; len >= at + 9; at += 9 + ((size_t)plain[at + 1] << 8 | plain[at + 2]))
			answer_frame(fd, t, plain + at);
		say_all(fd, t);
	}
	h2_tls_free(t);
	h2_tls_context_free(c);
}

CASE("h2 tls: an attack that a server ends by breaking TLS off is told as closed, and not as without a reaction")
{
	struct h2_process p;
	struct h2_output o;
	h2_fake(&p, breaks_off);
	h2_sh(&o, "%s run --h2-target https://127.0.0.1:%u %s", H2_PROGRAM, p.port,
	      h2_file("t.h2", "(scenario t (tls (insecure)) (attack (right close) (lonely) (send (frame 119))) "
	                      "(request r))"));
	h2_fake_stop(&p);
	if (o.code != 0 || !strstr(o.out, "@@ check attack ok closed after 1 of 1 frames, in "))
		fail_msg("exit %d\n%s%s", o.code, o.out, o.err);
	h2_output_deinit(&o);
}

CASE("h2 tls: files that are no certificate or key are refused in one line")
{
	struct h2_tls_context *c = NULL;
	struct err e = { 0 };
	const char *path = h2_file("no.pem", "nothing\n");
	assert_int_equal(h2_tls_server_context(path, path, H2_TLS_ANY, &c, &e), -EINVAL);
	assert_non_null(strstr(e.text, "no.pem is no certificate in PEM"));
	e.text[0] = '\0';
	assert_int_equal(h2_tls_server_context(path, "/nonexistent/key", H2_TLS_ANY, &c, &e), -EINVAL);
	assert_string_equal(e.text, "TLS: /nonexistent/key: No such file or directory");
	e.text[0] = '\0';
	assert_int_equal(h2_tls_server_context(path, NULL, H2_TLS_ANY, &c, &e), -EINVAL);
	assert_non_null(strstr(e.text, "a certificate and its key go together"));
	e.text[0] = '\0';
	char own[600];
	snprintf(own, sizeof(own), "%s/own.pem", harness_tmpdir());
	struct h2_tls_context *s = server_context(H2_TLS_ANY);
	assert_int_equal(h2_tls_write_certificate(s, own, &e), 0);
	h2_tls_context_free(s);
	assert_int_equal(h2_tls_server_context(own, path, H2_TLS_ANY, &c, &e), -EINVAL);
	assert_non_null(strstr(e.text, "no.pem is no key in PEM"));
	e.text[0] = '\0';
	const struct h2_tls_client_config config = { .ca_file = path };
	assert_int_equal(h2_tls_client_context(&config, &c, &e), -EINVAL);
	assert_non_null(strstr(e.text, "no.pem has no certificates that can be read"));
	e.text[0] = '\0';
	const struct h2_tls_client_config nowhere = { .ca_file = "/nonexistent/ca" };
	assert_int_equal(h2_tls_client_context(&nowhere, &c, &e), -EINVAL);
	assert_string_equal(e.text, "TLS: /nonexistent/ca: No such file or directory");
}

// ---- against servers of others ------------------------------------------------------------------------------

// A node server that says its port (or "0" on a unix socket) and ends with its stdin. "mutual" wants a certificate
// of the client; over TLS it answers with what was agreed on.
static const char node_server[] =
        "const http2 = require('http2'), fs = require('fs');\n"
        "const mutual = process.argv[2] === 'mutual', secure = mutual || process.argv[2] === 'tls';\n"
        "const options = secure ? { key: fs.readFileSync('key.pem'), cert: fs.readFileSync('cert.pem'),\n"
        "  ca: fs.readFileSync('cert.pem'), requestCert: mutual, rejectUnauthorized: mutual } : {};\n"
        "const server = secure ? http2.createSecureServer(options) : http2.createServer();\n"
        "server.on('stream', (s) => {\n"
        "  const socket = s.session.socket, agreed = { ':status': 200 };\n"
        "  if (secure) {\n"
        "    agreed['x-cipher'] = socket.getCipher().standardName;\n"
        "    agreed['x-client'] = mutual ? socket.getPeerCertificate().subject.CN : 'none';\n"
        "  }\n"
        "  s.respond(agreed); s.end('hello');\n"
        "});\n"
        "const told = () => console.log('port ' + (server.address().port || 1));\n"
        "if (process.argv[2] === 'unix') server.listen(process.argv[3], told);\n"
        "else server.listen(0, '127.0.0.1', told);\n"
        "process.stdin.resume(); process.stdin.on('end', () => process.exit(0));\n";

// Runs `stressgen h2 ARGS` beside that server: {} in `args` is its port.
static void beside_node(struct h2_output *o, const char *how, const char *args)
{
	h2_need("node");
	h2_need("openssl");
	h2_file("server.js", node_server);
	h2_sh(o,
	      "cd '%s' && test -f key.pem || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
	      "-keyout key.pem -out cert.pem -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1",
	      harness_tmpdir());
	if (o->code != 0)
		fail_msg("%s", o->err);
	h2_output_deinit(o);
	h2_sh(o,
	      "cd '%s' && rm -rf run s.sock port && mkfifo life && { node server.js %s s.sock <life >port & } && "
	      "exec 3>life && rm life && N=0 && until PORT=$(sed -n 's/port //p' port) && test -n \"$PORT\"; do "
	      "sleep 0.05; N=$((N+1)); test $N -lt 1200 || exit 9; done; " SG_BUILD_DIR
	      "/bin/stressgen h2 --color never --progress none -o run %s 2>&1 3>&-; "
	      "echo \"code $?\"; exec 3>&-; wait",
	      harness_tmpdir(), how, args);
}

static void passes(const char *how, const char *args)
{
	struct h2_output o;
	beside_node(&o, how, args);
	if (!strstr(o.out, "code 0"))
		fail_msg("%s: %s\n%s", args, o.out, o.err);
	h2_output_deinit(&o);
}

CASE("h2 load: node over TLS: 1.2, 1.3, by authority, with both engines")
{
	passes("tls", "https://127.0.0.1:$PORT/ -c 3 -m 5 -n 200 --cacert cert.pem");
	passes("tls", "https://127.0.0.1:$PORT/ -c 3 -m 5 -n 200 -k --tls 1.2 --h2-engine session");
	passes("tls", "https://127.0.0.1:$PORT/ -c 2 -t 2 -n 40 -k --tls 1.3 --requests-per-connection 5");
}

CASE("h2 load: node's sessions are resumed after a reconnect")
{
	passes("tls", "https://127.0.0.1:$PORT/ -n 40 -k --requests-per-connection 10");
	assert_int_equal((int)run_gauge("tls_resumed"), 3);
	assert_int_equal((int)run_gauge("reconnects"), 3);
	passes("tls", "https://127.0.0.1:$PORT/ -n 40 -k --requests-per-connection 10 --no-tls-resumption");
	assert_int_equal((int)run_gauge("tls_resumed"), 0);
}

CASE("h2 load: TLS's ciphers are those that were asked for, in both versions")
{
	passes("tls", "https://127.0.0.1:$PORT/ -n 4 -k --tls 1.3 --tls13-ciphers TLS_CHACHA20_POLY1305_SHA256"
	              " --expect-header 'x-cipher: TLS_CHACHA20_POLY1305_SHA256'");
	passes("tls",
	       "https://127.0.0.1:$PORT/ -n 4 -k --tls 1.2 --ciphers ECDHE-ECDSA-AES256-GCM-SHA384 --groups P-256"
	       " --expect-header 'x-cipher: TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'");
}

CASE("h2 load: a server that wants a certificate of its clients gets ours, and says why where there is none")
{
	struct h2_output o;
	passes("mutual", "https://127.0.0.1:$PORT/ -n 20 -c 2 --cacert cert.pem --cert cert.pem --key key.pem"
	                 " --expect-header 'x-client: localhost'");
	beside_node(&o, "mutual", "https://127.0.0.1:$PORT/ -n 5 --cacert cert.pem --tls 1.3");
	if (!strstr(o.out, "code 1") ||
	    !strstr(o.out, "wants a certificate of its client: --cert FILE --key FILE"))
		fail_msg("%s%s", o.out, o.err);
	h2_output_deinit(&o);
}

CASE("h2 load: a unix socket is loaded by --connect-to")
{
	passes("unix", "http://localhost/ -c 3 -m 5 -n 200 --connect-to unix:$PWD/s.sock");
}

CASE("h2 load: a certificate that is not trusted ends the load with its reason")
{
	struct h2_output o;
	beside_node(&o, "tls", "https://127.0.0.1:$PORT/ -n 5");
	assert_non_null(strstr(o.out, "code 1"));
	assert_non_null(strstr(o.out, "certificate is refused"));
	h2_output_deinit(&o);
}
