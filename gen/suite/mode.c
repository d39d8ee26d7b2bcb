// Changing a kernel's tree to a mode. What is added has names that begin with "mode-".
#include "mode.h"

#include "form.h"
#include "sexp.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVERY_DEFAULT 1000
#define EVERY_MAX INT64_C(1000000000)
#define EVERY_REPEAT 5

// What a mode adds to the kernel, in the kernel language; what of the kernel it changes is in its function.
static const char near_full_text[] =
        "(param ballast 10000 (range 1 100000000))"
        "(global mode-ballast (mode-make-ballast ballast))"
        "(define (mode-make-ballast length)"
        "  (loop ((i 0) (pairs nil)) (while (< i length)) (next (+ i 1) (cons i pairs)) pairs))";

static const char bursts_text[] =
        "(param bursts 3 (range 1 1000000))"
        "(param surge 20000 (range 1 100000000))"
        "(define (mode-make-surge length)"
        "  (loop ((i 0) (pairs nil)) (while (< i length)) (next (+ i 1) (cons i pairs)) pairs))";

static const char gc_every_text[] = "(param gc-every %" PRId64 " (range 1 1000000000))"
                                    "(global mode-ticks (box 0))"
                                    "(define (mode-tick)"
                                    "  (set-box! mode-ticks (+ 1 (unbox mode-ticks)))"
                                    "  (when (>= (unbox mode-ticks) gc-every)"
                                    "    (set-box! mode-ticks 0)"
                                    "    (full-gc)))";

// Near full, or collected at every turn, time grows with the live objects times the collections: the sizes of slow
// instances would take hours.
static const struct {
	const char *word;
	const char *summary; // behind the kernel's own
	bool slow_too;
} modes[] = {
	[MODE_NEAR_FULL] = { "near-full", "beside a list that fills the heap", false },
	[MODE_BURSTS] = { "bursts", "in bursts, with everything dropped and collected between them", true },
	[MODE_GC_EVERY] = { "gc-every", "with a full collection every so many allocations", false },
};

#define MODE_COUNT (sizeof modes / sizeof modes[0])

// --- names -----------------------------------------------------------------------------------------------------

static int mode_error(struct err *e, const char *word)
{
	return err_set(
	        e, EINVAL,
	        "unknown GC mode '%.60s'; the modes are near-full, bursts, gc-every-N (a full collection every "
	        "N allocations), and all",
	        word);
}

// "gc-every-1000", or "gc-every" with the usual number.
static int parse_every(const char *word, struct mode *m, struct err *e)
{
	const char *digits = word + strlen(modes[MODE_GC_EVERY].word);
	char *end;

	m->every = EVERY_DEFAULT;
	if (*digits == 0)
		return 0;
	errno = 0;
	m->every = digits[0] == '-' && digits[1] >= '0' && digits[1] <= '9' ? strtoll(digits + 1, &end, 10) : 0;
	return m->every < 1 || m->every > EVERY_MAX || errno != 0 || *end != 0 ? mode_error(e, word) : 0;
}

static int parse_mode(const char *word, struct mode *m, struct err *e)
{
	int rc = -ENOENT;

	for (size_t i = 0; i < MODE_COUNT; i++) {
		bool every = i == MODE_GC_EVERY;
		if (every ? strncmp(word, modes[i].word, strlen(modes[i].word)) : strcmp(word, modes[i].word))
			continue;
		*m = (struct mode){ .kind = (enum mode_kind)i, .slow_too = modes[i].slow_too };
		rc = every ? parse_every(word, m, e) : 0;
		if (every)
			snprintf(m->name, sizeof m->name, "%s-%" PRId64, modes[i].word, m->every);
		else
			snprintf(m->name, sizeof m->name, "%s", modes[i].word);
	}
	return rc == -ENOENT ? mode_error(e, word) : rc;
}

// One that is named twice is taken once.
static int add_mode(const char *word, struct mode *out, size_t *count, struct err *e)
{
	struct mode m;
	int rc = parse_mode(word, &m, e);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < *count; i++)
		if (strcmp(out[i].name, m.name) == 0)
			return 0;
	if (*count == MODES_MAX)
		return err_set(e, EINVAL, "at most %u GC modes at a time", MODES_MAX);
	out[(*count)++] = m;
	return 0;
}

int mode_parse_list(const char *text, struct mode *out, size_t *count, struct err *e)
{
	char *copy = strdup(text), *rest = copy;
	int rc = copy == NULL ? err_set(e, ENOMEM, "out of memory") : 0;

	*count = 0;
	for (char *word; rc == 0 && (word = strsep(&rest, ",\n")) != NULL;) {
		if (strcmp(word, "all") != 0)
			rc = add_mode(word, out, count, e);
		else
			for (size_t i = 0; rc == 0 && i < MODE_COUNT; i++)
				rc = add_mode(modes[i].word, out, count, e);
	}
	free(copy);
	return rc;
}

const char *mode_of(const struct kernel *k)
{
	const char *plus = strchr(k->name, '+');

	return plus != NULL ? plus + 1 : NULL;
}

// --- the tree --------------------------------------------------------------------------------------------------

struct change {
	struct forms forms;
	struct form *kernel;
	const struct mode *mode;
	bool makes[TYPE_COUNT]; // what gc-every found allocations of
};

// A field of the kernel; NULL when it has none of that name.
static struct form *find_field(struct change *c, const char *name)
{
	for (size_t i = 2; i < c->kernel->count; i++)
		if (form_begins(c->kernel->items[i], name))
			return c->kernel->items[i];
	return NULL;
}

static void remove_field(struct change *c, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < c->kernel->count; i++)
		if (i < 2 || !form_begins(c->kernel->items[i], name))
			c->kernel->items[n++] = c->kernel->items[i];
	c->kernel->count = n;
}

// Adds every form of `text`.
static int add_text(struct change *c, const char *text, struct err *e)
{
	struct sexp_doc *doc;
	int rc = sexp_parse("mode", text, strlen(text), &doc, e);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < sexp_root(doc)->count; i++)
		form_add(&c->forms, c->kernel, form_copy(&c->forms, sexp_root(doc)->items[i]));
	sexp_free(doc);
	return 0;
}

// One expression of the kernel language.
static struct form *expression(struct change *c, const char *text)
{
	struct sexp_doc *doc = NULL;
	struct form *form = &c->forms.none;

	if (sexp_parse("mode", text, strlen(text), &doc, NULL) == 0)
		form = form_copy(&c->forms, sexp_root(doc)->items[0]);
	else
		c->forms.failed = true;
	sexp_free(doc);
	return form;
}

// (measure series (repeat n) body ...) becomes one that calls (mode-kernel), which does what was measured.
static void measure_instead(struct change *c, const char *expr)
{
	struct form *measure = find_field(c, "measure");
	struct form *define = form_of(&c->forms, "define", form_of(&c->forms, "mode-kernel", NULL), NULL);

	for (size_t i = 3; i < measure->count; i++)
		form_add(&c->forms, define, measure->items[i]);
	form_add(&c->forms, c->kernel, define);
	measure->count = 3;
	form_add(&c->forms, measure, expression(c, expr));
}

static int near_full(struct change *c, struct err *e)
{
	measure_instead(c, "(let ((result (mode-kernel))) (if (null? mode-ballast) 0 result))");
	return add_text(c, near_full_text, e);
}

// A function of its own holds the surge, so that nothing does when it has returned.
static int bursts(struct change *c, struct err *e)
{
	measure_instead(c, "(loop ((i 0) (result 0)) (while (< i bursts))"
	                   "  (next (+ i 1) (let ((now (mode-burst))) (full-gc) now)) result)");
	form_add(&c->forms, c->kernel,
	         expression(c, "(define (mode-burst) (let ((pairs (mode-make-surge surge)) (result (mode-kernel)))"
	                       "  (if (null? pairs) 0 result)))"));
	return add_text(c, bursts_text, e);
}

// Whether an operation makes something on the heap; numbers and bools, and what is only taken out, are not.
static bool allocates(enum op o)
{
	switch (o) {
	case OP_CONS:
	case OP_LIST:
	case OP_MAKE_VECTOR:
	case OP_MAKE_MAP:
	case OP_BOX:
	case OP_STRING_APPEND:
	case OP_SUBSTRING:
	case OP_NUMBER_TO_STRING:
	case OP_DATA_EMPTY:
	case OP_DATA_WRAP:
	case OP_DATA_TO_STRING:
	case OP_STRING_TO_DATA:
	case OP_NEW_OBJECT:
	case OP_MAKE_WEAK:
	case OP_MAKE_EPHEMERONS:
		return true;
	default:
		return false;
	}
}

// The words behind "mode-made-": one function for each type, since every parameter has one.
static const char *const type_words[TYPE_COUNT] = {
	[TYPE_STRING] = "string", [TYPE_LIST] = "list", [TYPE_VECTOR] = "vector",
	[TYPE_MAP] = "map",       [TYPE_BOX] = "box",   [TYPE_DATA] = "data",
	[TYPE_OBJECT] = "object", [TYPE_WEAK] = "weak", [TYPE_EPHEMERONS] = "ephemerons",
};

// (cons a b) becomes (mode-made-list (cons a b)): what was just made is held by nothing but the argument.
static struct form *ticking(struct change *c, struct form *form)
{
	char word[48];

	if (form->text != NULL)
		return form;
	for (size_t i = 0; i < form->count; i++)
		form->items[i] = ticking(c, form->items[i]);
	if (form_begins(form, "lambda"))
		return form_of(&c->forms, "begin", form_of(&c->forms, "mode-tick", NULL), form, NULL);
	for (int o = 0; o < OP_COUNT; o++) {
		if (!allocates((enum op)o) || !form_begins(form, op_word((enum op)o)))
			continue;
		c->makes[op_result((enum op)o)] = true;
		snprintf(word, sizeof word, "mode-made-%s", type_words[op_result((enum op)o)]);
		return form_of(&c->forms, word, form, NULL);
	}
	return form;
}

static void tick_everywhere(struct change *c)
{
	for (size_t i = 2; i < c->kernel->count; i++) {
		struct form *field = c->kernel->items[i];
		if (form_begins(field, "define") || form_begins(field, "measure") || form_begins(field, "global"))
			for (size_t n = 2; n < field->count; n++)
				field->items[n] = ticking(c, field->items[n]);
	}
}

static int gc_every(struct change *c, struct err *e)
{
	char text[sizeof gc_every_text + 32];
	struct form *repeat = find_field(c, "measure")->items[2];
	int rc;

	tick_everywhere(c);
	if (strtol(repeat->items[1]->text, NULL, 10) > EVERY_REPEAT)
		repeat->items[1] = form_int(&c->forms, EVERY_REPEAT);
	snprintf(text, sizeof text, gc_every_text, c->mode->every);
	rc = add_text(c, text, e);
	for (size_t t = 0; rc == 0 && t < TYPE_COUNT; t++) {
		if (!c->makes[t])
			continue;
		snprintf(text, sizeof text, "(define (mode-made-%s made) (mode-tick) made)", type_words[t]);
		rc = add_text(c, text, e);
	}
	return rc;
}

// --- the whole -------------------------------------------------------------------------------------------------

static bool is_slow(const struct form *field)
{
	for (size_t i = 1; form_begins(field, "instance") && i < field->count; i++)
		if (form_is(field->items[i], "slow"))
			return true;
	return false;
}

// The slow instances, where the mode is not for them.
static void drop_slow(struct change *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->kernel->count; i++)
		if (!is_slow(c->kernel->items[i]))
			c->kernel->items[n++] = c->kernel->items[i];
	c->kernel->count = n;
}

static void rename_kernel(struct change *c)
{
	struct form *summary = find_field(c, "summary");
	struct buf text = { 0 };

	buf_addf(&text, "%s+%s", c->kernel->items[1]->text, c->mode->name);
	c->kernel->items[1] = form_atom(&c->forms, buf_text(&text));
	text.len = 0;
	buf_add(&text, summary->items[1]->text, strlen(summary->items[1]->text) - 1); // quoted
	buf_addf(&text, "; %s\"", modes[c->mode->kind].summary);
	summary->items[1] = form_atom(&c->forms, buf_text(&text));
	c->forms.failed = c->forms.failed || text.failed;
	buf_deinit(&text);
}

// What was added comes in front of the kernel's own functions, which call it.
static void move_forward(struct change *c, size_t added)
{
	struct form *old = c->kernel, *moved = form_list(&c->forms);
	size_t at = 2;

	while (at < added && !form_begins(old->items[at], "define") && !form_begins(old->items[at], "global"))
		at++;
	for (size_t i = 0; i < old->count; i++) {
		for (size_t n = added; i == at && n < old->count; n++)
			form_add(&c->forms, moved, old->items[n]);
		if (i < added)
			form_add(&c->forms, moved, old->items[i]);
	}
	c->kernel = moved;
}

static int change_kernel(struct change *c, struct err *e)
{
	size_t own;
	int rc;

	rename_kernel(c);
	if (!c->mode->slow_too)
		drop_slow(c);
	if (c->mode->kind == MODE_GC_EVERY)
		remove_field(c, "growth"); // time grows with the live objects times the collections
	own = c->kernel->count;
	switch (c->mode->kind) {
	case MODE_NEAR_FULL:
		rc = near_full(c, e);
		break;
	case MODE_BURSTS:
		rc = bursts(c, e);
		break;
	default:
		rc = gc_every(c, e);
	}
	move_forward(c, own);
	return rc == 0 && c->forms.failed ? err_set(e, ENOMEM, "out of memory") : rc;
}

int mode_write(const char *path, const struct mode *m, struct buf *out, struct err *e)
{
	struct change c = { .mode = m };
	struct kernel *right; // so that what stands where is known
	struct sexp_doc *doc;
	int rc = kernel_load(path, &right, e);

	if (rc < 0)
		return rc;
	kernel_free(right);
	rc = sexp_load(path, KERNEL_FILE_MAX, &doc, e);
	if (rc < 0)
		return rc;
	c.kernel = form_copy(&c.forms, sexp_root(doc)->items[0]);
	rc = c.forms.failed ? err_set(e, ENOMEM, "%s: out of memory", path) : change_kernel(&c, e);
	if (rc == 0)
		form_print(c.kernel, out);
	forms_deinit(&c.forms);
	sexp_free(doc);
	return rc == 0 && out->failed ? err_set(e, ENOMEM, "%s: out of memory", path) : rc;
}
