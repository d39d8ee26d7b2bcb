// stressgen h2: load on an HTTP/2 server, as a run of one test. Its scenario is written into the run, so that what
// was done can be read there, changed, and done again.
#include "clock.h"
#include "h2_input.h"
#include "h2_scenario.h"
#include "io.h"
#include "live.h"
#include "pipeline.h"
#include "rng.h"
#include "tool.h"
#include "units.h"
#include "verdict.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SCENARIO "load.h2"
#define BODY "body"
#define REQUESTS "requests"
#define LIVE ".live"
#define MAX_BODY (64U * 1024U * 1024U)
#define CHECK_NS (UINT64_C(30000000000))

static int write_file(const char *dir, const char *name, const struct buf *text, struct err *e)
{
	char *path = io_join(dir, name);
	int rc = path != NULL ? io_replace_file(path, buf_text(text), text->len, e) : -ENOMEM;

	free(path);
	return rc == -ENOMEM ? err_set(e, ENOMEM, "out of memory") : rc;
}

static int copy_body(const char *from, const char *dir, struct err *e)
{
	struct buf bytes = { 0 };
	int rc = io_read_file(from, MAX_BODY, &bytes, e);

	if (rc == 0)
		rc = write_file(dir, BODY, &bytes, e);
	buf_deinit(&bytes);
	return rc;
}

// "PATH:7:12: what is wrong" without the place, in a file that nobody has seen and that goes away again.
static const char *without_place(const char *words, const char *path)
{
	const size_t len = strlen(path);
	const char *place = words + len;

	if (strncmp(words, path, len) != 0)
		return words;
	place += strspn(place, ":0123456789");
	return *place == ' ' ? place + 1 : words;
}

// The scenario's own reader says what is wrong with it; its last words are the reason.
static int check_scenario(const struct app *app, const char *dir, const char *host, struct err *e)
{
	char *path = io_join(dir, SCENARIO), check[] = "check";
	char allow[300];
	char *argv[] = { app->paths.h2, check, path, host[0] != '\0' ? allow : NULL, NULL };
	struct buf said = { 0 };
	int status = 0;
	int rc;

	snprintf(allow, sizeof allow, "--allow-host=%s", host);
	rc = path != NULL ? tool_run_apart(argv, CHECK_NS, &said, &status) : -ENOMEM;
	if (rc < 0) {
		err_set(e, -rc, "%s: %s", app->paths.h2, strerror(-rc));
	} else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		const char *words = buf_text(&said), *prefix = "stressgen-h2: ";

		if (strncmp(words, prefix, strlen(prefix)) == 0)
			words += strlen(prefix);
		words = without_place(words, path);
		rc = err_set(e, EINVAL, "%.*s", (int)strcspn(words, "\n"), words);
	}
	buf_deinit(&said);
	free(path);
	return rc;
}

// ---- other machines -----------------------------------------------------------------------------------------

// More than that on another machine is no load test but an attack.
#define MAX_OTHER_CONNECTIONS 1000U
#define MAX_OTHER_REQUESTS UINT64_C(100000000)
#define MAX_OTHER_RATE 100000U
#define MAX_OTHER_DURATION (3600 * SG_NS_PER_S)

// Whether --rate names none above that: its numbers are between the signs of its syntax.
static bool is_slow(const char *rate)
{
	while (rate != NULL && *rate != '\0') {
		size_t len = strcspn(rate, ",-/");
		char word[32];
		uint64_t n;

		snprintf(word, sizeof word, "%.*s", (int)(len < 31 ? len : 31), rate);
		if (units_parse_count(word, &n) == 0 && n > MAX_OTHER_RATE)
			return false;
		rate += len + (rate[len] != '\0');
	}
	return true;
}

static int check_ceilings(const struct opt_set *o, struct err *e)
{
	if (!is_slow(opt_text(o, "rate")))
		return err_set(e, EPERM, "on another machine --rate may be at most 100k");
	if (opt_given(o, "rps") && opt_number(o, "rps") * opt_number(o, "connections") > MAX_OTHER_RATE)
		return err_set(e, EPERM, "on another machine --rps times --connections may be at most 100k");
	if (opt_number(o, "connections") > MAX_OTHER_CONNECTIONS)
		return err_set(e, EPERM, "on another machine --connections may be at most %u",
		               MAX_OTHER_CONNECTIONS);
	if (opt_number(o, "requests") > MAX_OTHER_REQUESTS)
		return err_set(e, EPERM, "on another machine --requests may be at most 100M");
	if (opt_number(o, "duration") > MAX_OTHER_DURATION)
		return err_set(e, EPERM, "on another machine --duration may be at most 1h");
	return 0;
}

static bool agrees(void)
{
	char answer[16] = "";

	fputs("Load it? [y/N] ", stderr);
	return fgets(answer, sizeof answer, stdin) != NULL && (answer[0] == 'y' || answer[0] == 'Y');
}

// Where the load goes to another machine the person must mean it. host: "" where it does not.
static int confirm_host(const struct opt_set *o, const char *url, char host[280], struct err *e)
{
	const char *there = opt_text(o, "connect-to"), *base = opt_text(o, "base-uri");
	struct h2_url u;
	int rc = h2_url_parse(url, &u, e);

	host[0] = '\0';
	if (there == NULL && base != NULL && strncmp(base, "unix:", 5) == 0)
		there = base;
	if (rc < 0 || (there != NULL && strncmp(there, "unix:", 5) == 0))
		return rc;
	if (there != NULL)
		snprintf(u.authority, sizeof u.authority, "%s", there);
	h2_url_host(&u, host);
	if (h2_host_is_here(host)) {
		host[0] = '\0';
		return 0;
	}
	if (host[0] == '\0' || strpbrk(host, "{}'\"\\$`;&|<>() \t\n") != NULL)
		return err_set(e, EINVAL, "'%.80s' names no host; write HOST:PORT, [ADDRESS]:PORT of IPv6",
		               u.authority);
	rc = check_ceilings(o, e);
	if (rc < 0)
		return rc;
	fprintf(stderr, "stressgen: %s is another machine: load only what is yours, or whose owner knows.\n",
	        host);
	if (opt_flag(o, "yes") || opt_flag(o, "dry-run") || (isatty(STDIN_FILENO) && agrees()))
		return 0;
	return err_set(e, EPERM, "%s is not loaded; --yes says that you may", host);
}

// ---- the run ------------------------------------------------------------------------------------------------

// Writes the scenario and lets its reader check it.
static int write_scenario(const struct app *app, const char *dir, const struct h2_scenario_parts *parts,
                          const char *host, struct err *e)
{
	struct buf text = { 0 };
	int rc = h2_scenario_write(&app->opts, parts, &text, e);

	if (rc == 0)
		rc = write_file(dir, SCENARIO, &text, e);
	if (rc == 0)
		rc = check_scenario(app, dir, host, e);
	buf_deinit(&text);
	return rc;
}

// `seed`: of what is drawn; NULL: nothing is.
static int write_suite(const struct app *app, const char *dir, struct h2_input *in, const char *host,
                       const uint64_t *seed, struct err *e)
{
	const struct opt_set *o = &app->opts;
	const char *body = opt_text(o, "data");
	struct h2_scenario_parts parts = { .urls = in->urls,
		                           .count = in->count,
		                           .target = in->target,
		                           .all_there = in->all_there,
		                           .requests = in->requests,
		                           .body = body != NULL ? BODY : NULL,
		                           .seed = seed,
		                           .other_host = host[0] != '\0' ? host : NULL };
	int rc = io_make_dirs(dir, e);

	if (rc == 0 && body != NULL)
		rc = copy_body(body, dir, e);
	if (rc == 0)
		rc = write_scenario(app, dir, &parts, host, e);
	if (rc < 0 || in->requests == NULL || strstr(buf_text(&in->text), "(file ") != NULL)
		return rc;
	// It was right where it stands, and what is wrong would have been said of that place; the run has a copy.
	parts.requests = REQUESTS;
	rc = write_file(dir, REQUESTS, &in->text, e);
	return rc < 0 ? rc : write_scenario(app, dir, &parts, host, e);
}

// Where the load says how far it is: beside its scenario. What one that was killed said there goes.
static int make_live(const char *dir, struct err *e)
{
	char *path = io_join(dir, LIVE);
	const int rc = path != NULL && setenv(H2_LIVE_ENV, path, 1) == 0 ? 0 : -ENOMEM;

	if (rc == 0)
		unlink(path);
	free(path);
	return rc < 0 ? err_set(e, ENOMEM, "out of memory") : 0;
}

// The load's key figures, which it left where it said how far it was.
static void print_figures(const char *path)
{
	char *line = NULL;
	FILE *f = fopen(path, "re");
	struct h2_live_figures none;
	size_t size = 0;

	if (f == NULL)
		return;
	while (h2_live_read(path, &none) < 0 && getline(&line, &size, f) > 0)
		printf("  %s", line);
	fclose(f);
	free(line);
}

// The run, and the load's key figures behind it where a person reads them.
static int perform(struct pipeline *j, bool resume)
{
	const struct opt_set *o = &j->app->opts;
	const int code = pipeline_run(j, resume);

	if (!opt_flag(o, "quiet") && strcmp(opt_text(o, "format"), "text") == 0 &&
	    (opt_text(o, "events") == NULL || strcmp(opt_text(o, "events"), "-") != 0))
		print_figures(getenv(H2_LIVE_ENV));
	unlink(getenv(H2_LIVE_ENV));
	return code;
}

static int resume(struct app *app)
{
	struct pipeline j = { .app = app };
	struct err e = { 0 };
	int code, r = pipeline_recall_resumed(&j, &e);

	if (r == 0)
		r = make_live(j.suite.dir, &e);
	code = r < 0 ? complain(&e, r) : perform(&j, true);
	pipeline_deinit(&j);
	return code;
}

int cmd_h2(struct app *app)
{
	const struct opt_set *o = &app->opts;
	struct pipeline j = { .app = app };
	struct h2_input in = { 0 };
	struct err e = { 0 };
	char host[280] = "", name[] = SCENARIO, *names[] = { name }, *dir = NULL, *suite = NULL;
	const uint64_t seed = opt_given(o, "seed") ? opt_number(o, "seed") : rng_fresh_seed();
	bool drawn = false;
	int code = SG_EXIT_OK, r = 0;

	if (opt_flag(o, "resume"))
		return resume(app);
	r = h2_input_read(o, &in, &e);
	drawn = r == 0 && h2_input_is_drawn(o, &in);
	if (r == 0)
		r = confirm_host(o, in.target, host, &e);
	if (r == 0)
		r = pipeline_choose_dir(&j, "h2", &e);
	if (r == 0 && ((suite = io_join(j.run_dir, "suite")) == NULL))
		r = err_set(&e, ENOMEM, "out of memory");
	if (r == 0)
		r = write_suite(app, suite, &in, host, drawn ? &seed : NULL, &e);
	if (r == 0 && (dir = realpath(suite, NULL)) == NULL)
		r = err_set(&e, errno, "%s: %s", suite, strerror(errno));
	if (r == 0)
		r = pipeline_files(&j, dir, names, 1, &e);
	if (r == 0)
		r = make_live(dir, &e);
	if (r == 0 && drawn) {
		j.suite.seed = seed;
		say(app, "seed %" PRIu64, seed);
	}
	code = r < 0 ? complain(&e, r) : perform(&j, false);
	if (suite != NULL && (r < 0 || opt_flag(o, "dry-run") || opt_flag(o, "list")))
		io_remove_tree(suite);
	pipeline_abandon(&j);
	free(dir);
	free(suite);
	h2_input_deinit(&in);
	pipeline_deinit(&j);
	return code;
}
