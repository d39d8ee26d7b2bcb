// Reads attacks.
#include "attack.h"

#include "clock.h"
#include "scenario_parts.h"

#include <errno.h>
#include <stdlib.h>

#define DEFAULT_TIME (10 * SG_NS_PER_S)

struct reader {
	const struct sexp_doc *doc;
	struct err *e;
	struct h2_attack *a;
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct h2_word codes[] = {
	{ "NO_ERROR", 0 },           { "PROTOCOL_ERROR", 1 },     { "INTERNAL_ERROR", 2 },
	{ "FLOW_CONTROL_ERROR", 3 }, { "SETTINGS_TIMEOUT", 4 },   { "STREAM_CLOSED", 5 },
	{ "FRAME_SIZE_ERROR", 6 },   { "REFUSED_STREAM", 7 },     { "CANCEL", 8 },
	{ "COMPRESSION_ERROR", 9 },  { "ENHANCE_YOUR_CALM", 11 },
};

// ---- what is right ------------------------------------------------------------------------------------------

// (answer STATUS)
static int read_answer(struct reader *r, const struct sexp *at, struct h2_reaction *x)
{
	const struct sexp *status = sexp_at(at, 1);

	if (at->count != 2 || status->kind != SEXP_INT || status->number < 200 || status->number > 599)
		return FAIL(r, at, "(answer STATUS) has a status from 200 to 599");
	x->kind = REACTION_ANSWER;
	x->has_code = true;
	x->code = (uint32_t)status->number;
	return 0;
}

// goaway, close, reset, alive, (goaway CODE), (reset CODE) or (answer STATUS).
static int read_reaction(struct reader *r, const struct sexp *at, struct h2_reaction *x)
{
	static const char *const names[] = { "goaway", "close", "reset", "alive", "silence" };
	const bool coded = at->kind == SEXP_LIST;
	const struct sexp *name = coded ? sexp_at(at, 0) : at;
	if (coded && name && sexp_is_symbol(name, "answer"))
		return read_answer(r, at, x);
	for (unsigned i = 0; i < COUNT(names); i++) {
		if (!name || !sexp_is_symbol(name, names[i]))
			continue;
		x->kind = (enum h2_reaction_kind)i;
		x->has_code = coded;
		if (!coded)
			return 0;
		if (at->count == 2 && (x->kind == REACTION_GOAWAY || x->kind == REACTION_RESET))
			return h2_script_word(r->doc, at->items[1], codes, COUNT(codes), UINT32_MAX, &x->code,
			                      r->e);
	}
	return FAIL(
	        r, at,
	        "known are goaway, close, reset, alive, silence, (goaway CODE), (reset CODE), (answer STATUS)");
}

static int read_right(struct reader *r, const struct sexp *form)
{
	const struct sexp *field = sexp_field(form, "right");
	if (!field || field->count < 2 || field->count > H2_MAX_REACTIONS + 1)
		return FAIL(r, field ? field : form, "(right goaway close ...) says what the server may do");
	for (size_t i = 1; i < field->count; i++) {
		int rc = read_reaction(r, field->items[i], &r->a->right[r->a->right_count++]);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int h2_attack_read(const struct sexp_doc *doc, const struct sexp *form, struct h2_attack *a, struct err *e)
{
	static const char *const fields[] = { "right",   "time",   "no-preface", "unread", "answers",
		                              "content", "lonely", "*send",      "*wait",  NULL };
	struct reader r = { doc, e, a };
	struct h2_reader fields_of = { doc, e };
	int rc = sexp_check_fields(doc, form, 1, fields, e);
	a->no_preface = rc == 0 && sexp_field(form, "no-preface");
	a->unread = rc == 0 && sexp_field(form, "unread");
	a->lonely = rc == 0 && sexp_field(form, "lonely");
	a->time_ns = DEFAULT_TIME;
	if (sexp_is_form(form, "frames")) {
		a->lonely = a->peaceful = true;
		a->right[a->right_count++] = (struct h2_reaction){ .kind = REACTION_ALIVE };
	}
	if (rc == 0 && !sexp_is_form(form, "frames"))
		rc = read_right(&r, form);
	if (rc == 0)
		rc = h2_get_count(&fields_of, form, "answers", H2_SCRIPT_TIMES, &a->answers);
	if (rc == 0)
		rc = h2_get_count(&fields_of, form, "content", H2_SCRIPT_BYTES, &a->content);
	if (rc == 0)
		rc = h2_script_time(doc, form, "time", &a->time_ns, e);
	if (rc == 0)
		rc = h2_script_read(doc, form, &a->script, e);
	if (rc == 0 && a->unread && (sexp_field(form, "wait") || a->script.has_every))
		return FAIL(&r, sexp_field(form, "unread"),
		            "(unread) sends without a pause; leave (wait ...) and (every ...) out");
	return rc == -ENOMEM ? err_set(e, ENOMEM, "out of memory") : rc;
}

void h2_attack_deinit(struct h2_attack *a)
{
	h2_script_deinit(&a->script);
	*a = (struct h2_attack){ 0 };
}

uint64_t h2_attack_frames(const struct h2_attack *a)
{
	return h2_script_frames(&a->script);
}
