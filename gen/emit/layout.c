// Filling templates: text of several lines keeps the column at which it is put.
#include "emit.h"

#include <string.h>

// A construct of several lines is written on one where it is no longer than this.
#define SHORT_ENOUGH 64U

struct text emit_text(struct emitter *em, const char *s, size_t len)
{
	struct text t = { arena_text(&em->arena, s, len), len, PRECEDENCE_ATOM };

	if (t.s == NULL) {
		em->failed = true;
		t = (struct text){ "", 0, PRECEDENCE_ATOM };
	}
	return t;
}

struct text emit_word(struct emitter *em, const char *s)
{
	return emit_text(em, s, strlen(s));
}

static bool has_lines(struct text t)
{
	return t.len > 0 && memchr(t.s, '\n', t.len) != NULL;
}

static const struct slot *find_slot(const struct slot *slots, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(slots[i].name, name) == 0)
			return &slots[i];
	return NULL;
}

// Begins a new line at the column that `out` had at `column_at`; tabs stay tabs.
static void new_line(struct buf *out, size_t column_at)
{
	size_t start = column_at;

	out->failed = out->failed || out->len > PROGRAM_BYTES; // adds do nothing from now on
	while (start > 0 && out->data[start - 1] != '\n')
		start--;
	buf_addc(out, '\n');
	for (; start < column_at; start++)
		buf_addc(out, buf_text(out)[start] == '\t' ? '\t' : ' ');
}

// Adds `t` at the current column; its further lines begin at the same column.
static void put_text(const struct dialect *d, struct buf *out, struct text t, int precedence)
{
	bool parens = t.precedence < precedence;
	size_t column_at;

	out->failed = out->failed || out->len > PROGRAM_BYTES;
	if (parens)
		buf_adds(out, t.precedence == 0 ? d->block : "(");
	column_at = out->len;
	for (size_t i = 0; i < t.len; i++)
		if (t.s[i] != '\n')
			buf_addc(out, t.s[i]);
		else if (i + 1 < t.len && t.s[i + 1] == '\n') // an empty line stays empty
			buf_addc(out, '\n');
		else
			new_line(out, column_at);
	if (parens)
		buf_adds(out, t.precedence == 0 ? d->block_end : ")");
}

static void put_list(const struct dialect *d, struct buf *out, const struct slot *s, int precedence, size_t room)
{
	size_t column_at = out->len, separator = strlen(s->separator), width = 0;
	bool lines = false;

	for (size_t i = 0; i < s->count; i++) {
		lines = lines || has_lines(s->items[i]);
		width += s->items[i].len + separator;
	}
	lines = lines || width > room;
	while (lines && separator > 0 && s->separator[separator - 1] == ' ')
		separator--;
	for (size_t i = 0; i < s->count; i++) {
		if (i > 0)
			buf_add(out, s->separator, separator);
		if (i > 0 && lines)
			new_line(out, column_at);
		put_text(d, out, s->items[i], precedence);
	}
}

// Whether all of a line's text comes from placeholders and there is none.
static bool is_empty_line(const struct template_line *l, const struct slot *slots, size_t count)
{
	bool any = false;

	for (size_t i = 0; i < l->count; i++) {
		const struct slot *s =
		        l->pieces[i].slot != NULL ? find_slot(slots, count, l->pieces[i].slot) : NULL;
		if (l->pieces[i].slot == NULL) {
			for (size_t c = 0; c < l->pieces[i].len; c++)
				if (l->pieces[i].text[c] != ' ' && l->pieces[i].text[c] != '\t')
					return false;
			continue;
		}
		any = true;
		if (s != NULL && (s->list ? s->count > 0 : s->text.len > 0))
			return false;
	}
	return any;
}

// An empty list takes the space in front of it along, unless a space follows.
static void no_space(struct buf *out, const struct piece *next)
{
	bool space = next != NULL && next->text != NULL && next->text[0] == ' ';

	if (!space && out->len > 0 && out->data[out->len - 1] == ' ')
		out->data[--out->len] = 0;
}

// The closing brackets of a line of which nothing else is left, or NULL.
static const struct piece *only_closing(const struct template_line *l, const struct slot *slots, size_t count)
{
	const struct piece *last = l->count > 1 ? &l->pieces[l->count - 1] : NULL;
	struct template_line before = { l->pieces, l->count - 1 };

	if (last == NULL || last->slot != NULL || strspn(last->text, ")]}") != last->len)
		return NULL;
	return is_empty_line(&before, slots, count) ? last : NULL;
}

static void put_line(const struct dialect *d, struct buf *out, const struct template_line *l,
                     const struct slot *slots, size_t count, bool strip, size_t room)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct piece *p = &l->pieces[i];
		const struct slot *s = p->slot != NULL ? find_slot(slots, count, p->slot) : NULL;
		size_t skip = 0;
		if (s != NULL && s->list && s->count == 0)
			no_space(out, i + 1 < l->count ? p + 1 : NULL);
		else if (s != NULL && s->list)
			put_list(d, out, s, p->precedence, room);
		else if (s != NULL)
			put_text(d, out, s->text, p->precedence);
		out->failed = out->failed || out->len > PROGRAM_BYTES;
		if (p->slot == NULL) {
			while (strip && i == 0 && skip < p->len && p->text[skip] == ' ')
				skip++;
			buf_add(out, p->text + skip, p->len - skip);
		}
	}
}

static struct text fill(struct emitter *em, int template, const struct slot *slots, size_t count, bool flat)
{
	const struct template *t = &em->d->templates[template];
	size_t room = template == CONSTRUCT_ASSIGN_MANY ? SIZE_MAX : LIST_ROOM; // no language has brackets there
	struct buf b = { 0 };
	bool first = true;

	for (size_t i = 0; i < t->count; i++) {
		const struct piece *closing =
		        first || em->d->statements ? NULL : only_closing(&t->lines[i], slots, count);
		if (is_empty_line(&t->lines[i], slots, count))
			continue;
		if (closing != NULL) {
			buf_add(&b, closing->text, closing->len);
			continue;
		}
		if (!first)
			buf_addc(&b, flat ? ' ' : '\n');
		put_line(em->d, &b, &t->lines[i], slots, count, flat, room);
		first = false;
	}
	struct text out = emit_text(em, buf_text(&b), b.len);
	out.precedence = t->precedence;
	em->failed = em->failed || b.failed;
	buf_deinit(&b);
	return out;
}

struct text emit_fill_lines(struct emitter *em, int template, const struct slot *slots, size_t count)
{
	return fill(em, template, slots, count, false);
}

struct text emit_fill(struct emitter *em, int template, const struct slot *slots, size_t count)
{
	struct text flat;

	if (em->d->templates[template].count < 2 || em->d->templates[template].precedence == 0)
		return fill(em, template, slots, count, false);
	flat = fill(em, template, slots, count, true);
	return !has_lines(flat) && flat.len <= SHORT_ENOUGH ? flat : fill(em, template, slots, count, false);
}
