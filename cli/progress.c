// What the person sees while tests run: one live line on a terminal, else a line a test.
#include "clock.h"
#include "pipeline.h"
#include "units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum how { HOW_NONE, HOW_LINES, HOW_BAR };

#define BAR_CELLS 16U
#define SLOW_NS (60 * SG_NS_PER_S)
#define REDRAW_NS (50 * SG_NS_PER_MS)

struct progress {
	enum how how;
	bool colour;
	bool line_there; // a live line is on the screen
	bool slow_said;
	size_t position, total;
	size_t unexpected;
	uint64_t drawn_ns;
};

static void clear_line(struct progress *p)
{
	if (p->line_there)
		fputs("\r\033[K", stderr);
	p->line_there = false;
}

// Of stderr's terminal, asked each time: it may be resized.
static size_t terminal_width(void)
{
	struct winsize w;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 ? w.ws_col : 80;
}

static void draw(struct progress *p, const struct suite_test *t, uint64_t age_ns, uint64_t rss_bytes)
{
	size_t filled = p->total > 0 ? p->position * BAR_CELLS / p->total : 0;
	size_t columns = terminal_width();
	struct buf words = { 0 };
	char text[32];

	buf_addf(&words, "] %zu/%zu", p->position + 1, p->total);
	if (p->unexpected > 0)
		buf_addf(&words, ", %zu unexpected", p->unexpected);
	buf_addf(&words, "  %.60s", t->id);
	if (age_ns > SG_NS_PER_S / 2)
		buf_addf(&words, "  %s", units_duration(text, sizeof text, age_ns / SG_NS_PER_MS * SG_NS_PER_MS));
	if (rss_bytes > 0)
		buf_addf(&words, "  %s", units_bytes(text, sizeof text, rss_bytes));
	// A line that wraps cannot be drawn over. Cutting between bytes of one character harms nothing for long.
	fputs("\r\033[K[", stderr);
	for (size_t i = 0; i < BAR_CELLS && i + 2 < columns; i++)
		fputs(i < filled ? "━" : " ", stderr);
	if (columns > BAR_CELLS + 2)
		fprintf(stderr, "%.*s", (int)(columns - BAR_CELLS - 2), buf_text(&words));
	fflush(stderr);
	buf_deinit(&words);
	p->line_there = true;
	p->drawn_ns = clock_now_ns();
}

static void on_started(void *arg, size_t position, size_t total, const struct suite_test *t)
{
	struct progress *p = arg;

	p->position = position;
	p->total = total;
	p->slow_said = false;
	// Redrawing for tests of a millisecond would cost more than they do.
	if (p->how == HOW_BAR && clock_now_ns() - p->drawn_ns >= REDRAW_NS)
		draw(p, t, 0, 0);
}

static void on_sampled(void *arg, const struct suite_test *t, uint64_t age_ns, uint64_t rss_bytes)
{
	struct progress *p = arg;
	char age[32];

	if (p->how == HOW_BAR && clock_now_ns() - p->drawn_ns >= REDRAW_NS)
		draw(p, t, age_ns, rss_bytes);
	if (p->how == HOW_LINES && age_ns >= SLOW_NS && !p->slow_said) {
		fprintf(stderr, "SLOW: %s has run for %s\n", t->id, units_duration(age, sizeof age, age_ns));
		p->slow_said = true;
	}
}

static void print_failure(const struct progress *p, const struct result *r)
{
	const char *red = p->colour ? "\033[31m" : "";
	const char *plain = p->colour ? "\033[0m" : "";

	fprintf(stderr, "%s%s%s  %s: %s\n", red, verdict_name(r->verdict), plain, r->id,
	        r->evidence != NULL ? r->evidence : "");
}

static void on_ended(void *arg, size_t position, size_t total, const struct suite_test *t, const struct result *r)
{
	struct progress *p = arg;
	char wall[32];
	int width = snprintf(NULL, 0, "%zu", total);

	p->unexpected += !r->as_expected;
	if (p->how == HOW_LINES)
		fprintf(stderr, "[%*zu/%zu] %-14s %9s  %s%s%s\n", width, position + 1, total,
		        verdict_name(r->verdict), units_duration(wall, sizeof wall, r->wall_ns), t->id,
		        r->as_expected ? "" : ": ", r->as_expected || r->evidence == NULL ? "" : r->evidence);
	if (p->how == HOW_BAR && !r->as_expected) {
		clear_line(p);
		print_failure(p, r);
	}
}

static void on_note(void *arg, const char *text)
{
	struct progress *p = arg;

	clear_line(p);
	fprintf(stderr, "stressgen: %s\n", text);
}

static enum how choose(const struct app *app)
{
	const char *how = opt_text(&app->opts, "progress");

	if (strcmp(how, "none") == 0 || (opt_flag(&app->opts, "quiet") && strcmp(how, "auto") == 0))
		return HOW_NONE;
	if (strcmp(how, "bar") == 0 || (strcmp(how, "auto") == 0 && app->err_is_terminal))
		return HOW_BAR;
	return HOW_LINES;
}

struct progress *progress_new(const struct app *app, struct runner_hooks *hooks)
{
	struct progress *p = calloc(1, sizeof *p);

	if (p == NULL)
		return NULL;
	p->how = choose(app);
	p->colour = app->err_colour;
	*hooks = (struct runner_hooks){ on_started, on_sampled, on_ended, on_note, p };
	return p;
}

void progress_free(struct progress *p)
{
	if (p == NULL)
		return;
	clear_line(p);
	free(p);
}
