// Names in a program: the kernel's own, made fit for the language, each used once in a function.
#include "emit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned hash(const char *s)
{
	unsigned h = 2166136261U; // FNV-1a

	for (; *s != 0; s++)
		h = (h ^ (unsigned char)*s) * 16777619U;
	return h % NAME_BUCKETS;
}

static bool is_taken(const struct emitter *em, const char *name)
{
	for (const struct name_entry *n = em->names.buckets[hash(name)]; n != NULL; n = n->next)
		if ((n->owner == 0 || em->owner == 0 || n->owner == em->owner) && strcmp(n->name, name) == 0)
			return true;
	for (size_t i = 0; i < em->d->reserved_count; i++)
		if (strcmp(em->d->reserved[i], name) == 0)
			return true;
	for (size_t i = 0; i < em->d->helper_count; i++)
		if (strcmp(em->d->helpers[i].name, name) == 0)
			return true;
	return false;
}

// A kernel's name of words between dashes: with `capital`, each word begins with a capital, and no dash.
static void add_words(struct buf *b, const char *name, const char *dash, bool capital)
{
	bool begins = capital;

	for (; *name != 0; name++) {
		if (*name == '-') {
			buf_adds(b, capital ? "" : dash);
			begins = capital;
			continue;
		}
		buf_addc(b, begins && *name >= 'a' && *name <= 'z' ? (char)(*name - 'a' + 'A') : *name);
		begins = false;
	}
}

static const char *take_name(struct emitter *em, const char *prefix, const char *name, bool capital)
{
	struct name_entry *entry = arena_alloc(&em->arena, sizeof *entry);
	struct buf b = { 0 };
	size_t stem;

	buf_adds(&b, prefix);
	add_words(&b, name, em->d->dash, capital);
	stem = b.len;
	for (unsigned n = 2; !b.failed && is_taken(em, buf_text(&b)); n++) {
		b.len = stem;
		buf_addf(&b, "%s%u", capital ? "" : em->d->dash, n);
	}
	name = arena_text(&em->arena, buf_text(&b), b.len);
	em->failed = em->failed || entry == NULL || name == NULL || b.failed;
	if (!em->failed) {
		struct name_entry **bucket = &em->names.buckets[hash(name)];
		*entry = (struct name_entry){ name, em->owner, *bucket };
		*bucket = entry;
	}
	buf_deinit(&b);
	return name != NULL ? name : "";
}

const char *emit_name(struct emitter *em, const char *prefix, const char *name)
{
	return take_name(em, prefix, name, false);
}

const char *emit_variable(struct emitter *em, const char *name)
{
	return take_name(em, em->d->variable_prefix, name, em->d->capital_variables);
}
