// TLS over memory: OpenSSL's BIOs take the place of the socket.
#include "tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TICKETS 16U // sessions kept: TLS 1.3's are meant for one connection each

struct h2_tls_context {
	SSL_CTX *ctx;
	SSL_SESSION *tickets[TICKETS]; // a client's, the newest last
	size_t ticket_count;
	bool resumes, verifies;
};

struct h2_tls {
	SSL *ssl;
	BIO *in, *out; // owned by ssl
	bool ready, failed;
	char reason[240];
};

static const unsigned char alpn[] = { 2, 'h', '2' };

// ---- errors -------------------------------------------------------------------------------------------------

// OpenSSL's first error in words; "" where there is none. Empties its queue.
static void take_error(char *text, size_t size)
{
	const unsigned long code = ERR_get_error();
	const char *words = code ? ERR_reason_error_string(code) : NULL;
	snprintf(text, size, "%s", words ? words : "");
	ERR_clear_error();
}

static int context_error(struct err *e, const char *what)
{
	char text[120];
	take_error(text, sizeof(text));
	return err_set(e, EINVAL, "TLS: %s%s%s", what, text[0] ? ": " : "", text);
}

// What to do about a certificate that is refused.
static const char *remedy(long verified)
{
	switch (verified) {
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return "ask for a name that it has (--connect-to says where that is), or take any with -k";
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return "take any with -k (of --h2-target: --h2-insecure)";
	default:
		return "name its authority with --cacert, or take any with -k (of --h2-target: --h2-cacert, "
		       "--h2-insecure)";
	}
}

// What the peer broke off with, or what was wrong with its bytes, where OpenSSL's words are for those who know
// TLS; else NULL.
static const char *plain_words(int reason, bool ready)
{
	switch (reason) {
	case SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL:
		return "the server refuses ALPN's h2: it does not speak HTTP/2";
	case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
		return "the server speaks no version that it was asked for: 1.2 and 1.3, unless --tls says one";
	case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
		return "the server wants a certificate of its client: --cert FILE --key FILE";
	case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
		return "the server ends the handshake: it takes none of the ciphers and groups that it was offered, or wants a certificate of its client (--cert FILE --key FILE)";
	case SSL_R_WRONG_VERSION_NUMBER:
		return ready ? NULL : "wrong version number; does it speak TLS there? http:// is without";
	default:
		return NULL;
	}
}

static int fail(struct h2_tls *t)
{
	const long verified = SSL_get_verify_result(t->ssl);
	const char *plain = plain_words(ERR_GET_REASON(ERR_peek_error()), t->ready);
	char text[120];
	take_error(text, sizeof(text));
	if (!t->failed && verified != X509_V_OK && !SSL_is_server(t->ssl) && !t->ready)
		snprintf(t->reason, sizeof(t->reason), "TLS: the server's certificate is refused: %s; %s",
		         X509_verify_cert_error_string(verified), remedy(verified));
	else if (!t->failed)
		snprintf(t->reason, sizeof(t->reason), "TLS: %s",
		         plain     ? plain
		         : text[0] ? text
		                   : "the peer broke off");
	t->failed = true;
	return -EPROTO;
}

// ---- contexts -----------------------------------------------------------------------------------------------

static struct h2_tls_context *new_context(const SSL_METHOD *method, enum h2_tls_version version)
{
	struct h2_tls_context *c = calloc(1, sizeof(*c));
	if (!c || !(c->ctx = SSL_CTX_new(method))) {
		free(c);
		return NULL;
	}
	SSL_CTX_set_min_proto_version(c->ctx, version == H2_TLS_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
	SSL_CTX_set_max_proto_version(c->ctx, version == H2_TLS_1_2 ? TLS1_2_VERSION : TLS1_3_VERSION);
	SSL_CTX_set_mode(c->ctx, SSL_MODE_RELEASE_BUFFERS); // memory for many connections
	SSL_CTX_set_options(c->ctx, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_app_data(c->ctx, c);
	return c;
}

// A ticket came: kept for the next connection.
static int on_session(SSL *ssl, SSL_SESSION *session)
{
	struct h2_tls_context *c = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	if (c->ticket_count == TICKETS) {
		SSL_SESSION_free(c->tickets[0]);
		memmove(c->tickets, c->tickets + 1, (TICKETS - 1) * sizeof(c->tickets[0]));
		c->ticket_count--;
	}
	c->tickets[c->ticket_count++] = session;
	return 1;
}

static int check_readable(const char *path, struct err *e)
{
	return access(path, R_OK) < 0 ? err_set(e, EINVAL, "TLS: %s: %s", path, strerror(errno)) : 0;
}

static int trust(struct h2_tls_context *c, const char *ca_file, struct err *e)
{
	char text[400];
	SSL_CTX_set_verify(c->ctx, SSL_VERIFY_PEER, NULL);
	c->verifies = true;
	if (ca_file && check_readable(ca_file, e) < 0)
		return -EINVAL;
	snprintf(text, sizeof(text), "%s has no certificates that can be read", ca_file ? ca_file : "the system");
	if (ca_file ? SSL_CTX_load_verify_locations(c->ctx, ca_file, NULL)
	            : SSL_CTX_set_default_verify_paths(c->ctx))
		return 0;
	return context_error(e, text);
}

static int use_certificate(SSL_CTX *ctx, const char *certificate, const char *key, struct err *e)
{
	const char *const files[] = { certificate, key };
	char text[400];
	if (!certificate != !key)
		return err_set(e, EINVAL, "TLS: a certificate and its key go together; give both, or neither");
	if (!certificate)
		return 0;
	for (unsigned i = 0; i < 2; i++)
		if (check_readable(files[i], e) < 0)
			return -EINVAL;
	snprintf(text, sizeof(text), "%s is no certificate in PEM", certificate);
	if (!SSL_CTX_use_certificate_chain_file(ctx, certificate))
		return context_error(e, text);
	snprintf(text, sizeof(text), "%s is not the key of %s", key, certificate);
	if (!SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) &&
	    ERR_GET_REASON(ERR_peek_error()) != X509_R_KEY_VALUES_MISMATCH)
		snprintf(text, sizeof(text), "%s is no key in PEM", key);
	else if (SSL_CTX_check_private_key(ctx))
		return 0;
	return context_error(e, text);
}

static int choose(int took, const char *what, const char *list, struct err *e)
{
	char text[400];
	snprintf(text, sizeof(text), "'%.200s' names no %s that OpenSSL has", list, what);
	return took == 1 ? 0 : context_error(e, text);
}

static int choose_methods(SSL_CTX *ctx, const struct h2_tls_client_config *config, struct err *e)
{
	int rc = 0;
	if (config->ciphers)
		rc = choose(SSL_CTX_set_cipher_list(ctx, config->ciphers), "cipher of TLS 1.2", config->ciphers,
		            e);
	if (rc == 0 && config->tls13_ciphers)
		rc = choose(SSL_CTX_set_ciphersuites(ctx, config->tls13_ciphers), "cipher of TLS 1.3",
		            config->tls13_ciphers, e);
	if (rc == 0 && config->groups)
		rc = choose((int)SSL_CTX_set1_groups_list(ctx, (void *)(uintptr_t)config->groups), "groups",
		            config->groups, e);
	return rc;
}

int h2_tls_client_context(const struct h2_tls_client_config *config, struct h2_tls_context **out, struct err *e)
{
	struct h2_tls_context *c = new_context(TLS_client_method(), config->version);
	if (!c)
		return err_set(e, ENOMEM, "out of memory");
	int rc = SSL_CTX_set_alpn_protos(c->ctx, alpn, sizeof(alpn)) == 0 ? 0 : -ENOMEM;
	if (rc == 0 && !config->insecure)
		rc = trust(c, config->ca_file, e);
	if (rc == 0)
		rc = choose_methods(c->ctx, config, e);
	if (rc == 0)
		rc = use_certificate(c->ctx, config->certificate, config->key, e);
	c->resumes = !config->no_resumption;
	if (c->resumes) {
		SSL_CTX_set_session_cache_mode(c->ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
		SSL_CTX_sess_set_new_cb(c->ctx, on_session);
	}
	if (rc < 0)
		h2_tls_context_free(c);
	else
		*out = c;
	return rc;
}

static int choose_h2(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
                     unsigned in_len, void *arg)
{
	(void)ssl;
	(void)arg;
	for (unsigned i = 0; i < in_len && i + 1 + in[i] <= in_len; i += 1U + in[i])
		if (in[i] == 2 && memcmp(in + i + 1, "h2", 2) == 0) {
			*out = in + i + 1;
			*out_len = 2;
			return SSL_TLSEXT_ERR_OK;
		}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

// ---- a certificate of our own -------------------------------------------------------------------------------

#define YEAR_S (365L * 24 * 3600)

static bool add_names(X509 *cert)
{
	X509_EXTENSION *names =
	        X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1");
	const bool ok = names && X509_add_ext(cert, names, -1);
	X509_EXTENSION_free(names);
	return ok;
}

static bool sign(X509 *cert, EVP_PKEY *key)
{
	X509_NAME *name = X509_get_subject_name(cert);
	return X509_set_version(cert, X509_VERSION_3) && ASN1_INTEGER_set(X509_get_serialNumber(cert), 1) &&
	       X509_gmtime_adj(X509_getm_notBefore(cert), -3600) &&
	       X509_gmtime_adj(X509_getm_notAfter(cert), YEAR_S) && X509_set_pubkey(cert, key) &&
	       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1,
	                                  0) &&
	       X509_set_issuer_name(cert, name) && add_names(cert) && X509_sign(cert, key, EVP_sha256());
}

static bool use_own_certificate(SSL_CTX *ctx)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	const bool ok = key && cert && sign(cert, key) && SSL_CTX_use_certificate(ctx, cert) &&
	                SSL_CTX_use_PrivateKey(ctx, key);
	X509_free(cert);
	EVP_PKEY_free(key);
	return ok;
}

int h2_tls_server_context(const char *certificate, const char *key, enum h2_tls_version version,
                          struct h2_tls_context **out, struct err *e)
{
	struct h2_tls_context *c;
	int rc = 0;
	c = new_context(TLS_server_method(), version);
	if (!c)
		return err_set(e, ENOMEM, "out of memory");
	SSL_CTX_set_alpn_select_cb(c->ctx, choose_h2, NULL);
	SSL_CTX_set_session_id_context(c->ctx, (const unsigned char *)"stressgen", 9);
	if (certificate || key)
		rc = use_certificate(c->ctx, certificate, key, e);
	else if (!use_own_certificate(c->ctx))
		rc = context_error(e, "no certificate could be made");
	if (rc < 0)
		h2_tls_context_free(c);
	else
		*out = c;
	return rc;
}

int h2_tls_write_certificate(const struct h2_tls_context *c, const char *path, struct err *e)
{
	FILE *f = fopen(path, "w");
	if (!f)
		return err_set(e, errno, "%s: %s", path, strerror(errno));
	int rc = PEM_write_X509(f, SSL_CTX_get0_certificate(c->ctx)) ? 0 : -EIO;
	if (fclose(f) != 0)
		rc = -EIO;
	return rc < 0 ? err_set(e, EIO, "%s: the certificate cannot be written", path) : 0;
}

void h2_tls_context_free(struct h2_tls_context *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->ticket_count; i++)
		SSL_SESSION_free(c->tickets[i]);
	SSL_CTX_free(c->ctx);
	free(c);
}

// ---- a connection -------------------------------------------------------------------------------------------

static bool name_server(struct h2_tls *t, const char *host)
{
	struct in6_addr address;
	X509_VERIFY_PARAM *verify = SSL_get0_param(t->ssl);
	if (inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(verify, host) == 1;
	void *name = (void *)(uintptr_t)host; // only read
	return SSL_ctrl(t->ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name) == 1 &&
	       SSL_set1_host(t->ssl, host) == 1;
}

static void resume(struct h2_tls_context *c, SSL *ssl)
{
	if (!c->resumes || c->ticket_count == 0)
		return;
	SSL_SESSION *s = c->tickets[c->ticket_count - 1], *copy = SSL_SESSION_dup(s);
	if (!copy)
		return;
	SSL_set_session(ssl, copy); // OpenSSL marks the one that it is given as used
	SSL_SESSION_free(copy);
	// TLS 1.2's may be used again, and so may the last one there is: not every server gives a new one for it.
	if (SSL_SESSION_get_protocol_version(s) != TLS1_3_VERSION || c->ticket_count == 1)
		return;
	SSL_SESSION_free(s);
	c->ticket_count--;
}

struct h2_tls *h2_tls_new(struct h2_tls_context *c, const char *host)
{
	struct h2_tls *t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->ssl = SSL_new(c->ctx);
	t->in = BIO_new(BIO_s_mem());
	t->out = BIO_new(BIO_s_mem());
	if (!t->ssl || !t->in || !t->out || (host && !name_server(t, host))) {
		BIO_free(t->in);
		BIO_free(t->out);
		SSL_free(t->ssl);
		free(t);
		return NULL;
	}
	BIO_set_mem_eof_return(t->in, -1); // empty is "later", not the end
	SSL_set_bio(t->ssl, t->in, t->out);
	if (host) {
		SSL_set_connect_state(t->ssl);
		resume(c, t->ssl);
		SSL_do_handshake(t->ssl); // the first words
	} else {
		SSL_set_accept_state(t->ssl);
	}
	return t;
}

void h2_tls_free(struct h2_tls *t)
{
	if (!t)
		return;
	if (t->ready) // else its session would not be resumed
		SSL_set_shutdown(t->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(t->ssl);
	free(t);
}

static int check_alpn(struct h2_tls *t)
{
	const unsigned char *chosen;
	unsigned len;
	SSL_get0_alpn_selected(t->ssl, &chosen, &len);
	if (len == 2 && memcmp(chosen, "h2", 2) == 0) {
		t->ready = true;
		return 0;
	}
	snprintf(t->reason, sizeof(t->reason), "TLS: the server chose %.*s%s by ALPN: it does not speak HTTP/2",
	         (int)(len ? len : 7), len ? (const char *)chosen : "nothing", "");
	t->failed = true;
	return -EPROTO;
}

static int handshake(struct h2_tls *t)
{
	ERR_clear_error();
	const int rc = SSL_do_handshake(t->ssl);
	if (rc == 1)
		return check_alpn(t);
	const int why = SSL_get_error(t->ssl, rc);
	return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? 0 : fail(t);
}

int h2_tls_feed(struct h2_tls *t, const uint8_t *bytes, size_t len)
{
	if (t->failed)
		return -EPROTO;
	if (BIO_write(t->in, bytes, (int)len) != (int)len)
		return -ENOMEM;
	return t->ready ? 0 : handshake(t);
}

ssize_t h2_tls_read(struct h2_tls *t, uint8_t *to, size_t room)
{
	size_t n = 0;
	if (t->failed)
		return -EPROTO;
	if (!t->ready)
		return 0;
	ERR_clear_error();
	if (SSL_read_ex(t->ssl, to, room, &n))
		return (ssize_t)n;
	switch (SSL_get_error(t->ssl, 0)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return 0;
	case SSL_ERROR_ZERO_RETURN:
		return -ENODATA;
	default:
		return fail(t);
	}
}

int h2_tls_write(struct h2_tls *t, const uint8_t *bytes, size_t len)
{
	size_t n = 0;
	if (t->failed || !t->ready)
		return -EPROTO;
	ERR_clear_error();
	return SSL_write_ex(t->ssl, bytes, len, &n) && n == len ? 0 : fail(t);
}

size_t h2_tls_pull(struct h2_tls *t, uint8_t *to, size_t room)
{
	const int n = BIO_ctrl_pending(t->out) > 0 ? BIO_read(t->out, to, (int)room) : 0;
	return n > 0 ? (size_t)n : 0;
}

void h2_tls_end(struct h2_tls *t)
{
	if (!t->failed && t->ready)
		SSL_shutdown(t->ssl);
}

bool h2_tls_is_ready(const struct h2_tls *t)
{
	return t->ready && !t->failed;
}

bool h2_tls_is_resumed(const struct h2_tls *t)
{
	return SSL_session_reused(t->ssl) == 1;
}

const char *h2_tls_reason(const struct h2_tls *t)
{
	return t->reason;
}

const char *h2_tls_version_name(const struct h2_tls *t)
{
	return SSL_get_version(t->ssl);
}
