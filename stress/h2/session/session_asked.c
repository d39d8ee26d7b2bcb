// The session engine of the server: header fields looked at once, and answered from the same place, while requests
// repeat them. nghttp2 gives a field of HPACK's tables as the same two references each time, so two comparisons
// tell that it is known.
#include "session_server.h"

#include "exchange.h"

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

static unsigned kind_of(nghttp2_vec n)
{
	if (n.base[0] != ':')
		return REGULAR;
	if (n.len == 7 && n.base[1] == 'm')
		return METHOD;
	return n.len == 5 ? PATH : n.len == 10 && n.base[1] == 'a' ? AUTHORITY : OTHER;
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

static unsigned look_at(struct request *r, const struct h2_server_shared *shared, nghttp2_rcbuf *name,
                        nghttp2_rcbuf *value)
{
	const nghttp2_vec n = nghttp2_rcbuf_get_buf(name), v = nghttp2_rcbuf_get_buf(value);
	const unsigned kind = kind_of(n);
	r->header_bytes += n.len + v.len + 32;
	r->headers_too_large |= r->header_bytes > shared->limits.max_header_bytes;
	keep_pseudo(r, kind, value);
	if (kind != REGULAR)
		return kind;
	r->header_count++;
	if (!r->headers_too_large && !shared->is_mute) // beyond the limit nothing is spent on them
		r->header_hash = h2_header_hash(r->header_hash, n.base, n.len, v.base, v.len);
	return kind;
}

// Those from `count` on are not what the last request had.
static void forget(struct session_known *k, uint32_t count)
{
	while (k->count > count) {
		const struct session_field *f = &k->fields[--k->count];
		nghttp2_rcbuf_decref(f->name);
		nghttp2_rcbuf_decref(f->value);
	}
	k->serial++;
}

static void learn(struct h2_session *s, struct request *r, unsigned kind, nghttp2_rcbuf *name,
                  nghttp2_rcbuf *value)
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
	k->fields[k->count++] = (struct session_field){ .name = name,
		                                        .value = value,
		                                        .kind = kind,
		                                        .header_bytes = r->header_bytes,
		                                        .header_count = r->header_count,
		                                        .header_hash = r->header_hash };
	r->followed++;
}

void session_take_header(struct h2_session *s, struct request *r, nghttp2_rcbuf *name, nghttp2_rcbuf *value)
{
	const struct session_field *f = &s->known.fields[r->followed];
	if (r->followed < s->known.count && f->name == name && f->value == value) {
		keep_pseudo(r, f->kind, value);
		r->header_bytes = f->header_bytes;
		r->header_count = f->header_count;
		r->header_hash = f->header_hash;
		r->followed++;
		return;
	}
	const unsigned kind = look_at(r, s->shared, name, value);
	if (r->followed != SESSION_ASTRAY)
		learn(s, r, kind, name, value);
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

static bool has_no_body(const struct request *r)
{
	return r->upload.body.len == 0 && !r->upload.too_large && !r->upload.no_memory && r->trailer_count == 0;
}

// The same fields as those of the request that the answer was made for, and nothing behind them.
static bool fits(const struct h2_session *s, const struct request *r)
{
	const struct session_memo *m = s->memo;
	return m && !r->is_new && m->serial == s->known.serial && m->fields == r->followed && r->whole &&
	       has_no_body(r);
}

bool session_recall(struct h2_session *s, struct request *r)
{
	if (!fits(s, r))
		return false;
	r->memo = s->memo;
	r->memo->references++;
	r->reply.answer = r->memo->reply.answer;
	return true;
}

// Only what depends on nothing but the header.
static bool may_repeat(const struct request *r)
{
	const struct h2_answer *a = &r->reply.answer;
	return !r->is_new && r->followed != SESSION_ASTRAY && r->whole && !r->headers_too_large &&
	       has_no_body(r) && !a->owned && a->delay_ns == 0 && a->every_ns == 0 && !a->endless &&
	       a->trailing == H2_TRAILING_NONE;
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
	session_release(s, s->memo);
	s->memo = r->memo = m;
}

void session_forget_all(struct h2_session *s)
{
	forget(&s->known, 0);
	session_release(s, s->memo);
	s->memo = NULL;
}
