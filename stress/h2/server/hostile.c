// Reads hostile servers.
#include "hostile.h"

#include "scenario_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_TIME (10 * SG_NS_PER_S)
#define MOST_TRIES (UINT64_C(1) << 40)
#define DEFAULT_MEMORY (UINT64_C(256) << 20)

// (right error success)
static int read_right(struct h2_reader *r, struct h2_hostile *h, const struct sexp *form)
{
	const struct sexp *field = sexp_field(form, "right");
	if (!field || field->count < 2)
		return FAIL(r, field ? field : form,
		            "(right error), (right success) or both say what a client may do");
	for (size_t i = 1; i < field->count; i++) {
		if (sexp_is_symbol(field->items[i], "error"))
			h->error_right = true;
		else if (sexp_is_symbol(field->items[i], "success"))
			h->success_right = true;
		else
			return FAIL(r, field->items[i], "known are error and success");
	}
	return 0;
}

static int read_answer(struct h2_reader *r, struct h2_hostile *h, const struct sexp *form)
{
	static const char *const fields[] = { "requests", "*send", "*wait", "*close", NULL };
	if (h->count == H2_HOSTILE_ANSWERS)
		return FAIL(r, form, "more than %u answers", H2_HOSTILE_ANSWERS);
	if (h->count > 0 && h->answers[h->count - 1].requests == 0)
		return FAIL(r, form, "the answer before is for all requests that follow; give it (requests N)");
	struct h2_hostile_answer *a = &h->answers[h->count++];
	int rc = sexp_check_fields(r->doc, form, 1, fields, r->e);
	if (rc == 0)
		rc = h2_get_count(r, form, "requests", MOST_TRIES, &a->requests);
	return rc == 0 ? h2_script_read(r->doc, form, &a->script, r->e) : rc;
}

static int read_greeting(struct h2_reader *r, struct h2_hostile *h, const struct sexp *form)
{
	static const char *const fields[] = { "*send", "*wait", "*close", NULL };
	const struct sexp *greeting = sexp_field(form, "greeting");
	if (!greeting)
		return 0;
	h->has_greeting = true;
	if (greeting->count == 1) // silence
		return 0;
	int rc = sexp_check_fields(r->doc, greeting, 1, fields, r->e);
	return rc == 0 ? h2_script_read(r->doc, greeting, &h->greeting, r->e) : rc;
}

static int read_limits(struct h2_reader *r, struct h2_hostile *h, const struct sexp *form)
{
	h->time_ns = DEFAULT_TIME;
	h->memory_bytes = DEFAULT_MEMORY;
	int rc = read_right(r, h, form);
	if (rc == 0)
		rc = h2_get_text(r, form, "summary", &h->summary);
	if (rc == 0)
		rc = h2_get_text(r, form, "output", &h->output);
	if (rc == 0 && h->output && !h->success_right)
		rc = FAIL(r, sexp_field(form, "output"),
		          "(output ...) is of a client that ends well; (right success)?");
	if (rc == 0)
		rc = h2_script_time(r->doc, form, "time", &h->time_ns, r->e);
	if (rc == 0)
		rc = h2_get_bytes(r, form, "memory", &h->memory_bytes);
	if (rc == 0)
		rc = h2_get_count(r, form, "connections", MOST_TRIES, &h->connections);
	return rc == 0 ? h2_get_count(r, form, "requests", MOST_TRIES, &h->requests) : rc;
}

static int read_hostile(struct h2_reader *r, struct h2_hostile *h)
{
	static const char *const fields[] = { "summary",         "right",       "output",   "time",
		                              "memory",          "connections", "requests", "greeting",
		                              "no-settings-ack", "no-ping-ack", "*answer",  NULL };
	const struct sexp *root = sexp_root(r->doc), *form = sexp_at(root, 0);
	if (!sexp_is_form(form, "hostile") || root->count > 1)
		return FAIL(r, form ? form : root, "a hostile server's file is one (hostile NAME ...)");
	int rc = sexp_get_symbol(r->doc, form, 1, &h->name, r->e);
	if (rc == 0)
		rc = sexp_check_fields(r->doc, form, 2, fields, r->e);
	h->acks_settings = !sexp_field(form, "no-settings-ack");
	h->acks_pings = !sexp_field(form, "no-ping-ack");
	if (rc == 0)
		rc = read_limits(r, h, form);
	if (rc == 0)
		rc = read_greeting(r, h, form);
	for (size_t i = 2; rc == 0 && i < form->count; i++)
		if (sexp_is_form(form->items[i], "answer"))
			rc = read_answer(r, h, form->items[i]);
	return rc == -ENOMEM ? err_set(r->e, ENOMEM, "out of memory") : rc;
}

int h2_hostile_parse(const char *path, const char *text, size_t len, struct h2_hostile *h, struct err *e)
{
	int rc = sexp_parse(path, text, len, &h->doc, e);
	return rc < 0 ? rc : read_hostile(&(struct h2_reader){ h->doc, e }, h);
}

int h2_hostile_load(const char *path, struct h2_hostile *h, struct err *e)
{
	int rc = sexp_load(path, H2_HOSTILE_BYTES, &h->doc, e);
	return rc < 0 ? rc : read_hostile(&(struct h2_reader){ h->doc, e }, h);
}

void h2_hostile_deinit(struct h2_hostile *h)
{
	h2_script_deinit(&h->greeting);
	for (size_t i = 0; i < h->count; i++)
		h2_script_deinit(&h->answers[i].script);
	sexp_free(h->doc);
	*h = (struct h2_hostile){ 0 };
}

const struct h2_script *h2_hostile_answer(const struct h2_hostile *h, uint64_t n)
{
	for (size_t i = 0; i < h->count; i++) {
		if (h->answers[i].requests == 0 || n < h->answers[i].requests)
			return &h->answers[i].script;
		n -= h->answers[i].requests;
	}
	return NULL;
}
