// stressgen-h2: the HTTP/2 client and server that tests execute.
#include "buf.h"
#include "client_trial.h"
#include "err.h"
#include "fuzz_options.h"
#include "io.h"
#include "layout.h"
#include "opt.h"
#include "run.h"
#include "scenario.h"
#include "scenario_foreign.h"
#include "server_options.h"
#include "target.h"
#include "verdict.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUN = 1, SERVER = 2, CHECK = 4, CLIENT = 8, FUZZ = 16 };

static const struct opt table[] = {
	{ .name = "h2-target",
	  .type = OPT_TEXT,
	  .value = "URL",
	  .commands = RUN | FUZZ,
	  .config = true,
	  .help = "Load this server, http://HOST:PORT or https://HOST:PORT, instead of our own. What only our server "
	          "tells (the request it saw) is then not compared. STRESSGEN_H2_TARGET says the same." },
	{ .name = "h2-path",
	  .type = OPT_TEXT,
	  .value = "PATH",
	  .commands = RUN,
	  .config = true,
	  .help = "With --h2-target: ask for this path alone, and take any status from 200 to 399 as right: for servers "
	          "without our routes. A scenario that needs more is refused. "
	          "STRESSGEN_H2_PATH says the same." },
	{ .name = "h2-insecure",
	  .type = OPT_FLAG,
	  .commands = RUN,
	  .config = true,
	  .help = "Take any certificate of --h2-target. STRESSGEN_H2_INSECURE=yes says the same." },
	{ .name = "h2-cacert",
	  .type = OPT_TEXT,
	  .value = "FILE",
	  .commands = RUN,
	  .config = true,
	  .help = "The authorities that --h2-target's certificate may be signed by, in PEM. Default: the system's. "
	          "STRESSGEN_H2_CACERT says the same." },
	{ .name = "allow-host",
	  .type = OPT_TEXT,
	  .value = "HOST",
	  .commands = RUN | CHECK,
	  .help = "Load this host although it is another machine." },
	{ .name = "i-own-this-target",
	  .type = OPT_TEXT,
	  .value = "HOST",
	  .commands = RUN | CHECK,
	  .help = "Perform a scenario with frames of its own, an attack, say, on this host although it is another "
	          "machine; --allow-host is not enough for that." },
	{ .name = "h2-engine",
	  .type = OPT_CHOICE,
	  .value = "NAME",
	  .choices = "session,wire",
	  .def = "session",
	  .commands = RUN | SERVER | FUZZ,
	  .config = true,
	  .help = "What speaks HTTP/2: session (nghttp2's, the reference) or wire (frames of our own: several times "
	          "faster). STRESSGEN_H2_ENGINE says the same." },
	{ .name = "h2-server-engine",
	  .type = OPT_CHOICE,
	  .value = "NAME",
	  .choices = "session,wire",
	  .def = "wire",
	  .commands = RUN,
	  .config = true,
	  .help = "The same of our own server. STRESSGEN_H2_SERVER_ENGINE says the same." },
	{ .name = "h2-pid",
	  .type = OPT_U64,
	  .value = "PID",
	  .min = 1,
	  .max = 4194304,
	  .commands = RUN,
	  .config = true,
	  .help = "The process of --h2-target whose CPU time and memory an attack is to be charged with, and its "
	          "descendants. Without it they are found by the port. STRESSGEN_H2_PID says the same." },
	{ .name = "server-command",
	  .type = OPT_TEXT,
	  .value = "COMMAND",
	  .commands = RUN,
	  .help = "Start this server instead of ours, and end it by SIGTERM: a command that prints \"port N\" when it "
	          "listens. What it prints at its end as @@ gc and @@ gauge lines becomes part of the result." },
	{ .name = "server-tls",
	  .type = OPT_FLAG,
	  .commands = RUN,
	  .help = "That server speaks TLS; any certificate will do." },
	H2_SERVER_OPTIONS(SERVER),
	H2_FRAMES_OPTION(RUN | SERVER | FUZZ),
	H2_LOG_OPTION(RUN),
	H2_FUZZ_OPTIONS(FUZZ),
	{ .name = "seed",
	  .type = OPT_U64,
	  .value = "N",
	  .max = UINT64_C(9007199254740991),
	  .commands = FUZZ,
	  .help = "Seed of everything random; drawn and printed when it is not given." },
	{ .name = "output",
	  .short_name = 'o',
	  .type = OPT_TEXT,
	  .value = "DIR",
	  .commands = FUZZ,
	  .help = "Where scenarios of what broke the server go; -: to stdout, and to $TMPDIR. Default: here." },
	{ .name = "help",
	  .short_name = 'h',
	  .type = OPT_FLAG,
	  .commands = RUN | SERVER | CHECK | CLIENT | FUZZ,
	  .help = "This text." },
};

#define ROWS (sizeof(table) / sizeof(table[0]))

static const struct command {
	const char *name, *args, *help;
	uint32_t bit;
	int (*run)(const struct opt_set *o, struct err *e);
} commands[];

// ---- commands -----------------------------------------------------------------------------------------------

static int fail(const struct err *e, int code)
{
	fprintf(stderr, "stressgen-h2: %s\n", e->text);
	return code;
}

// Opens what --frames names, for this scenario. The server that we start has nothing to do with it.
static int open_tap(const struct opt_set *o, const struct scenario *s, struct h2_tap **tap, struct err *e)
{
	const char *path = opt_text(o, "frames");
	int rc = path ? h2_tap_open_for(path, s->name, tap, e) : 0;
	unsetenv("STRESSGEN_FRAMES");
	return rc;
}

// Where a scenario may go: load to a host that is allowed, raw frames only to one whose owner says so.
static int resolve(const struct opt_set *o, struct scenario *s, const char *url, struct h2_target *target,
                   struct err *e)
{
	const char *own = opt_text(o, "i-own-this-target"), *allowed = opt_text(o, "allow-host");
	const struct h2_target_options where = { .connect_to = s->connect_to,
		                                 .allow_host = s->attack || !allowed ? own : allowed };
	struct err why = { 0 };
	const int rc = h2_target_resolve(url, &where, target, &why);
	if (rc == -EPERM && s->attack)
		return err_set(
		        e, EPERM,
		        "'%.200s' is not this machine, and the scenario sends frames of its own: it is performed "
		        "there only with --i-own-this-target HOST",
		        url);
	if (rc < 0)
		return err_set(e, -rc, "%s", why.text);
	return h2_target_is_here(target) ? 0 : h2_foreign_bound(s, e);
}

static int make_foreign(const struct opt_set *o, struct scenario *s, struct err *e)
{
	const char *path = opt_text(o, "h2-path"), *obstacle;
	if (!path || opt_given(o, "server-command"))
		return 0;
	if (!opt_given(o, "h2-target") || path[0] != '/')
		return err_set(e, EINVAL, "--h2-path is a path of --h2-target's, from its / on");
	if ((obstacle = h2_foreign_obstacle(s)))
		return err_set(e, EINVAL, "%s cannot be asked of another server: %s", s->name, obstacle);
	h2_foreign_ask_for(s, path);
	return 0;
}

// Our own server performs no kernel.
static int check_server(const struct opt_set *o, const struct scenario *s, const char *url, struct err *e)
{
	if (!s->serve || url || opt_given(o, "server-command"))
		return 0;
	return err_set(e, EINVAL,
	               "the scenario's server performs %s: stressgen gen --http2-serve writes such a server, and "
	               "--server-command starts it",
	               s->serve);
}

// What the server needs is not here. A test says so in its result too; it fails, as one whose runtime is gone.
static int tell_missing(const struct err *e)
{
	if (getenv("STRESSGEN_FD"))
		printf("@@ check server bad %s\n", e->text);
	return fail(e, SG_EXIT_MISSING);
}

static int run_scenario(const struct opt_set *o, struct scenario *s, struct err *e)
{
	struct h2_target target;
	const char *named = opt_given(o, "h2-target") ? opt_text(o, "h2-target") : s->target;
	const char *url =
	        opt_given(o, "server-command") ? NULL : named; // its own server goes before a run's target
	bool passed = false;
	if (url && resolve(o, s, url, &target, e) < 0)
		return fail(e, SG_EXIT_USAGE);
	if (make_foreign(o, s, e) < 0 || check_server(o, s, url, e) < 0)
		return fail(e, SG_EXIT_USAGE);
	if (url && h2_foreign_check_pid((pid_t)opt_number(o, "h2-pid"), e) < 0)
		return tell_missing(e);
	const bool server_tls = !url && opt_flag(o, "server-tls");
	s->tls.insecure |= server_tls || (url && opt_flag(o, "h2-insecure"));
	if (url && opt_text(o, "h2-cacert"))
		s->tls.ca_file = opt_text(o, "h2-cacert");
	scenario_set_scheme(s, server_tls || (url && target.tls));
	struct h2_tap *tap = NULL;
	if (open_tap(o, s, &tap, e) < 0)
		return fail(e, SG_EXIT_USAGE);
	if (tap)
		s->threads = 1; // one thread writes the file
	struct h2_log *log = NULL;
	if (opt_text(o, "log-file") && h2_log_open(opt_text(o, "log-file"), s, &log, e) < 0) {
		h2_tap_close(tap, e);
		return fail(e, SG_EXIT_USAGE);
	}
	const struct h2_run_config config = {
		.tap = tap,
		.log = log,
		.scenario = s,
		.target = url ? &target : NULL,
		.engine = h2_client_engine_named(opt_text(o, "h2-engine")),
		.server_engine = opt_text(o, "h2-server-engine"),
		.program = "/proc/self/exe",
		.server_command = opt_text(o, "server-command"),
		.server_tls = server_tls,
		.server_pid = opt_given(o, "h2-pid") ? (pid_t)opt_number(o, "h2-pid") : 0,
		.out = stdout,
	};
	int rc = h2_run(&config, &passed, e);
	const int log_rc = h2_log_close(log, e);
	if (h2_tap_close(tap, e) < 0 || log_rc < 0 || rc < 0)
		return rc == -ENOENT ? tell_missing(e) : fail(e, SG_EXIT_INTERNAL);
	if (e->text[0] != '\0')
		fail(e, SG_EXIT_TESTS);
	if (rc > 0)
		return SG_EXIT_SIGNAL + rc;
	return passed ? SG_EXIT_OK : SG_EXIT_TESTS;
}

static int command_run(const struct opt_set *o, struct err *e)
{
	struct scenario s = { 0 };
	if (o->arg_count < 1) {
		err_set(e, EINVAL,
		        "run takes one scenario file, and NAME=VALUE for its parameters; see stressgen-h2 run --help");
		return fail(e, SG_EXIT_USAGE);
	}
	int code = scenario_load_with(o->args[0], o->args + 1, o->arg_count - 1, &s, e) < 0
	                   ? fail(e, SG_EXIT_USAGE)
	                   : run_scenario(o, &s, e);
	scenario_deinit(&s);
	return code;
}

// What can be told before the load begins: the target, and the files of TLS.
static int check_target(const struct opt_set *o, struct scenario *s, struct err *e)
{
	struct h2_tls_context *tls = NULL;
	struct h2_target target;
	int rc = s->target ? resolve(o, s, s->target, &target, e) : 0;
	if (rc == 0 && s->target && target.tls)
		rc = h2_tls_client_context(&s->tls, &tls, e);
	h2_tls_context_free(tls);
	return rc;
}

static int command_check(const struct opt_set *o, struct err *e)
{
	int code = SG_EXIT_OK;
	for (size_t i = 0; i < o->arg_count; i++) {
		struct scenario s = { 0 };
		struct err own = { 0 };
		if (scenario_load(o->args[i], &s, &own) < 0 || check_target(o, &s, &own) < 0)
			code = fail(&own, SG_EXIT_USAGE);
		scenario_deinit(&s);
	}
	if (o->arg_count == 0) {
		err_set(e, EINVAL, "check takes scenario files; see stressgen-h2 check --help");
		code = fail(e, SG_EXIT_USAGE);
	}
	return code;
}

static int command_client(const struct opt_set *o, struct err *e)
{
	bool passed = false;
	if (o->arg_count != 1 || o->rest_count == 0) {
		err_set(e, EINVAL, "write: stressgen-h2 client FILE.hostile -- PROGRAM ARGS...");
		return fail(e, SG_EXIT_USAGE);
	}
	const struct h2_client_trial trial = {
		.hostile = o->args[0], .program = "/proc/self/exe", .words = o->rest, .out = stdout
	};
	int rc = h2_client_trial(&trial, &passed, e);
	if (rc < 0)
		return fail(e, rc == -ENOENT ? SG_EXIT_MISSING : rc == -EINVAL ? SG_EXIT_USAGE : SG_EXIT_INTERNAL);
	return passed ? SG_EXIT_OK : SG_EXIT_TESTS;
}

static int command_server(const struct opt_set *o, struct err *e)
{
	if (o->arg_count > 0) {
		err_set(e, EINVAL, "server takes options only, not '%.100s'; see stressgen-h2 server --help",
		        o->args[0]);
		return fail(e, SG_EXIT_USAGE);
	}
	const int code = h2_server_command(o, e);
	return code == SG_EXIT_OK ? code : fail(e, code);
}

static int command_fuzz(const struct opt_set *o, struct err *e)
{
	const int code = h2_fuzz_command(o, "/proc/self/exe", e);
	if (code == SG_EXIT_MISSING)
		return tell_missing(e);
	return code == SG_EXIT_OK || code == SG_EXIT_TESTS ? code : fail(e, code);
}

// ---- the command line ---------------------------------------------------------------------------------------

static const struct command commands[] = {
	{ "run", "FILE [NAME=VALUE]", "perform a scenario and report it in sample lines", RUN, command_run },
	{ "server", "", "serve HTTP/2 until SIGTERM", SERVER, command_server },
	{ "client", "FILE -- COMMAND", "run a client program against a hostile server and judge it", CLIENT,
	  command_client },
	{ "fuzz", "SERVER", "mutate frames against a server: " H2_FUZZ_ARGS, FUZZ, command_fuzz },
	{ "check", "SCENARIO.h2 ...", "read scenarios and say what is wrong with them", CHECK, command_check },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(name, commands[i].name) == 0)
			return &commands[i];
	return NULL;
}

static void show_commands(FILE *to)
{
	fprintf(to, "Usage: stressgen-h2 COMMAND [OPTION ...]\n\n");
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(to, "  %-8s%-18s%s\n", commands[i].name, commands[i].args, commands[i].help);
	fprintf(to, "\nstressgen-h2 COMMAND --help shows a command's options.\n");
}

static void show_options(const struct command *c)
{
	struct buf b = { 0 };
	buf_addf(&b, "Usage: stressgen-h2 %s [OPTION ...] %s\n%s.\n\n", c->name, c->args, c->help);
	for (size_t i = 0; i < ROWS; i++)
		if (table[i].commands & c->bit)
			opt_help_row(&table[i], 80, &b);
	fputs(buf_text(&b), stdout);
	buf_deinit(&b);
}

static int run_command(const struct command *c, int argc, char **argv)
{
	struct opt_set o;
	struct err e = { 0 };
	int code;
	if (opt_init(&o, table, ROWS) < 0)
		return SG_EXIT_INTERNAL;
	if (opt_parse(&o, c->bit, argc, argv, &e) < 0 || opt_environment(&o, &e) < 0 || opt_defaults(&o, &e) < 0) {
		code = fail(&e, SG_EXIT_USAGE);
	} else if (opt_flag(&o, "help")) {
		show_options(c);
		code = SG_EXIT_OK;
	} else {
		code = c->run(&o, &e);
	}
	opt_deinit(&o);
	return code;
}

int main(int argc, char **argv)
{
	const struct command *c = argc > 1 ? find_command(argv[1]) : NULL;

	layout_move_heap();
	if (io_open_standard_streams() < 0)
		return SG_EXIT_INTERNAL;
	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		show_commands(stdout);
		return SG_EXIT_OK;
	}
	if (!c) {
		if (argc > 1)
			fprintf(stderr, "stressgen-h2: unknown command '%s'\n", argv[1]);
		show_commands(stderr);
		return SG_EXIT_USAGE;
	}
	signal(SIGPIPE, SIG_IGN);
	h2_raise_file_limit();
	return run_command(c, argc - 2, argv + 2);
}
