// main(): which command, its options, its exit code.
#include "cli.h"
#include "io.h"
#include "verdict.h"

#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static bool wants_colour(const char *when, int fd)
{
	const char *no = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (strcmp(when, "always") == 0)
		return true;
	if (strcmp(when, "never") == 0 || (no != NULL && *no != '\0'))
		return false;
	return isatty(fd) && term != NULL && strcmp(term, "dumb") != 0;
}

static unsigned terminal_columns(void)
{
	struct winsize w;
	const char *columns = getenv("COLUMNS");

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0)
		return w.ws_col;
	return columns != NULL ? (unsigned)strtoul(columns, NULL, 10) : 0;
}

static void set_style(struct app *app)
{
	const char *when = opt_text(&app->opts, "color");

	app->out_style.colour = wants_colour(when, STDOUT_FILENO);
	app->out_style.columns = terminal_columns();
	app->err_is_terminal = isatty(STDERR_FILENO);
	app->err_colour = wants_colour(when, STDERR_FILENO);
}

static int unknown_command(const char *word, struct err *e)
{
	const char *names[COMMAND_COUNT];
	const char *near;

	for (size_t i = 0; i < COMMAND_COUNT; i++)
		names[i] = cli_commands[i].name;
	near = opt_nearest(word, names + 1, COMMAND_COUNT - 1);
	if (near != NULL && strcmp(near, word) == 0)
		return err_set(e, EINVAL, "'%s' comes first, options behind it: stressgen %s ...", word, word);
	if (near != NULL)
		return err_set(e, EINVAL, "unknown command '%s'; did you mean '%s'?", word, near);
	return err_set(e, EINVAL, "unknown command '%s'; stressgen -h lists the commands", word);
}

static int find_command(int argc, char **argv, enum command_id *id, struct err *e)
{
	*id = COMMAND_JOB;
	if (argc < 2 || argv[1][0] == '-')
		return 0;
	for (size_t i = 1; i < COMMAND_COUNT; i++) {
		if (strcmp(cli_commands[i].name, argv[1]) == 0) {
			*id = (enum command_id)i;
			return 0;
		}
	}
	return unknown_command(argv[1], e);
}

static bool has_word(int argc, char **argv, const char *word)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], word) == 0)
			return true;
	return false;
}

static int print(struct buf *text)
{
	int bad = fputs(buf_text(text), stdout) == EOF || fflush(stdout) == EOF;

	buf_deinit(text);
	return bad ? SG_EXIT_USAGE : SG_EXIT_OK;
}

// Results that did not arrive make any success untrue: 2, or 6 where a run lies behind it.
static int finish_stdout(enum command_id id, int code)
{
	struct err e = { 0 };

	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	err_set(&e, EIO, "stdout cannot be written; what was to stand there is lost");
	complain(&e, -EIO);
	if (code != SG_EXIT_OK && code != SG_EXIT_TESTS)
		return code;
	return id == COMMAND_JOB || id == COMMAND_RUN || id == COMMAND_H2 ? SG_EXIT_UNTRUSTED : SG_EXIT_USAGE;
}

// Each test would say the same by itself, later. What comes of {name} is known only then.
static int check_writable(const char *option, const char *example, const char *whole, const char *said,
                          struct err *e)
{
	const char *place = strstr(whole, "{name}");
	char dir[PATH_MAX];
	struct stat st;

	snprintf(dir, sizeof dir, "%.*s", (int)(place != NULL ? place - whole : (ptrdiff_t)strlen(whole)), whole);
	if (place == NULL && stat(dir, &st) == 0 && S_ISDIR(st.st_mode))
		return err_set(e, EISDIR, "--%s %s: that is a directory; write e.g. '%s/%s'", option, said, said,
		               example);
	*(strrchr(dir, '/') + 1) = '\0';
	if (access(dir, W_OK) == 0)
		return 0;
	return err_set(e, errno, "--%s %s: %s: %s", option, said, dir, strerror(errno));
}

// A file that an option names reaches the tests by their environment; their working directory is another.
static int pass_file(const struct opt_set *o, const char *option, const char *example, const char *variable,
                     struct err *e)
{
	const char *path = opt_text(o, option);
	char here[PATH_MAX];
	struct buf whole = { 0 };

	if (path == NULL || *path == '\0')
		return 0;
	if (path[0] != '/' && getcwd(here, sizeof here) != NULL)
		buf_addf(&whole, "%s/", here);
	buf_adds(&whole, path);
	if (!whole.failed && check_writable(option, example, whole.data, path, e) < 0) {
		buf_deinit(&whole);
		return -EINVAL;
	}
	int r = whole.failed || setenv(variable, whole.data, 1) < 0 ? -ENOMEM : 0;
	buf_deinit(&whole);
	return r < 0 ? err_set(e, ENOMEM, "out of memory") : 0;
}

static unsigned help_columns(void)
{
	const unsigned columns = terminal_columns();

	return columns != 0 ? columns : 100;
}

static int dispatch(struct app *app, enum command_id id, struct err *e)
{
	struct buf text = { 0 };
	int r;

	app->command = id;
	if (opt_flag(&app->opts, "help")) {
		help_full(id, help_columns(), &text);
		return print(&text);
	}
	if (opt_flag(&app->opts, "version"))
		return cmd_version(app);
	if (id == COMMAND_JOB && app->opts.arg_count > 0) {
		r = unknown_command(app->opts.args[0], e);
		return complain(e, r);
	}
	if (cli_commands[id].args[0] == '\0' && app->opts.arg_count > 0) {
		r = err_set(e, EINVAL, "%s takes no '%s'; stressgen %s --help has examples", cli_commands[id].name,
		            app->opts.args[0], cli_commands[id].name);
		return complain(e, r);
	}
	r = config_apply(&app->opts, e);
	if (r < 0)
		return complain(e, r);
	if (opt_flag(&app->opts, "show-config")) {
		config_show(&app->opts, &text);
		return print(&text);
	}
	set_style(app);
	r = pass_file(&app->opts, "frames", "{name}.txt", "STRESSGEN_FRAMES", e);
	if (r == 0)
		r = pass_file(&app->opts, "log-file", "requests.tsv", "STRESSGEN_LOG_FILE", e);
	if (r < 0)
		return complain(e, r);
	r = paths_init(&app->paths, e);
	return r < 0 ? complain(e, r) : cli_commands[id].run(app);
}

int main(int argc, char **argv)
{
	struct app app = { 0 };
	struct err e = { 0 };
	struct buf text = { 0 };
	enum command_id id = COMMAND_JOB;
	int first;
	int code;

	if (io_open_standard_streams() < 0)
		return SG_EXIT_INTERNAL;
	setlocale(LC_CTYPE, "C.UTF-8");
	code = find_command(argc, argv, &id, &e);
	if (code < 0)
		return complain(&e, code);
	if (has_word(argc, argv, "-h")) {
		help_short(id, help_columns(), &text);
		return finish_stdout(id, print(&text));
	}
	first = id == COMMAND_JOB ? 1 : 2;
	code = opt_init(&app.opts, cli_options, cli_option_count);
	app.opts.aliases = cli_aliases;
	app.opts.alias_count = cli_alias_count;
	if (code == 0)
		code = opt_parse(&app.opts, UINT32_C(1) << id, argc - first, argv + first, &e);
	code = code < 0 ? complain(&e, code) : dispatch(&app, id, &e);
	paths_deinit(&app.paths);
	opt_deinit(&app.opts);
	return finish_stdout(id, code);
}
