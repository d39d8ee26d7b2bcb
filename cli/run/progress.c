// What the person sees while tests run: one live line on a terminal, else a line a test.
#include "clock.h"
#include "history.h"
#include "live.h"
#include "pipeline.h"
#include "units.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum how { HOW_NONE, HOW_LINES, HOW_BAR };

#define BAR_CELLS 16U
#define RUNNING_SHOWN 8U
#define RUNNING_MOST 256U // as many workers as there may be
#define TAIL_LINES 5U
#define REDRAW_NS (50 * SG_NS_PER_MS)
#define HISTORY_WAIT_MS 200U

// A test that runs now.
struct running {
	const struct suite_test *t;
	uint64_t slow_at_ns;        // the age at which it is next said to be slow
	uint64_t age_ns, rss_bytes; // at its last look
};

struct progress {
	const struct pipeline *j;
	enum how how;
	bool colour, verbose;
	bool line_there; // a live line is on the screen
	size_t settled, total;
	size_t unexpected;
	uint64_t begun_ns, drawn_ns;
	struct running running[RUNNING_MOST];
	size_t running_count;
	uint64_t slow_after_ns; // 0: never
	const struct suite *suite;
	double *weights; // by index in the suite: what each took in earlier runs, in ns; one that nobody timed the
	                 // average
	bool timed;      // at least one was
	unsigned workers;
	double done, all;  // sums of weights
	uint64_t ended_ns; // when the last test ended, since the beginning
	const char *live;  // where an HTTP/2 load says how far it is; NULL
	uint64_t live_said_ns;
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

static double weight_of(const struct progress *p, const struct suite_test *t)
{
	return p->weights[t - p->suite->tests];
}

// What the last run, else the history, says of each test that is selected.
static void read_weights(struct progress *p, const struct pipeline *j)
{
	struct history *history = NULL;
	struct run last = { 0 };
	struct err none = { 0 };
	const bool has_last = run_load(SG_LATEST, &last, &none) == 0;
	double sum = 0;
	size_t known = 0;

	history_open(opt_text(&j->app->opts, "db"), HISTORY_READ, HISTORY_WAIT_MS, &history, NULL);
	for (size_t i = 0; i < j->selected; i++) {
		const struct suite_test *t = &j->suite.tests[j->selection[i]];
		const struct result *r = has_last ? run_find(&last, t->id) : NULL;
		const uint64_t ns = r != NULL ? r->wall_ns : history_duration_ns(history, t->id);

		p->weights[j->selection[i]] = (double)ns;
		sum += (double)ns;
		known += ns > 0;
	}
	p->timed = known > 0;
	for (size_t i = 0; i < j->selected; i++) {
		double *weight = &p->weights[j->selection[i]];

		if (*weight <= 0)
			*weight = known > 0 ? sum / (double)known : 1;
		p->all += *weight;
	}
	history_close(history);
	run_deinit(&last);
}

// Earlier times say it from the beginning; how this run has kept to them, up to its last end of a test, corrects
// that.
static void add_estimate(const struct progress *p, struct buf *words)
{
	const uint64_t passed_ns = clock_now_ns() - p->begun_ns;
	const double pace = p->done > 0 ? (double)p->ended_ns / p->done : 1.0 / p->workers;
	double left_ns;
	uint64_t left_s;

	if (p->done >= p->all || (!p->timed && (p->done <= 0 || passed_ns < 2 * SG_NS_PER_S)))
		return;
	left_ns = (p->all - p->done) * pace - (double)(passed_ns - p->ended_ns);
	left_s = left_ns > 0 ? (uint64_t)(left_ns / 1e9) + 1 : 1;
	if (left_s < 60)
		buf_addf(words, ", %" PRIu64 " s left", left_s);
	else if (left_s < 3600)
		buf_addf(words, ", %" PRIu64 " min left", (left_s + 59) / 60);
	else
		buf_addf(words, ", %" PRIu64 " h %" PRIu64 " min left", left_s / 3600, left_s % 3600 / 60);
}

// ---- the live line
// ----------------------------------------------------------------------------------------------

#define RUNNING_LEAST 24U // columns of each running test
#define NAME_LEAST 5U     // of them its name's

// "  2.30 s  3.91 MiB"; nothing of a test that has not been looked at.
static void add_figures(const struct running *r, struct buf *words)
{
	char text[32];

	if (r->age_ns > SG_NS_PER_S / 2)
		buf_addf(words, "  %s",
		         units_duration(text, sizeof text, r->age_ns / SG_NS_PER_MS * SG_NS_PER_MS));
	if (r->rss_bytes > 0)
		buf_addf(words, "  %s", units_bytes(text, sizeof text, r->rss_bytes));
}

// What runs, each with its age and memory, in `room` columns: of a name that is too long the end stays, in which
// names differ.
static void add_running(const struct progress *p, size_t room, struct buf *words)
{
	size_t shown = p->running_count < RUNNING_SHOWN ? p->running_count : RUNNING_SHOWN, share;

	while (shown > 1 && room / shown < RUNNING_LEAST)
		shown--;
	if (p->running_count > shown) {
		buf_addf(words, "  %zu run:", p->running_count);
		room = room > 10 ? room - 10 : 0;
	}
	share = shown > 0 ? room / shown : 0;
	for (size_t i = 0; i < shown; i++) {
		const struct running *r = &p->running[i];
		struct buf figures = { 0 };
		size_t len = strlen(r->t->id), most;

		add_figures(r, &figures);
		most = share > figures.len + NAME_LEAST + 2 ? share - figures.len - 2 : NAME_LEAST;
		if (shown > 1 ||
		    share >= (len < NAME_LEAST ? len : NAME_LEAST) + 2 + figures.len) // else figures alone
			buf_addf(words, "%s%s%s", i > 0 ? ", " : "  ", len > most ? ".." : "",
			         r->t->id + (len > most ? len - most + 2 : 0));
		buf_adds(words, buf_text(&figures));
		buf_deinit(&figures);
	}
}

// ---- a load, while it runs ----------------------------------------------------------------------------------

#define LIVE_LINE_NS (10 * SG_NS_PER_S) // off a terminal, how often it is told

// About how long it goes on: no finer than it is known.
static void add_left(uint64_t seconds, struct buf *words)
{
	char text[32];

	if (seconds < 60)
		buf_addf(words, ", %" PRIu64 " s left", seconds);
	else
		buf_addf(words, ", %s left", units_duration(text, sizeof text, seconds * SG_NS_PER_S));
}

static bool add_live(const struct progress *p, struct buf *words)
{
	struct h2_live_figures f;
	char done[32], rate[32], p50[32], p99[32];

	if (p->live == NULL || h2_live_read(p->live, &f) < 0)
		return false;
	buf_addf(words, "%s done, %s/s", units_count(done, sizeof done, f.done),
	         units_count(rate, sizeof rate, f.rate));
	if (f.p99_ns > 0) // some are right
		buf_addf(words, ", p50 %s, p99 %s", units_duration(p50, sizeof p50, f.p50_ns),
		         units_duration(p99, sizeof p99, f.p99_ns));
	buf_addf(words, ", %" PRIu64 " wrong", f.wrong);
	if (f.left_ns > 0)
		add_left(f.left_ns / SG_NS_PER_S + 1, words);
	return true;
}

static void say_live(struct progress *p, uint64_t age_ns)
{
	struct buf words = { 0 };

	if (age_ns < p->live_said_ns + LIVE_LINE_NS)
		return;
	p->live_said_ns = age_ns;
	if (add_live(p, &words))
		fprintf(stderr, "%s\n", buf_text(&words));
	buf_deinit(&words);
}

static bool draw_live(struct progress *p, size_t columns)
{
	struct buf words = { 0 };
	const bool there = add_live(p, &words);

	if (there) {
		fprintf(stderr, "\r\033[K%.*s", (int)(columns > 1 ? columns - 1 : 1), buf_text(&words));
		fflush(stderr);
		p->line_there = true;
		p->drawn_ns = clock_now_ns();
	}
	buf_deinit(&words);
	return there;
}

// What a line may leave out where the terminal is narrow, first what is missed least.
enum line_room { ROOM_ALL, ROOM_NO_BAR, ROOM_NO_ESTIMATE, ROOM_SHORT_COUNTS };

// How far the run is: "] 3/10, 1 unexpected, 12 s left".
static void add_counts(const struct progress *p, enum line_room room, struct buf *words)
{
	buf_addf(words, "%s%zu/%zu", room < ROOM_NO_BAR ? "] " : "", p->settled, p->total);
	if (p->unexpected > 0)
		buf_addf(words, room < ROOM_SHORT_COUNTS ? ", %zu unexpected" : " !%zu", p->unexpected);
	if (room < ROOM_NO_ESTIMATE)
		add_estimate(p, words);
}

// Its widest form that leaves the running test its columns; returns the bar's, and the words behind it.
static size_t compose(const struct progress *p, size_t columns, struct buf *words)
{
	const size_t whole = columns >= 4 * BAR_CELLS ? BAR_CELLS : columns / 6;
	size_t cells = whole, used = 0;

	for (enum line_room room = ROOM_ALL; room <= ROOM_SHORT_COUNTS; room++) {
		cells = room < ROOM_NO_BAR ? whole : 0;
		buf_clear(words);
		add_counts(p, room, words);
		used = (cells > 0 ? cells + 1 : 0) + words->len + 1; // the last column stays free
		if (p->running_count == 0 ? used <= columns : used + RUNNING_LEAST <= columns)
			break;
	}
	add_running(p, columns > used ? columns - used : 0, words);
	return cells;
}

static void draw(struct progress *p)
{
	const size_t columns = terminal_width();
	struct buf words = { 0 };
	size_t cells, filled;

	if (draw_live(p, columns))
		return;
	cells = compose(p, columns, &words);
	filled = p->all > 0 ? (size_t)(p->done / p->all * (double)cells) : 0;
	// A line that wraps cannot be drawn over. Cutting between bytes of one character harms nothing for long.
	fputs(cells > 0 ? "\r\033[K[" : "\r\033[K", stderr);
	for (size_t i = 0; i < cells; i++)
		fputs(i < filled ? "━" : " ", stderr);
	cells += cells > 0 ? 2 : 1; // the bracket, and the last column
	if (columns > cells)
		fprintf(stderr, "%.*s", (int)(columns - cells), buf_text(&words));
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
	if (p->running_count < RUNNING_MOST)
		p->running[p->running_count++] = (struct running){ .t = t, .slow_at_ns = p->slow_after_ns };
	// Redrawing for tests of a millisecond would cost more than they do.
	if (p->how == HOW_BAR && clock_now_ns() - p->drawn_ns >= REDRAW_NS)
		draw(p);
}

static struct running *find_running(struct progress *p, const struct suite_test *t)
{
	for (size_t i = 0; i < p->running_count; i++)
		if (p->running[i].t == t)
			return &p->running[i];
	return NULL;
}

static void forget(struct progress *p, const struct suite_test *t)
{
	struct running *r = find_running(p, t);

	if (r == NULL)
		return;
	p->running_count--;
	memmove(r, r + 1, (size_t)(&p->running[p->running_count] - r) * sizeof *r);
}

// A slow test is said after a minute, two, four, ...
static void on_sampled(void *arg, const struct suite_test *t, uint64_t age_ns, uint64_t rss_bytes)
{
	struct progress *p = arg;
	struct running *r = find_running(p, t);
	char age[32];

	if (r == NULL)
		return;
	r->age_ns = age_ns;
	r->rss_bytes = rss_bytes;
	if (p->how == HOW_BAR && clock_now_ns() - p->drawn_ns >= REDRAW_NS)
		draw(p);
	if (p->how == HOW_LINES && p->live != NULL) {
		say_live(p, age_ns);
		return;
	}
	if (p->how == HOW_NONE || r->slow_at_ns == 0 || age_ns < r->slow_at_ns)
		return;
	clear_line(p);
	fprintf(stderr, "SLOW: %s has run for %s\n", t->id, units_duration(age, sizeof age, r->slow_at_ns));
	while (r->slow_at_ns <= age_ns)
		r->slow_at_ns *= 2;
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
	const bool says_why = (!r->as_expected || r->verdict == VERDICT_SKIPPED || r->verdict == VERDICT_FLAKY) &&
	                      r->evidence != NULL;
	char wall[32];
	int width = snprintf(NULL, 0, "%zu", p->total);

	fprintf(stderr, "[%*zu/%zu] %-14s %9s  %s%s%s%s%s\n", width, settled + 1, p->total,
	        verdict_name(r->verdict), r->wall_ns > 0 ? units_duration(wall, sizeof wall, r->wall_ns) : "",
	        r->id, says_why ? ": " : "", says_why ? r->evidence : "",
	        r->quarantine != NULL ? ": in quarantine " : "", r->quarantine != NULL ? r->quarantine : "");
	if (!r->as_expected || p->verbose)
		print_tail(r);
}

static void on_ended(void *arg, size_t settled, size_t total, const struct suite_test *t, const struct result *r)
{
	struct progress *p = arg;

	p->settled = settled + 1;
	p->total = total;
	p->unexpected += result_failed(r);
	p->done += weight_of(p, t);
	p->ended_ns = clock_now_ns() - p->begun_ns;
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

static void on_again(void *arg, const struct suite_test *t, __attribute__((unused)) const struct result *r)
{
	forget(arg, t);
}

static void on_note(void *arg, const char *text)
{
	struct progress *p = arg;

	clear_line(p);
	fprintf(stderr, "stressgen: %s\n", text);
}

static void on_step(void *arg, const struct runner_step *step)
{
	on_note(arg, step->text);
}

static void on_begun(void *arg)
{
	const struct progress *p = arg;

	pipeline_begun(p->j);
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

	if (p == NULL)
		return NULL;
	p->j = j;
	p->how = choose(app);
	p->colour = app->err_colour;
	p->verbose = opt_flag(&app->opts, "verbose");
	p->begun_ns = clock_now_ns();
	p->live = app->command == COMMAND_H2 ? getenv(H2_LIVE_ENV) : NULL;
	p->slow_after_ns = opt_number(&app->opts, "slow-after");
	p->suite = &j->suite;
	p->workers = pipeline_workers(&app->opts);
	p->weights = calloc(j->suite.count + 1, sizeof *p->weights);
	if (p->weights == NULL) {
		free(p);
		return NULL;
	}
	if (p->how == HOW_BAR)
		read_weights(p, j);
	*hooks =
	        (struct runner_hooks){ on_started, on_sampled, on_ended, on_note, p, on_step, on_again, on_begun };
	return p;
}

void progress_free(struct progress *p)
{
	if (p == NULL)
		return;
	clear_line(p);
	free(p->weights);
	free(p);
}
