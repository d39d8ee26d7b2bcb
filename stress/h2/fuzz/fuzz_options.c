// The mutating mode as a command.
#include "fuzz_options.h"

#include "fuzz.h"
#include "io.h"
#include "rng.h"
#include "server_options.h"
#include "verdict.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define LOG "h2-fuzz-server.log"

// Which server: exactly one kind, but a command may have its URL in front.
static int choose(const struct opt_set *o, const char *program, struct fuzz_server_config *s,
                  struct h2_target *url, struct err *e)
{
	const char *target = opt_given(o, "h2-target") ? opt_text(o, "h2-target") : NULL;
	const bool embedded = opt_flag(o, "embedded") && !target;
	s->engine = opt_text(o, "h2-engine");
	if (target)
		return h2_target_parse(target, url, e) < 0 ? -EINVAL : (s->url = url, 0);
	if (o->rest)
		s->command = o->rest;
	if (embedded)
		s->program = program;
	if (o->arg_count == 1 && h2_target_parse(o->args[0], url, e) < 0)
		return -EINVAL;
	if (o->arg_count == 1)
		s->url = url;
	if (o->arg_count > 1 || (o->rest && o->rest_count == 0) ||
	    embedded == (o->arg_count > 0 || o->rest != NULL))
		return err_set(e, EINVAL,
		               "mutate against which server? One of: a URL, --embedded, or -- COMMAND, which may "
		               "have its URL in front and {port} in it");
	return 0;
}

static int check_path(const char *path, struct err *e)
{
	if (path[0] != '/' || strpbrk(path, "\"\\ \t\r\n"))
		return err_set(e, EINVAL, "--healthy-path %.60s: a path begins with / and has no blanks or quotes",
		               path);
	return 0;
}

static int run(const struct opt_set *o, struct fuzz_config *c, struct err *e)
{
	struct fuzz_result r;
	const char *frames = opt_text(o, "frames");
	int rc = frames ? h2_tap_open_for(frames, "h2-fuzz", &c->tap, e) : 0;
	unsetenv("STRESSGEN_FRAMES"); // the server that we start has nothing to do with it
	if (rc < 0)
		return SG_EXIT_USAGE;
	signal(SIGPIPE, SIG_IGN);
	if (!c->tells) // else it stands in the last line, and a report shows that
		fprintf(stderr, "seed %" PRIu64 "\n", c->seed);
	rc = fuzz_run(c, &r, e);
	if (h2_tap_close(c->tap, e) < 0)
		return SG_EXIT_INTERNAL;
	if (rc == -ENOENT)
		return SG_EXIT_MISSING;
	if (rc < 0)
		return rc == -ENOMEM ? SG_EXIT_INTERNAL : SG_EXIT_USAGE;
	return r.breaks ? SG_EXIT_TESTS : SG_EXIT_OK;
}

int h2_fuzz_command(const struct opt_set *o, const char *program, struct err *e)
{
	struct h2_target url;
	const char *named = opt_text(o, "output"), *temp = getenv("TMPDIR");
	const bool tells = named && strcmp(named, "-") == 0;
	const char *dir = tells ? (temp && *temp ? temp : "/tmp") : named;
	struct fuzz_config c = {
		.seed = opt_given(o, "seed") ? opt_number(o, "seed") : rng_fresh_seed(),
		.first = opt_number(o, "first-case"),
		.count = opt_number(o, "cases"),
		.path = opt_text(o, "healthy-path"),
		.wait_ns = opt_number(o, "reaction-time"),
		.time_ns = opt_number(o, "healthy-time"),
		.growth_bytes = opt_number(o, "growth"),
		.most_breaks = opt_number(o, "most-breaks"),
		.dir = dir ? dir : ".",
		.tells = tells,
		.out = stdout,
	};
	if (choose(o, program, &c.server, &url, e) < 0 || check_path(c.path, e) < 0 || io_make_dirs(c.dir, e) < 0)
		return SG_EXIT_USAGE;
	char *log = io_join(c.dir, LOG);
	c.server.log = log;
	const int code = log ? run(o, &c, e) : SG_EXIT_INTERNAL;
	free(log);
	return code;
}
