// A comparison by its options.
#include "comparing.h"

#include "compare_formats.h"
#include "io.h"
#include "verdict.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- options --------------------------------------------------------------------------------------------------

static int add_fault(void *arg, char *item, struct err *e)
{
	static const struct {
		const char *name;
		uint32_t bits;
	} faults[] = { { "regressed", FAULT_REGRESSED }, { "verdict", FAULT_VERDICT },
		       { "undecided", FAULT_UNDECIDED }, { "changed", FAULT_CHANGED },
		       { "missing", FAULT_MISSING },     { "none", 0 } };

	struct comparing *g = arg;

	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
		if (strcmp(faults[i].name, item) == 0) {
			g->fail_on |= faults[i].bits;
			return 0;
		}
	return err_set(e, EINVAL,
	               "--fail-on: '%s' is none of regressed, verdict, undecided, changed, missing, none", item);
}

int comparing_init(struct comparing *g, const struct app *app, struct err *e)
{
	const struct opt_set *o = &app->opts;
	const char *accepted = opt_text(o, "accepted");
	char today[16];
	int rc = app->command == COMMAND_AB ? 0 : thresholds_read(&g->thresholds, o, e); // ab has none

	if (rc == 0)
		rc = option_each_item(opt_given(o, "fail-on") ? opt_text(o, "fail-on") : "regressed,verdict",
		                      add_fault, g, e);
	known_today(today);
	if (rc == 0 && accepted != NULL)
		rc = known_load(accepted, today, "TEST METRIC UNTIL REASON", &g->accepted, e);
	g->options.thresholds = g->thresholds.items;
	g->options.threshold_count = g->thresholds.count;
	g->options.accepted = &g->accepted;
	g->fail_on_given = opt_given(o, "fail-on");
	g->options.counters = app->command != COMMAND_AB && opt_flag(o, "counters");
	return rc;
}

void comparing_deinit(struct comparing *g)
{
	thresholds_deinit(&g->thresholds);
	known_deinit(&g->accepted);
	*g = (struct comparing){ 0 };
}

// ---- telling --------------------------------------------------------------------------------------------------

// With run --against, --output is the run's directory.
static const char *output_file(const struct app *app)
{
	return app->command == COMMAND_COMPARE ? opt_text(&app->opts, "output") : NULL;
}

static int write_text(struct comparison *c, const struct term_style *style, struct buf *out)
{
	char *text = NULL;
	size_t len = 0;
	FILE *stream = open_memstream(&text, &len);

	if (stream == NULL)
		return -ENOMEM;
	compare_text(c, style, stream);
	if (fclose(stream) != 0) {
		free(text);
		return -ENOMEM;
	}
	buf_add(out, text, len);
	free(text);
	return out->failed ? -ENOMEM : 0;
}

static int write_format(struct comparison *c, const struct app *app, const char *format, struct buf *out,
                        struct err *e)
{
	static const struct {
		const char *name;
		int (*write)(struct comparison *c, struct buf *out);
	} formats[] = { { "json", compare_json },
		        { "md", compare_md },
		        { "html", compare_html },
		        { "junit", compare_junit } };
	const struct term_style plain = { 0 };
	const bool to_file = output_file(app) != NULL;

	if (strcmp(format, "text") == 0)
		return write_text(c, to_file ? &plain : &app->out_style, out);
	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
		if (strcmp(formats[i].name, format) == 0)
			return formats[i].write(c, out);
	return err_set(e, EINVAL, "a comparison has no format %s; text, json, md, html and junit are there",
	               format);
}

static bool has_fault(const struct comparison *c, uint32_t fail_on)
{
	return ((fail_on & FAULT_REGRESSED) != 0 && c->counts[COMPARE_REGRESSED] > 0) ||
	       ((fail_on & FAULT_VERDICT) != 0 && c->verdicts_worse > 0) ||
	       ((fail_on & FAULT_UNDECIDED) != 0 && c->counts[COMPARE_UNDECIDED] > 0) ||
	       ((fail_on & FAULT_CHANGED) != 0 && c->counts[COMPARE_CHANGED] + c->counters_changed > 0) ||
	       ((fail_on & FAULT_MISSING) != 0 && c->only_base_count > 0);
}

static int exit_code(const struct comparison *c, uint32_t fail_on)
{
	const struct sample_source *sources = c->samples->sources;

	if (c->control == COMPARE_CONTROL_FAILED)
		return SG_EXIT_UNTRUSTED;
	for (size_t i = 0; i < SAMPLE_SIDES; i++)
		if (sources[i].bad_lines > 0)
			return SG_EXIT_UNTRUSTED;
	return has_fault(c, fail_on) ? SG_EXIT_TESTS : SG_EXIT_OK;
}

// What is worse at one thing and better at another is no fault: ab asks which is which.
static uint32_t fail_on_of(const struct comparing *g, const struct comparison *c)
{
	return c->samples->intervals && !g->fail_on_given ? FAULT_VERDICT : g->fail_on;
}

int comparing_tell(const struct comparing *g, const struct app *app, struct samples *s)
{
	const char *output = output_file(app);
	struct comparison c = { 0 };
	struct buf text = { 0 };
	struct err e = { 0 };
	int code, rc;

	samples_sort(s);
	rc = compare_make(&c, s, &g->options);
	if (rc == 0)
		rc = write_format(&c, app, opt_text(&app->opts, "format"), &text, &e);
	if (rc == 0 && output != NULL)
		rc = io_replace_file(output, buf_text(&text), text.len, &e);
	else if (rc == 0)
		fwrite(buf_text(&text), 1, text.len, stdout); // main() says when it did not arrive
	if (rc == -ENOMEM)
		err_set(&e, ENOMEM, "out of memory");
	code = rc < 0 ? complain(&e, rc) : exit_code(&c, fail_on_of(g, &c));
	compare_deinit(&c);
	buf_deinit(&text);
	return code;
}
