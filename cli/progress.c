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
#define RUNNING_SHOWN 8U
#define TAIL_LINES 5U
#define SLOW_NS (60 * SG_NS_PER_S)
#define REDRAW_NS (50 * SG_NS_PER_MS)

struct progress {
	enum how how;
	bool colour, verbose;
	bool line_there; // a live line is on the screen
	size_t settled, total;
	size_t unexpected;
	uint64_t begun_ns, drawn_ns;
	const struct suite_test *running[RUNNING_SHOWN]; // the first of those that run now
	size_t running_count;                            // of all
	uint64_t slow_said_ns;                           // age of a slow test when it was last said
	// What is done and what there is, in the last run's times, where it has them.
	struct run last;
	bool has_last;
	double done, all;
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

// ---- the estimate
// -----------------------------------------------------------------------------------------------

// What the test took last time; one that nobody has timed counts as a short one.
static double weight_of(const struct progress *p, const struct suite_test *t)
{
	const struct result *r = p->has_last ? run_find(&p->last, t->id) : NULL;

	return 1e6 + (r != NULL ? (double)r->wall_ns : 0);
}

static void add_estimate(const struct progress *p, struct buf *words)
{
	const uint64_t passed_ns = clock_now_ns() - p->begun_ns;
	char text[32];

	if (p->done <= 0 || p->done >= p->all || passed_ns < 2 * SG_NS_PER_S)
		return;
	double left_ns = (double)passed_ns * (p->all - p->done) / p->done;
	buf_addf(words, ", %s left",
	         units_duration(text, sizeof text, (uint64_t)(left_ns / 1e9) * SG_NS_PER_S + SG_NS_PER_S));
}

// ---- the live line
// ----------------------------------------------------------------------------------------------

static void add_running(const struct progress *p, struct buf *words)
{
	if (p->running_count > 1)
		buf_addf(words, "  %zu running:", p->running_count);
	for (size_t i = 0; i < RUNNING_SHOWN && i < p->running_count; i++)
		if (p->running[i] != NULL)
			buf_addf(words, "%s %.60s", i > 0 ? "," : " ", p->running[i]->id);
}

static void draw(struct progress *p, uint64_t age_ns, uint64_t rss_bytes)
{
	size_t filled = p->all > 0 ? (size_t)(p->done / p->all * BAR_CELLS) : 0;
	size_t columns = terminal_width();
	struct buf words = { 0 };
	char text[32];

	buf_addf(&words, "] %zu/%zu", p->settled, p->total);
	if (p->unexpected > 0)
		buf_addf(&words, ", %zu unexpected", p->unexpected);
	add_estimate(p, &words);
	add_running(p, &words);
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

static void on_started(void *arg, size_t settled, size_t total, const struct suite_test *t)
{
	struct progress *p = arg;

	p->settled = settled;
	p->total = total;
	if (p->running_count < RUNNING_SHOWN)
		p->running[p->running_count] = t;
	p->running_count++;
	// Redrawing for tests of a millisecond would cost more than they do.
	if (p->how == HOW_BAR && clock_now_ns() - p->drawn_ns >= REDRAW_NS)
		draw(p, 0, 0);
}

static void forget(struct progress *p, const struct suite_test *t)
{
	size_t shown = p->running_count < RUNNING_SHOWN ? p->running_count : RUNNING_SHOWN;

	for (size_t i = 0; i < shown; i++)
		if (p->running[i] == t) {
			memmove(&p->running[i], &p->running[i + 1], (shown - i - 1) * sizeof *p->running);
			p->running[shown - 1] = NULL;
			break;
		}
	if (p->running_count > 0)
		p->running_count--;
}

// A slow test is said after a minute, two, four, ...
static void on_sampled(void *arg, const struct suite_test *t, uint64_t age_ns, uint64_t rss_bytes)
{
	struct progress *p = arg;
	char age[32];

	if (p->how == HOW_BAR && clock_now_ns() - p->drawn_ns >= REDRAW_NS)
		draw(p, age_ns, rss_bytes);
	if (p->how == HOW_NONE || age_ns < SLOW_NS || (p->slow_said_ns > 0 && age_ns < 2 * p->slow_said_ns))
		return;
	clear_line(p);
	fprintf(stderr, "SLOW: %s has run for %s\n", t->id,
	        units_duration(age, sizeof age, age_ns / SG_NS_PER_S * SG_NS_PER_S));
	p->slow_said_ns = age_ns;
}

static void print_tail(const struct result *r)
{
	const char *from = r->tail;
	size_t lines = 0, len;

	if (from == NULL)
		return;
	len = strlen(from);
	while (len > 0 && from[len - 1] == '\n')
		len--;
	for (size_t i = len; i > 0 && lines < TAIL_LINES; i--)
		if (from[i - 1] == '\n' && ++lines == TAIL_LINES) {
			len -= i;
			from += i;
		}
	for (size_t at = 0; at < len;) {
		size_t n = strcspn(from + at, "\n");

		n = at + n > len ? len - at : n;
		fprintf(stderr, "    │ %.*s\n", (int)n, from + at);
		at += n + 1;
	}
}

static void print_failure(const struct progress *p, const struct result *r)
{
	const char *red = p->colour ? "\033[31m" : "";
	const char *plain = p->colour ? "\033[0m" : "";

	fprintf(stderr, "%s%s%s  %s: %s\n", red, verdict_name(r->verdict), plain, r->id,
	        r->evidence != NULL ? r->evidence : "");
	print_tail(r);
}

static void print_line(const struct progress *p, size_t settled, const struct result *r)
{
	char wall[32];
	int width = snprintf(NULL, 0, "%zu", p->total);

	fprintf(stderr, "[%*zu/%zu] %-14s %9s  %s%s%s\n", width, settled + 1, p->total, verdict_name(r->verdict),
	        units_duration(wall, sizeof wall, r->wall_ns), r->id, r->as_expected ? "" : ": ",
	        r->as_expected || r->evidence == NULL ? "" : r->evidence);
	if (!r->as_expected || p->verbose)
		print_tail(r);
}

static void on_ended(void *arg, size_t settled, size_t total, const struct suite_test *t, const struct result *r)
{
	struct progress *p = arg;

	p->settled = settled + 1;
	p->total = total;
	p->unexpected += !r->as_expected;
	p->done += weight_of(p, t);
	p->slow_said_ns = 0;
	forget(p, t);
	if (p->how == HOW_LINES)
		print_line(p, settled, r);
	if (p->how == HOW_BAR && (!r->as_expected || p->verbose)) {
		clear_line(p);
		if (r->as_expected)
			print_line(p, settled, r);
		else
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

struct progress *progress_new(const struct pipeline *j, struct runner_hooks *hooks)
{
	const struct app *app = j->app;
	struct progress *p = calloc(1, sizeof *p);
	struct err none = { 0 };

	if (p == NULL)
		return NULL;
	p->how = choose(app);
	p->colour = app->err_colour;
	p->verbose = opt_flag(&app->opts, "verbose");
	p->begun_ns = clock_now_ns();
	p->has_last = p->how == HOW_BAR && run_load(SG_LATEST, &p->last, &none) == 0;
	for (size_t i = 0; i < j->selected; i++)
		p->all += weight_of(p, &j->suite.tests[j->selection[i]]);
	*hooks = (struct runner_hooks){ on_started, on_sampled, on_ended, on_note, p };
	return p;
}

void progress_free(struct progress *p)
{
	if (p == NULL)
		return;
	clear_line(p);
	run_deinit(&p->last);
	free(p);
}
