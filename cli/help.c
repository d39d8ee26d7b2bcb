// Help, the man page and shell completion: all from the tables in options.c.
#include "cli.h"
#include "verdict.h"

#include <stdio.h>
#include <string.h>

struct example {
	uint32_t commands;
	const char *command, *what;
};

static const struct example examples[] = {
	{ BIT(JOB), "stressgen --depth 10000", "the whole way: generate, run, report" },
	{ BIT(JOB), "stressgen --depth 10000 --slab-capacity 256K",
	  "a slab that is too small: see what breaks, and how" },
	{ BIT(JOB), "stressgen --depth 10000 --target-cmd './mylisp {file}' --dialect mylisp.dialect",
	  "a runtime of your own" },
	{ BIT(JOB), "stressgen --resume", "go on with the latest run after a crash or a Ctrl-C" },
	{ BIT(GEN), "stressgen gen --depth 5000 -o suite", "the suite alone" },
	{ BIT(GEN), "stressgen gen --kernel my.kernel --target python -o suite",
	  "a kernel of your own, in one language" },
	{ BIT(GEN), "stressgen gen --random 500 --seed 7 -o suite", "random kernels, the same for the same seed" },
	{ BIT(SHRINK), "stressgen shrink other/random-7-123.python3",
	  "a failing test of the latest run, as small as it still fails" },
	{ BIT(SHRINK), "stressgen shrink my.kernel --target guile -o small", "a kernel that fails on one target" },
	{ BIT(CLIFF), "stressgen cliff recursion/sum --target python3",
	  "the depth from which it breaks, and how" },
	{ BIT(CLIFF), "stressgen cliff --all --target all --limit time=2s,memory=1G",
	  "a table and a map of all kernels on all targets" },
	{ BIT(GEN), "stressgen gen --check my.kernel", "what is wrong in a kernel, at file:line:column" },
	{ BIT(RUN), "stressgen run suite", "run a suite and report" },
	{ BIT(RUN), "stressgen run suite --only 'recursion/*'", "only the tests whose id matches" },
	{ BIT(RUN), "stressgen run tests/*.sh", "anything that can be executed is a test" },
	{ BIT(RUN), "stressgen run suite --parallel --filter 'kind(gc) & tag(smoke) - target(python3)'",
	  "several at a time, of those that the expression fits" },
	{ BIT(RUN), "stressgen run suite --last-failed", "what failed last time" },
	{ BIT(RUN), "stressgen run -- ./prog --arg", "one command as a test, with the allocator instrumented" },
	{ BIT(RUN), "stressgen run suite --against ./build-of-main/lua",
	  "in pairs with another build: what differs, and what is noise" },
	{ BIT(H2), "stressgen h2 http://127.0.0.1:8080/ -c 10 -m 100 -n 1M",
	  "a million requests as fast as they go" },
	{ BIT(H2), "stressgen h2 http://127.0.0.1:8080/ -c 10 -m 10 -D 30s --warm-up 5s -H 'accept: text/html'",
	  "for half a minute, warmed up" },
	{ BIT(H2), "stressgen h2 https://127.0.0.1:8443/ -k -c 10 -m 100 --rate 2k -D 30s",
	  "an open loop: 2000 a second whatever the server does, latencies from when each was due" },
	{ BIT(H2), "stressgen h2 http://127.0.0.1:50051/echo.Echo/Say --grpc-message 'hello %{n}' -n 10k",
	  "gRPC calls, each with a message of its own" },
	{ BIT(AB), "stressgen ab --alloc glibc --alloc jemalloc -- ./prog args",
	  "which malloc is better for ./prog, at what, and by how much" },
	{ BIT(AB), "stressgen ab --a ./build-of-main/prog --b ./build/prog suite --precision 0.5% --budget 30m",
	  "two builds over a suite, until the intervals are within half a percent" },
	{ BIT(AB), "stressgen ab --env MALLOC_ARENA_MAX=1 -- ./prog", "a setting, against being without it" },
	{ BIT(BISECT), "stressgen bisect --good v1.2 --bad main --build 'make -j4' -- ./prog args",
	  "the commit from which ./prog takes longer" },
	{ BIT(BISECT), "stressgen bisect --good HEAD~40 --bad HEAD --build make --metric memory -- ./prog",
	  "the commit from which it peaks higher" },
	{ BIT(RECORD), "stressgen record -o app.sgtrace -- ./app args", "what ./app asks of malloc" },
	{ BIT(REPLAY), "stressgen replay app.sgtrace --alloc mimalloc", "the same calls on another malloc" },
	{ BIT(H2_CLIENTS), "stressgen h2-clients -- curl -sS -m 5 --http2-prior-knowledge {url}",
	  "does it hang, crash, or call a success what is none?" },
	{ BIT(H2_SERVER), "stressgen h2-server --port 8080 --bind 127.0.0.1,::1",
	  "curl --http2-prior-knowledge http://127.0.0.1:8080/events?every=200ms" },
	{ BIT(H2_SERVER), "stressgen h2-server --goaway-after 100", "a rolling restart without an end" },
	{ BIT(H2_FUZZ), "stressgen h2-fuzz --embedded --seed 1 --cases 10000", "our own server" },
	{ BIT(H2_FUZZ), "stressgen h2-fuzz -- nghttpd --no-tls {port}",
	  "a server that is started again when it breaks" },
	{ BIT(REPORT), "stressgen report", "the latest run's summary again" },
	{ BIT(REPORT), "stressgen report RUN --format json | jq .summary", "for other programs" },
	{ BIT(COMPARE), "stressgen compare stressgen-runs/before stressgen-runs/after",
	  "what differs, and whether that can be more than noise" },
	{ BIT(COMPARE), "stressgen compare base1,base2 head1,head2 --format md",
	  "two sets of runs, for a merge request" },
	{ BIT(HISTORY), "stressgen history add RUN --anchor ANCHOR_RUN && stressgen history trend",
	  "a nightly job: record, and fail when something moved two nights running" },
	{ BIT(HISTORY), "stressgen history show p99 --test 'gc/*'", "a metric over the nights" },
	{ BIT(HISTORY), "stressgen history annotate 812 'new collector' --accept --test 'gc/*'",
	  "what is meant: the baseline moves" },
	{ BIT(HISTORY), "stressgen history export --metric time > times.csv", "for other programs" },
	{ BIT(LIST), "stressgen list", "the catalogue of kernels and scenarios" },
	{ BIT(LIST), "stressgen list suite --only 'gc/*'", "a suite's tests in their order" },
	{ BIT(TARGETS), "stressgen targets", "what can be stressed here, and what would bring the rest" },
	{ BIT(DOCTOR), "stressgen doctor", "which limits hold on this machine, and what would help" },
	{ BIT(COMPLETION), "stressgen completion bash > ~/.local/share/bash-completion/completions/stressgen",
	  "complete commands and options" },
};

static const struct {
	int code;
	const char *what;
} exit_codes[] = {
	{ SG_EXIT_OK, "all tests ended as expected" },
	{ SG_EXIT_TESTS, "a test did not end as expected" },
	{ SG_EXIT_USAGE, "usage or bad input" },
	{ SG_EXIT_MISSING, "a resource or target that was asked for is missing" },
	{ SG_EXIT_NOTHING, "nothing was selected" },
	{ SG_EXIT_INTERNAL, "a fault in stressgen" },
	{ SG_EXIT_UNTRUSTED, "the results cannot be trusted (said why)" },
	{ SG_EXIT_PROTECTED, "self-protection stopped the run" },
	{ SG_EXIT_SIGNAL, "plus N: stopped by signal N" },
};

static const char about[] =
        "stressgen generates stress tests for garbage collectors, recursion and HTTP/2, runs each in a process of "
        "its own with the allocator instrumented, and reports where things break, how, and what they cost.";

static const char modes[] =
        "\nWhich mode when:\n"
        "  sequential (default)    servers, timers, event streams, and whatever measures time: they starve each\n"
        "                          other when they run at once\n"
        "  --parallel              tests that own nothing; @Serial and @Resource in a header keep others away\n"
        "  --container-sequential  tests that must not see each other, the network or the machine's files\n"
        "  --safe-mode             programs that nobody trusts\n";

static void add_usage(enum command_id c, struct buf *out)
{
	const struct subcommand *cmd = &cli_commands[c];
	const char *gap = cmd->name[0] != '\0' ? " " : "";

	buf_addf(out, "Usage: stressgen%s%s [options]%s%s\n", gap, cmd->name, cmd->args[0] != '\0' ? " " : "",
	         cmd->args);
}

static void add_commands(struct buf *out)
{
	for (size_t i = 1; i < COMMAND_COUNT; i++)
		buf_addf(out, "  %-12s%s\n", cli_commands[i].name, cli_commands[i].help);
}

static void add_examples(uint32_t bit, struct buf *out)
{
	for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++)
		if ((examples[i].commands & bit) != 0)
			buf_addf(out, "  %s\n      %s\n", examples[i].command, examples[i].what);
}

// Those of the command that `run` has too, or those that it has not.
static void add_options(uint32_t bit, bool of_run, unsigned columns, struct buf *out)
{
	for (size_t i = 0; i < cli_option_count; i++)
		if ((cli_options[i].commands & bit) != 0 && ((cli_options[i].commands & BIT(RUN)) != 0) == of_run)
			opt_help_row(&cli_options[i], columns, out);
}

// Commands that make a run of one thing: what they do is said by their own options, beside all that a run has.
static bool has_own_options(uint32_t bit)
{
	return (bit & (BIT(H2) | BIT(H2_CLIENTS) | BIT(REPLAY))) != 0;
}

static void help_command_short(enum command_id c, unsigned columns, struct buf *out)
{
	const uint32_t bit = UINT32_C(1) << c;

	add_usage(c, out);
	buf_addf(out, "\n%s\n\nExamples:\n", cli_commands[c].help);
	add_examples(bit, out);
	if (has_own_options(bit)) {
		buf_adds(out, "\nOptions:\n");
		add_options(bit, false, columns, out);
	}
	buf_addf(out, "\nstressgen %s --help has every option.\n", cli_commands[c].name);
}

void help_short(enum command_id c, unsigned columns, struct buf *out)
{
	if (c != COMMAND_JOB) {
		help_command_short(c, columns, out);
		return;
	}
	buf_addf(out, "Usage: stressgen [--depth N] [options]    %s\n", cli_commands[COMMAND_JOB].help);
	buf_adds(out, "       stressgen COMMAND [options]\n\nCommands:\n");
	add_commands(out);
	buf_adds(out, "\nOften used:\n"
	              "  --depth N           how deep to recurse (10000)\n"
	              "  --slab-capacity S   the fixed slab of Lua and the evaluator, e.g. 256K\n"
	              "  --target NAME       only this target\n"
	              "  -o DIR              where the run goes\n"
	              "  --resume            go on with an interrupted run\n\n"
	              "stressgen --help, or stressgen COMMAND --help, has every option, examples first.\n");
}

void help_full(enum command_id c, unsigned columns, struct buf *out)
{
	uint32_t bit = UINT32_C(1) << c;

	add_usage(c, out);
	buf_addf(out, "\n%s\n\nExamples:\n", cli_commands[c].help);
	add_examples(bit, out);
	if (c == COMMAND_JOB) {
		buf_adds(out, "\nCommands:\n");
		add_commands(out);
	}
	if ((bit & (BIT(JOB) | BIT(RUN))) != 0)
		buf_adds(out, modes);
	if (has_own_options(bit)) {
		buf_adds(out, "\nOptions:\n");
		add_options(bit, false, columns, out);
		buf_adds(out, "\nOptions of every run:\n");
		add_options(bit, true, columns, out);
	} else {
		buf_adds(out, "\nOptions:\n");
		for (size_t i = 0; i < cli_option_count; i++)
			if ((cli_options[i].commands & bit) != 0)
				opt_help_row(&cli_options[i], columns, out);
	}
	buf_adds(out, "\nExit codes:\n");
	for (size_t i = 0; i < sizeof exit_codes / sizeof exit_codes[0]; i++)
		buf_addf(out, "  %3d  %s\n", exit_codes[i].code, exit_codes[i].what);
	buf_adds(
	        out,
	        "\nOptions may also stand in stressgen.conf (one 'name = value' a line) or in the environment as\n"
	        "STRESSGEN_NAME; --show-config tells which one won.\n");
}

// ---- the man page -------------------------------------------------------------------------------------------

static void add_roff(const char *text, struct buf *out)
{
	if (*text == '.' || *text == '\'')
		buf_adds(out, "\\&");
	for (; *text != '\0'; text++) {
		if (*text == '-')
			buf_adds(out, "\\-");
		else if (*text == '\\')
			buf_adds(out, "\\e");
		else if (*text == '\'')
			buf_adds(out, "\\(aq");
		else
			buf_addc(out, *text);
	}
}

static void add_man_option(const struct opt *o, struct buf *out)
{
	buf_adds(out, ".TP\n.B ");
	if (o->short_name != 0)
		buf_addf(out, "\\-%c\\fR, \\fB", o->short_name);
	buf_adds(out, "\\-\\-");
	add_roff(o->name, out);
	if (o->value != NULL)
		buf_addf(out, " \\fI%s", o->value);
	buf_adds(out, "\n");
	add_roff(o->help, out);
	if (o->def != NULL && o->type != OPT_FLAG) {
		buf_adds(out, " Default: ");
		add_roff(o->def, out);
		buf_addc(out, '.');
	}
	buf_adds(out, "\n");
}

void help_man(struct buf *out)
{
	buf_adds(out, ".TH STRESSGEN 1 \"\" \"stressgen " SG_VERSION "\" \"User Commands\"\n.SH NAME\n"
	              "stressgen \\- stress\\-test and benchmark suites for runtimes, allocators and HTTP/2\n"
	              ".SH SYNOPSIS\n.B stressgen\n[\\fIoptions\\fR]\n.br\n.B stressgen\n\\fIcommand\\fR "
	              "[\\fIoptions\\fR]\n"
	              ".SH DESCRIPTION\n");
	add_roff(about, out);
	buf_adds(out, "\n.SH COMMANDS\n");
	for (size_t i = 1; i < COMMAND_COUNT; i++) {
		buf_addf(out, ".TP\n.B %s\n", cli_commands[i].name);
		add_roff(cli_commands[i].help, out);
		buf_adds(out, "\n");
	}
	buf_adds(out, ".SH OPTIONS\n");
	for (size_t i = 0; i < cli_option_count; i++)
		add_man_option(&cli_options[i], out);
	buf_adds(out, ".SH EXAMPLES\n");
	for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
		buf_adds(out, ".TP\n.B ");
		add_roff(examples[i].command, out);
		buf_adds(out, "\n");
		add_roff(examples[i].what, out);
		buf_adds(out, "\n");
	}
	buf_adds(out, ".SH EXIT STATUS\n");
	for (size_t i = 0; i < sizeof exit_codes / sizeof exit_codes[0]; i++) {
		buf_addf(out, ".TP\n.B %d\n", exit_codes[i].code);
		add_roff(exit_codes[i].what, out);
		buf_adds(out, "\n");
	}
	buf_adds(out,
	         ".SH FILES\n.TP\n.B stressgen.conf\nOptions, one \\(aqname = value\\(aq a line; searched in the "
	         "working directory and its parents, then in $XDG_CONFIG_HOME/stressgen/.\n"
	         ".TP\n.B stressgen\\-runs/\nThe runs: journal, report.html, report.json, junit.xml, "
	         "metrics.prom.\n");
}
