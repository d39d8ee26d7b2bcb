// Names in a program: the kernel's own, made fit for the language, each used once in a function.
#include "emit.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANYONE (UINT_MAX - 1) // has an entry for each name

static unsigned hash(const char *s, unsigned owner)
{
	unsigned h = 2166136261U ^ owner; // FNV-1a

	for (; *s != 0; s++)
		h = (h ^ (unsigned char)*s) * 16777619U;
	return h % NAME_BUCKETS;
}

static struct name_entry *find_entry(const struct emitter *em, const char *name, unsigned owner)
{
	struct name_entry *n = em->names.buckets[hash(name, owner)];

	while (n != NULL && (n->owner != owner || strcmp(n->name, name) != 0))
		n = n->next;
	return n;
}

// A name of the kernel as a whole must differ from those in all functions too.
static bool is_taken(const struct emitter *em, const char *name)
{
	if (find_entry(em, name, em->owner == 0 ? ANYONE : em->owner) != NULL || find_entry(em, name, 0) != NULL)
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

static void add_entry(struct emitter *em, const char *name, unsigned owner)
{
	struct name_entry *entry = arena_alloc(&em->arena, sizeof *entry);
	struct name_entry **bucket = &em->names.buckets[hash(name, owner)];

	em->failed = em->failed || entry == NULL;
	if (entry == NULL)
		return;
	*entry = (struct name_entry){ .name = name, .owner = owner, .number = 1, .next = *bucket };
	*bucket = entry;
}

static const char *take_name(struct emitter *em, const char *prefix, const char *name, bool capital)
{
	struct buf b = { 0 };
	size_t stem;

	buf_adds(&b, prefix);
	add_words(&b, name, em->d->dash, capital);
	stem = b.len;
	struct name_entry *same = find_entry(em, buf_text(&b), em->owner);
	unsigned n = same != NULL ? same->number : 1; // those up to it are taken
	while (!b.failed && is_taken(em, buf_text(&b))) {
		b.len = stem;
		buf_addf(&b, "%s%u", capital ? "" : em->d->dash, ++n);
	}
	if (same != NULL)
		same->number = n;
	name = arena_text(&em->arena, buf_text(&b), b.len);
	em->failed = em->failed || name == NULL || b.failed;
	if (!em->failed)
		add_entry(em, name, em->owner);
	if (!em->failed && find_entry(em, name, ANYONE) == NULL)
		add_entry(em, name, ANYONE);
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
