// TLS 1.2 and 1.3 by OpenSSL, between a transport and its socket: bytes in, bytes out, no sockets and no loop.
// Both sides speak HTTP/2 only: ALPN "h2" is offered, and a peer that does not choose it is refused (RFC
// 9113, 3.2).
#ifndef SG_H2_TLS_H
#define SG_H2_TLS_H

#include "err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct h2_tls_context; // what the connections of one thread share
struct h2_tls;         // one connection's

enum h2_tls_version { H2_TLS_ANY, H2_TLS_1_2, H2_TLS_1_3 };

struct h2_tls_client_config {
	const char *ca_file; // PEM; NULL: the system's authorities
	bool insecure;       // any certificate will do
	bool no_resumption;  // else sessions are resumed where the server gave a ticket
	enum h2_tls_version version;
	const char *ciphers;       // TLS 1.2's, as OpenSSL writes lists ("ECDHE+AESGCM"); NULL: OpenSSL's choice
	const char *tls13_ciphers; // likewise: "TLS_AES_128_GCM_SHA256:..."
	const char *groups;        // of key exchange: "X25519:P-256"; NULL: OpenSSL's choice
	const char *certificate;   // our own, with its chain, for servers that want one; PEM; NULL: none
	const char *key;           // its key; both or neither
};

// 0, or -EINVAL or -ENOMEM with `e` filled. The context is for one thread.
int h2_tls_client_context(const struct h2_tls_client_config *config, struct h2_tls_context **out, struct err *e);
// The certificate (with its chain) and key in PEM files; both NULL: one of its own for localhost, 127.0.0.1 and
// ::1, made now and signed by itself.
int h2_tls_server_context(const char *certificate, const char *key, enum h2_tls_version version,
                          struct h2_tls_context **out, struct err *e);
// Writes the server's certificate as PEM, so that a client can be told to trust it. 0 or -errno with `e` filled.
int h2_tls_write_certificate(const struct h2_tls_context *c, const char *path, struct err *e);
void h2_tls_context_free(struct h2_tls_context *c); // accepts NULL; all its connections must be gone

// `host` is the name (or address) that the certificate must have, and that SNI says; NULL for a server. The
// context must outlive it. NULL without memory.
struct h2_tls *h2_tls_new(struct h2_tls_context *c, const char *host);
void h2_tls_free(struct h2_tls *t); // accepts NULL
// Takes bytes of the peer, all of them, and goes on with the handshake. 0, -ENOMEM, or -EPROTO (h2_tls_reason).
int h2_tls_feed(struct h2_tls *t, const uint8_t *bytes, size_t len);
// Bytes that the peer's application said; 0: none now; UV_EOF-like -ENODATA: it has ended its side; -EPROTO.
ssize_t h2_tls_read(struct h2_tls *t, uint8_t *to, size_t room);
// Takes bytes to be sent, all of them; only once it is ready. 0, -ENOMEM or -EPROTO.
int h2_tls_write(struct h2_tls *t, const uint8_t *bytes, size_t len);
// Bytes for the socket; 0: nothing now.
size_t h2_tls_pull(struct h2_tls *t, uint8_t *to, size_t room);
// Says that our side ends (close_notify), for `pull` to send.
void h2_tls_end(struct h2_tls *t);
bool h2_tls_is_ready(const struct h2_tls *t);      // the handshake is done, and h2 was chosen
bool h2_tls_is_resumed(const struct h2_tls *t);    // by a session of an earlier connection
const char *h2_tls_reason(const struct h2_tls *t); // why it failed; "" while it has not
const char *h2_tls_version_name(const struct h2_tls *t);

#endif
