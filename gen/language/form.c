// Building and printing.
#include "form.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define COLUMNS 100U

void forms_deinit(struct forms *f)
{
	arena_deinit(&f->arena);
}

static struct form *new_form(struct forms *f)
{
	struct form *form = arena_alloc(&f->arena, sizeof *form);

	if (form != NULL)
		return form;
	f->failed = true;
	f->none = (struct form){ .text = "" };
	return &f->none;
}

struct form *form_atom(struct forms *f, const char *text)
{
	struct form *form = new_form(f);
	const char *copy = arena_text(&f->arena, text, strlen(text));

	form->text = copy != NULL ? copy : "";
	f->failed = f->failed || copy == NULL;
	return form;
}

struct form *form_int(struct forms *f, int64_t number)
{
	char digits[32];

	snprintf(digits, sizeof digits, "%" PRId64, number);
	return form_atom(f, digits);
}

struct form *form_string(struct forms *f, const char *text, size_t len)
{
	struct buf b = { 0 };
	struct form *form;

	buf_addc(&b, '"');
	for (size_t i = 0; i < len; i++) {
		const char *special = strchr("\n\t\r\"\\", text[i]);
		if (special != NULL)
			buf_addc(&b, '\\');
		buf_addc(&b, special == NULL || *special == '"' || *special == '\\' ? text[i]
		             : *special == '\n'                                     ? 'n'
		             : *special == '\t'                                     ? 't'
		                                                                    : 'r');
	}
	buf_addc(&b, '"');
	form = form_atom(f, buf_text(&b));
	f->failed = f->failed || b.failed;
	buf_deinit(&b);
	return form;
}

struct form *form_list(struct forms *f)
{
	return new_form(f);
}

void form_add(struct forms *f, struct form *list, struct form *item)
{
	if (list->count == list->cap) {
		size_t cap = list->cap == 0 ? 4 : 2 * list->cap;
		struct form **items = arena_alloc(&f->arena, cap * sizeof(struct form *));
		if (items == NULL) {
			f->failed = true;
			return;
		}
		if (list->count > 0)
			memcpy(items, list->items, list->count * sizeof(struct form *));
		list->items = items;
		list->cap = cap;
	}
	list->items[list->count++] = item;
}

struct form *form_of(struct forms *f, const char *head, ...)
{
	struct form *list = form_list(f), *item;
	va_list items;

	form_add(f, list, form_atom(f, head));
	va_start(items, head);
	while ((item = va_arg(items, struct form *)) != NULL)
		form_add(f, list, item);
	va_end(items);
	return list;
}

struct form *form_copy(struct forms *f, const struct sexp *s)
{
	struct form *list;

	switch (s->kind) {
	case SEXP_INT:
		return form_int(f, s->number);
	case SEXP_STRING:
		return form_string(f, s->text, s->len);
	case SEXP_SYMBOL:
		return form_atom(f, s->text);
	default:
		list = form_list(f);
		for (size_t i = 0; i < s->count; i++)
			form_add(f, list, form_copy(f, s->items[i]));
		return list;
	}
}

size_t form_nodes(const struct form *form)
{
	size_t nodes = 1;

	for (size_t i = 0; form->text == NULL && i < form->count; i++)
		nodes += i == 0 && form->items[0]->text != NULL ? 0 : form_nodes(form->items[i]);
	return nodes;
}

bool form_is(const struct form *form, const char *text)
{
	return form->text != NULL && strcmp(form->text, text) == 0;
}

bool form_begins(const struct form *form, const char *head)
{
	return form->text == NULL && form->count > 0 && form_is(form->items[0], head);
}

static size_t flat_width(const struct form *form, size_t enough)
{
	size_t width = form->text != NULL ? strlen(form->text) : 1 + (form->count == 0);

	for (size_t i = 0; form->text == NULL && i < form->count && width <= enough; i++)
		width += 1 + flat_width(form->items[i], enough);
	return width;
}

static void print_flat(const struct form *form, struct buf *out)
{
	if (form->text != NULL) {
		buf_adds(out, form->text);
		return;
	}
	buf_addc(out, '(');
	for (size_t i = 0; i < form->count; i++) {
		if (i > 0)
			buf_addc(out, ' ');
		print_flat(form->items[i], out);
	}
	buf_addc(out, ')');
}

void form_print_at(const struct form *form, size_t column, size_t behind, struct buf *out)
{
	size_t at = column + 1, below = column + 2, head = form->head;
	bool aligned = form->aligned;

	if (form->text != NULL || form->count == 0 || column + behind + flat_width(form, COLUMNS) <= COLUMNS) {
		print_flat(form, out);
		return;
	}
	if (head == 0) {
		aligned = form->items[0]->text == NULL;
		head = aligned ? 1 : 2;
	}
	if (aligned && head == 1)
		below = at;
	buf_addc(out, '(');
	for (size_t i = 0; i < form->count; i++) {
		if (i > 0 && i < head) {
			buf_addc(out, ' ');
			at++;
		} else if (i > 0) {
			buf_addf(out, "\n%*s", (int)below, "");
			at = below;
		}
		if (aligned && i + 1 == head && at < COLUMNS / 2)
			below = at;
		form_print_at(form->items[i], at, i + 1 == form->count ? behind + 1 : 0, out);
		at += i + 1 < head ? flat_width(form->items[i], COLUMNS) : 0;
	}
	buf_addc(out, ')');
}

void form_print(const struct form *form, struct buf *out)
{
	form_print_at(form, 0, 0, out);
	buf_addc(out, '\n');
}
