// The session engine of the server: header fields judged, and that once while requests repeat them, which are then
// answered from the same place. nghttp2 gives a field of HPACK's tables as the same two references each time, so
// two comparisons tell that it is known. nghttp2 does not judge them itself
// (nghttp2_option_set_no_http_messaging): it looks at each byte each time.
#include "session_server.h"

#include "exchange.h"

#include <string.h>

static void drop(nghttp2_rcbuf *b)
{
	if (b)
		nghttp2_rcbuf_decref(b);
}

static void keep(nghttp2_rcbuf **place, nghttp2_rcbuf *value)
{
	nghttp2_rcbuf_incref(value);
	drop(*place);
	*place = value;
}

// ---- fields -------------------------------------------------------------------------------------------------

enum { REGULAR, METHOD, PATH, AUTHORITY, OTHER };

static unsigned kind_of(const nghttp2_nv *nv)
{
	if (nv->namelen == 0 || nv->name[0] != ':')
		return REGULAR;
	if (nv->namelen == 7 && nv->name[1] == 'm')
		return METHOD;
	return nv->namelen == 5 ? PATH : nv->namelen == 10 && nv->name[1] == 'a' ? AUTHORITY : OTHER;
}

static void keep_pseudo(struct request *r, unsigned kind, nghttp2_rcbuf *value)
{
	if (kind == METHOD)
		keep(&r->method, value);
	else if (kind == PATH)
		keep(&r->path, value);
	else if (kind == AUTHORITY)
		keep(&r->authority, value);
}

static nghttp2_nv as_nv(nghttp2_rcbuf *name, nghttp2_rcbuf *value)
{
	const nghttp2_vec n = nghttp2_rcbuf_get_buf(name), v = nghttp2_rcbuf_get_buf(value);
	return (nghttp2_nv){ .name = n.base, .value = v.base, .namelen = n.len, .valuelen = v.len };
}

static void look_at(struct h2_session *s, struct request *r, nghttp2_rcbuf *name, nghttp2_rcbuf *value)
{
	const nghttp2_nv nv = as_nv(name, value);
	const unsigned kind = kind_of(&nv);
	const bool right = wire_fields_take(&s->section, &nv);
	r->header_bytes += nv.namelen + nv.valuelen + 32;
	r->headers_too_large |= s->section.too_large;
	keep_pseudo(r, kind, value);
	if (kind != REGULAR)
		return;
	r->header_count++;
	if (right && !s->shared->is_mute) // beyond the limit nothing is spent on them
		r->header_hash = h2_header_hash(r->header_hash, nv.name, nv.namelen, nv.value, nv.valuelen);
}

// What was only compared so far.
static void read_known(struct h2_session *s, struct request *r)
{
	r->is_read = true;
	wire_fields_begin(&s->section, WIRE_REQUEST, s->shared->limits.max_header_bytes);
	for (uint32_t i = 0; i < r->followed; i++)
		look_at(s, r, s->known.fields[i].name, s->known.fields[i].value);
}

// Those from `count` on are not what the last request had.
static void forget(struct session_known *k, uint32_t count)
{
	while (k->count > count) {
		k->count--;
		nghttp2_rcbuf_decref(k->fields[k->count].name);
		nghttp2_rcbuf_decref(k->fields[k->count].value);
	}
	k->serial++;
}

static void learn(struct h2_session *s, struct request *r, nghttp2_rcbuf *name, nghttp2_rcbuf *value)
{
	struct session_known *k = &s->known;
	r->is_new = true;
	forget(k, r->followed);
	if (r->followed == SESSION_FIELDS || r->headers_too_large) {
		r->followed = SESSION_ASTRAY;
		return;
	}
	nghttp2_rcbuf_incref(name);
	nghttp2_rcbuf_incref(value);
	k->fields[k->count].name = name;
	k->fields[k->count++].value = value;
	r->followed++;
}

void session_take_header(struct h2_session *s, struct request *r, nghttp2_rcbuf *name, nghttp2_rcbuf *value)
{
	if (!r->is_read)
		read_known(s, r);
	look_at(s, r, name, value);
	if (r->followed != SESSION_ASTRAY)
		learn(s, r, name, value);
}

void session_take_trailer(struct h2_session *s, struct request *r, nghttp2_rcbuf *name, nghttp2_rcbuf *value)
{
	const nghttp2_nv nv = as_nv(name, value);
	r->header_bytes += nv.namelen + nv.valuelen + 32;
	if (!wire_fields_take(&s->section, &nv) || r->header_bytes > s->shared->limits.max_header_bytes)
		return; // nothing is spent on more
	r->trailer_count++;
	r->trailer_hash = h2_header_hash(r->trailer_hash, nv.name, nv.namelen, nv.value, nv.valuelen);
}

// What nghttp2 demands besides.
static bool names_a_target(const struct h2_session *s, const struct request *r)
{
	const struct h2_text path = session_text(r->path), method = session_text(r->method);
	const bool of_all = path.len == 1 && path.text[0] == '*';
	const bool options = method.len == 7 && memcmp(method.text, "OPTIONS", 7) == 0;
	return (s->section.host || r->authority) && (!of_all || options);
}

static bool fits(const struct h2_session *s, const struct request *r);

static bool header_is_right(struct h2_session *s, struct request *r)
{
	r->content_length = s->section.content_length;
	return r->headers_too_large || (wire_fields_end(&s->section) && names_a_target(s, r));
}

bool session_end_header(struct h2_session *s, struct request *r, bool end_stream)
{
	const bool is_again = !r->is_read && end_stream && fits(s, r);
	if (is_again) {
		r->memo = s->memo;
		r->memo->references++;
	} else if (!r->is_read) {
		read_known(s, r);
	}
	return is_again || (header_is_right(s, r) && (!end_stream || r->content_length <= 0));
}

bool session_end_trailers(struct h2_session *s, struct request *r, bool end_stream)
{
	return end_stream && (s->section.too_large || wire_fields_end(&s->section)) &&
	       (r->content_length < 0 || (uint64_t)r->content_length == r->received);
}

// ---- answers ------------------------------------------------------------------------------------------------

void session_release(struct h2_session *s, struct session_memo *m)
{
	if (!m || --m->references > 0)
		return;
	drop(m->method);
	drop(m->path);
	drop(m->authority);
	h2_pool_give(s->shared->pool, m);
}

// The same fields as those of the request that the answer was made for, and nothing behind them.
static bool fits(const struct h2_session *s, const struct request *r)
{
	const struct session_memo *m = s->memo;
	return m && m->serial == s->known.serial && m->fields == r->followed;
}

// Only what depends on nothing but the header.
static bool may_repeat(const struct request *r)
{
	const struct h2_answer *a = &r->reply.answer;
	return !r->is_new && r->followed != SESSION_ASTRAY && r->whole && r->received == 0 &&
	       !r->headers_too_large && r->trailer_count == 0 && !a->owned && a->delay_ns == 0 &&
	       a->every_ns == 0 && !a->endless && a->trailing == H2_TRAILING_NONE;
}

void session_remember(struct h2_session *s, struct request *r, const struct h2_incoming *in)
{
	if (!may_repeat(r))
		return;
	struct session_memo *m = h2_pool_take(s->shared->pool, sizeof(*m));
	if (!m)
		return; // it is made anew each time
	m->references = 2;
	m->serial = s->known.serial;
	m->fields = r->followed;
	m->method = m->path = m->authority = NULL;
	if (r->method)
		keep(&m->method, r->method);
	if (r->path)
		keep(&m->path, r->path);
	if (r->authority)
		keep(&m->authority, r->authority);
	m->reply.answer = r->reply.answer;
	m->count = h2_reply_fields(&m->reply, in, m->nv);
	m->spelled_len = 0;
	session_release(s, s->memo);
	s->memo = r->memo = m;
}

void session_forget_all(struct h2_session *s)
{
	forget(&s->known, 0);
	session_release(s, s->memo);
	session_release(s, s->sent);
	s->memo = s->sent = NULL;
}
