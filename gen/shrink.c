// Delta debugging on the tree of forms: what is deleted, put in place of what holds it, or made a literal need not
// make sense; the parser, the checker and the evaluator say whether it does.
#include "shrink.h"

#include "eval.h"
#include "form.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A candidate that takes more is none: the evaluator is asked for each.
#define STEPS UINT64_C(20000000)
#define MEMORY_BYTES (UINT64_C(256) << 20)
#define TRIED_BITS 16U // of the table of what was tried

struct work {
	struct shrink *s;
	const char *path;
	struct forms forms;
	struct form *root;
	size_t weight;   // of root
	size_t width;    // of its text
	uint64_t *tried; // hashes of texts, by their last bits
	struct buf text;
};

// Nodes of what is computed: not those of the fields that every kernel has.
static size_t program_nodes(const struct form *kernel)
{
	size_t nodes = 0;

	for (size_t i = 1; i < kernel->count; i++) {
		const struct form *field = kernel->items[i];
		size_t first = form_begins(field, "measure") ? 3 : 1;
		if (form_begins(field, "measure") || form_begins(field, "define") || form_begins(field, "global"))
			for (size_t n = first; n < field->count; n++)
				nodes += form_nodes(field->items[n]);
	}
	return nodes;
}

// --- trying ----------------------------------------------------------------------------------------------------

static bool is_int(const struct form *form)
{
	return form->text != NULL && form->text[0] != 0 && strspn(form->text, "-0123456789") == strlen(form->text);
}

// Smaller is simpler: lists weigh most, names more than literals, of integers 0 least.
static size_t weigh(const struct form *form)
{
	size_t weight = 4;

	if (form->text != NULL && is_int(form))
		return form_is(form, "0") ? 2 : form_is(form, "1") ? 3 : 3 + strlen(form->text);
	if (form->text != NULL)
		return form->text[0] == '"' || form_is(form, "nil") || form_is(form, "true") ||
		                       form_is(form, "false")
		               ? 2
		               : 6;
	for (size_t i = 0; i < form->count; i++)
		weight += i == 0 && form->items[0]->text != NULL ? 1 : weigh(form->items[i]);
	return weight;
}

static uint64_t hash(const struct buf *b)
{
	uint64_t h = UINT64_C(14695981039346656037); // FNV-1a

	for (size_t i = 0; i < b->len; i++)
		h = (h ^ (unsigned char)b->data[i]) * UINT64_C(1099511628211);
	return h | 1; // 0 is an empty place
}

static bool was_tried(struct work *w)
{
	uint64_t h = hash(&w->text), *place = &w->tried[h >> (64 - TRIED_BITS)];
	bool was = *place == h;

	*place = h;
	return was;
}

static bool is_right(const struct kernel *k)
{
	const struct eval_limits limits = { STEPS, MEMORY_BYTES };
	int64_t values[KERNEL_ARGS_MAX], stack;
	struct eval_result result;

	return kernel_instance_values(k, k->instances, 1, values, NULL) == 0 &&
	       (k->stack == NULL || kernel_evaluate(k, k->stack, values, &stack, NULL) == 0) &&
	       eval_kernel(k, values, &limits, &result, NULL) == 0;
}

// Whether what the root is now still fails, and is smaller than what did.
static bool still_fails(struct work *w)
{
	size_t weight = weigh(w->root);
	struct kernel *k;
	bool yes = false;

	if (w->s->stopped != 0 || w->forms.failed)
		return false;
	buf_clear(&w->text);
	form_print(w->root, &w->text);
	if (w->text.failed || weight > w->weight || (weight == w->weight && w->text.len >= w->width) ||
	    was_tried(w) || kernel_parse(w->path, w->text.data, w->text.len, &k, NULL) < 0)
		return false;
	if (is_right(k)) {
		int fails = w->s->fails(w->s->arg, k, w->text.data, w->text.len);
		w->s->tried++;
		w->s->stopped = fails < 0 ? fails : 0;
		yes = fails > 0;
	}
	kernel_free(k);
	if (yes) {
		w->weight = weight;
		w->width = w->text.len;
	}
	return yes;
}

// Puts `with` there if it then still fails.
static bool try_in_place(struct work *w, struct form **place, struct form *with)
{
	struct form *was = *place;

	*place = with;
	if (still_fails(w))
		return true;
	*place = was;
	return false;
}

// --- the reductions --------------------------------------------------------------------------------------------

static bool try_without(struct work *w, struct form *list, size_t from, size_t count)
{
	struct form shorter = *list, was = *list;

	if (from + count > list->count)
		return false;
	shorter.items = arena_alloc(&w->forms.arena, (list->count + 1) * sizeof(struct form *));
	if (shorter.items == NULL)
		return false;
	memcpy(shorter.items, list->items, from * sizeof(struct form *));
	memcpy(shorter.items + from, list->items + from + count,
	       (list->count - from - count) * sizeof(struct form *));
	shorter.count = list->count - count;
	shorter.cap = list->count;
	*list = shorter;
	if (still_fails(w))
		return true;
	*list = was;
	return false;
}

// Drops items, first many at once.
static void drop_items(struct work *w, struct form *list)
{
	for (size_t size = list->count / 2; size > 0; size /= 2)
		for (size_t at = list->count; at-- > 0;)
			if (at + size <= list->count)
				try_without(w, list, at, size);
}

// What a list holds in place of the list; of names and values in it the values.
static bool hoist(struct work *w, struct form **place, const struct form *list, unsigned depth)
{
	for (size_t i = list->count; i-- > 0;) {
		struct form *item = list->items[i];
		if (try_in_place(w, place, item))
			return true;
		if (depth > 0 && item->text == NULL && hoist(w, place, item, depth - 1))
			return true;
	}
	return false;
}

static bool make_literal(struct work *w, struct form **place)
{
	static const char *const literals[] = { "0", "1", "-1", "true", "false", "nil", "\"\"", "(make-map)" };

	for (size_t i = 0; i < sizeof literals / sizeof literals[0]; i++)
		if (try_in_place(w, place, form_atom(&w->forms, literals[i])))
			return true;
	return false;
}

static bool try_int(struct work *w, struct form **place, int64_t n)
{
	return try_in_place(w, place, form_int(&w->forms, n));
}

static bool shrink_int(struct work *w, struct form **place)
{
	int64_t n = strtoll((*place)->text, NULL, 10), one = n < 0 ? -1 : 1;

	if (n == 0 || n == 1)
		return n == 1 && try_int(w, place, 0);
	return try_int(w, place, 0) || try_int(w, place, 1) || (n < 0 && try_int(w, place, -n)) ||
	       try_int(w, place, n / 10) || try_int(w, place, n / 2) || try_int(w, place, n - one);
}

static bool shrink_atom(struct work *w, struct form **place)
{
	const char *text = (*place)->text;
	size_t len = strlen(text);

	if (text[0] == '"')
		return len > 2 && try_in_place(w, place, form_atom(&w->forms, "\"\""));
	if (is_int(*place))
		return shrink_int(w, place);
	if (strcmp(text, "true") == 0)
		return try_in_place(w, place, form_atom(&w->forms, "false"));
	return strcmp(text, "false") != 0 && strcmp(text, "nil") != 0 && make_literal(w, place); // a name
}

// --- names and their values ------------------------------------------------------------------------------------

// A copy of `form` in which `name` is `value`.
static struct form *replaced(struct work *w, struct form *form, const char *name, struct form *value)
{
	struct form *copy;

	if (form->text != NULL)
		return form_is(form, name) ? value : form;
	copy = form_list(&w->forms);
	for (size_t i = 0; i < form->count; i++)
		form_add(&w->forms, copy, replaced(w, form->items[i], name, value));
	return copy;
}

static struct form *deep_copy(struct work *w, const struct form *form)
{
	struct form *copy;

	if (form->text != NULL)
		return form_atom(&w->forms, form->text);
	copy = form_list(&w->forms);
	for (size_t i = 0; i < form->count; i++)
		form_add(&w->forms, copy, deep_copy(w, form->items[i]));
	return copy;
}

static void remove_item(struct form *list, size_t at)
{
	memmove(list->items + at, list->items + at + 1, (list->count - at - 1) * sizeof(struct form *));
	list->count--;
}

static struct form *pair(struct work *w, struct form *name, struct form *value)
{
	struct form *list = form_list(&w->forms);

	form_add(&w->forms, list, name);
	form_add(&w->forms, list, value);
	return list;
}

// (let ((name value) ...) body ...), the body the items of `form` from `from` on.
static struct form *let_of(struct work *w, struct form *names, const struct form *form, size_t from)
{
	struct form *let = form_of(&w->forms, "let", names, (struct form *)NULL);

	for (size_t i = from; i < form->count; i++)
		form_add(&w->forms, let, form->items[i]);
	return let;
}

// (let ((name value) ...) ...) with the value in place of the name.
static bool substitute(struct work *w, struct form **place)
{
	const struct form *let = *place;

	if (!form_begins(let, "let") || let->count < 3 || let->items[1]->text != NULL || let->items[1]->count != 1)
		return false;
	const struct form *binding = let->items[1]->items[0];
	if (binding->text != NULL || binding->count != 2 || binding->items[0]->text == NULL)
		return false;
	struct form *body = let->items[2];
	if (let->count > 3) {
		body = form_of(&w->forms, "begin", (struct form *)NULL);
		for (size_t i = 2; i < let->count; i++)
			form_add(&w->forms, body, let->items[i]);
	}
	return try_in_place(w, place, replaced(w, body, binding->items[0]->text, binding->items[1]));
}

static size_t count_uses(const struct form *form, const char *name)
{
	size_t uses = form_is(form, name);

	for (size_t i = 0; form->text == NULL && i < form->count; i++)
		uses += count_uses(form->items[i], name);
	return uses;
}

// The index of the definition of `name` among the kernel's fields; 0: there is none.
static size_t find_definition(const struct work *w, const char *name)
{
	for (size_t i = 1; i < w->root->count; i++) {
		const struct form *d = w->root->items[i];
		if (form_begins(d, "define") && d->count > 2 && form_begins(d->items[1], name))
			return i;
	}
	return 0;
}

// The body of `from` with names for what is passed; NULL when that is not as many as it takes.
static struct form *body_with(struct work *w, const struct form *from, size_t first, const struct form *call)
{
	const struct form *params = from->items[1];
	struct form *names = form_list(&w->forms);

	if (params->text != NULL || params->count - first != call->count - 1)
		return NULL;
	for (size_t i = first; i < params->count; i++)
		form_add(&w->forms, names, pair(w, params->items[i], call->items[i + 1 - first]));
	return names->count == 0 && from->count == 3 ? from->items[2] : let_of(w, names, from, 2);
}

// (f e) of a defined f: (let ((x e)) body), and without the definition where that was the only call.
static bool inline_defined(struct work *w, struct form **place)
{
	struct form *call = *place, *with, *root = w->root;
	const char *name = call->items[0]->text;
	size_t at = find_definition(w, name);

	if (at == 0 || (with = body_with(w, root->items[at], 1, call)) == NULL)
		return false;
	if (count_uses(root, name) != 2)
		return try_in_place(w, place, with);
	*place = with;
	if (try_without(w, root, at, 1))
		return true;
	*place = call;
	return false;
}

// ((lambda (x) body) e): (let ((x e)) body).
static bool inline_call(struct work *w, struct form **place)
{
	const struct form *call = *place;
	struct form *with;

	if (call->count == 0)
		return false;
	if (call->items[0]->text != NULL)
		return inline_defined(w, place);
	if (!form_begins(call->items[0], "lambda") || call->items[0]->count < 3)
		return false;
	with = body_with(w, call->items[0], 0, call);
	return with != NULL && try_in_place(w, place, with);
}

// What a round of the loop makes, the state replaced: integers by `number` (NULL: their first values).
static bool keep_round(struct work *w, struct form **place, const struct form *states, struct form *made,
                       const char *number)
{
	for (size_t i = 0; i < states->count; i++) {
		const struct form *state = states->items[i];
		if (state->text != NULL || state->count != 2 || state->items[0]->text == NULL)
			return false;
		struct form *value =
		        number != NULL && is_int(state->items[1]) ? form_atom(&w->forms, number) : state->items[1];
		made = replaced(w, made, state->items[0]->text, value);
	}
	return try_in_place(w, place, made);
}

// A loop without one of its states, whose name then stands for its first value.
static bool drop_state(struct work *w, struct form **place, size_t next)
{
	const struct form *loop = *place;
	size_t states = loop->items[1]->count;

	if (states < 2 || loop->items[next]->count != states + 1)
		return false;
	for (size_t i = states; i-- > 0;) {
		const struct form *state = loop->items[1]->items[i];
		if (state->text != NULL || state->count != 2 || state->items[0]->text == NULL)
			return false;
		struct form *shorter = deep_copy(w, loop), *left;
		remove_item(shorter->items[1], i);
		remove_item(shorter->items[next], i + 1);
		left = replaced(w, shorter, state->items[0]->text, state->items[1]);
		if (try_in_place(w, place, left))
			return true;
	}
	return false;
}

// A loop: its result, or what one of its rounds makes.
static bool unroll(struct work *w, struct form **place)
{
	static const char *const numbers[] = { NULL, "0", "1", "-1", "7", "-7" };
	const struct form *loop = *place;
	size_t next = 2;

	if (!form_begins(loop, "loop") || loop->items[1]->text != NULL)
		return false;
	while (next < loop->count && !form_begins(loop->items[next], "next"))
		next++;
	if (next == loop->count)
		return false;
	if (drop_state(w, place, next))
		return true;
	if (next + 1 < loop->count && try_in_place(w, place, let_of(w, loop->items[1], loop, next + 1)))
		return true;
	for (size_t n = 0; n < sizeof numbers / sizeof numbers[0]; n++)
		for (size_t i = loop->items[next]->count; i-- > 1;)
			if (keep_round(w, place, loop->items[1], loop->items[next]->items[i], numbers[n]))
				return true;
	return false;
}

// The parameter at `at` from the definition and all calls at once.
static void without_argument(struct work *w, struct form *form, const char *function, size_t at)
{
	for (size_t i = 0; form->text == NULL && i < form->count; i++)
		without_argument(w, form->items[i], function, at);
	if (!form_begins(form, function) || at >= form->count)
		return;
	remove_item(form, at);
}

static void drop_parameters(struct work *w)
{
	for (size_t i = 0; i < w->root->count; i++) {
		const struct form *d = w->root->items[i];
		if (!form_begins(d, "define") || d->items[1]->text != NULL)
			continue;
		for (size_t at = d->items[1]->count; at-- > 1;) {
			struct form *copy = deep_copy(w, w->root);
			without_argument(w, copy, d->items[1]->items[0]->text, at);
			if (try_in_place(w, &w->root, copy))
				d = w->root->items[i];
		}
	}
}

// --- the order -------------------------------------------------------------------------------------------------

static bool reduce_once(struct work *w, struct form **place)
{
	if ((*place)->text != NULL)
		return shrink_atom(w, place);
	return make_literal(w, place) || hoist(w, place, *place, 2) || inline_call(w, place) ||
	       substitute(w, place) || unroll(w, place);
}

static void reduce(struct work *w, struct form **place)
{
	while (w->s->stopped == 0 && reduce_once(w, place))
		;
	if ((*place)->text != NULL)
		return;
	drop_items(w, *place);
	for (size_t i = 0; i < (*place)->count; i++)
		reduce(w, &(*place)->items[i]);
}

// From the end: what is measured stands behind the functions, and without it they are not needed.
static void reduce_all(struct work *w)
{
	size_t weight, width;

	do {
		weight = w->weight;
		width = w->width;
		drop_items(w, w->root);
		for (size_t i = w->root->count; i-- > 0;) {
			// a definition may go while another field is worked at
			struct form *field = i < w->root->count ? w->root->items[i] : NULL;
			for (size_t n = 1; field != NULL && field->text == NULL && n < field->count; n++)
				reduce(w, &field->items[n]);
		}
		drop_parameters(w);
	} while (w->s->stopped == 0 && (w->weight < weight || w->width < width));
}

// --- the whole -------------------------------------------------------------------------------------------------

// Reads what is a kernel, all of it; *out is to be freed.
static int read_forms(struct forms *f, const char *path, const char *text, size_t len, struct form **out,
                      struct err *e)
{
	struct sexp_doc *doc = NULL;
	struct kernel *k = NULL;
	int rc = kernel_parse(path, text, len, &k, e);

	if (rc == 0)
		rc = sexp_parse(path, text, len, &doc, e);
	if (rc == 0)
		*out = form_copy(f, sexp_at(sexp_root(doc), 0));
	sexp_free(doc);
	kernel_free(k);
	return rc == 0 && f->failed ? err_set(e, ENOMEM, "%s: out of memory", path) : rc;
}

int shrink_prepare(const char *path, const char *text, size_t len, const int64_t *values, struct buf *out,
                   struct err *e)
{
	struct forms forms = { 0 };
	struct form *all, *root = form_list(&forms);
	size_t params = 0;
	int rc = read_forms(&forms, path, text, len, &all, e);

	for (size_t i = 0; rc == 0 && i < all->count; i++) {
		struct form *field = all->items[i];
		if (form_begins(field, "instance") || form_begins(field, "expect"))
			continue;
		if (form_begins(field, "param"))
			field->items[2] = form_int(&forms, values[params++]);
		form_add(&forms, root, field);
	}
	if (rc == 0)
		form_print(root, out);
	if (rc == 0 && (forms.failed || out->failed))
		rc = err_set(e, ENOMEM, "%s: out of memory", path);
	forms_deinit(&forms);
	return rc;
}

int shrink_kernel(struct shrink *s, const char *path, const char *text, size_t len, struct buf *out, struct err *e)
{
	struct work w = { .s = s, .path = path, .tried = calloc(1U << TRIED_BITS, sizeof(uint64_t)) };
	int rc = w.tried == NULL ? err_set(e, ENOMEM, "%s: out of memory", path)
	                         : read_forms(&w.forms, path, text, len, &w.root, e);

	s->tried = 0;
	s->stopped = 0;
	if (rc == 0) {
		w.weight = weigh(w.root);
		s->nodes_before = program_nodes(w.root);
		w.width = len;
		reduce_all(&w);
		s->nodes = program_nodes(w.root);
		form_print(w.root, out);
	}
	if (rc == 0 && (w.forms.failed || w.text.failed || out->failed))
		rc = err_set(e, ENOMEM, "%s: out of memory", path);
	buf_deinit(&w.text);
	forms_deinit(&w.forms);
	free(w.tried);
	return rc;
}
