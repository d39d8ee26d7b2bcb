// stressgen completion: shell completion, the man page and README's table, from the tables.
#include "cli.h"
#include "verdict.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void add_option_names(uint32_t bit, const char *separator, struct buf *out)
{
	for (size_t i = 0; i < cli_option_count; i++)
		if ((cli_options[i].commands & bit) != 0)
			buf_addf(out, "--%s%s", cli_options[i].name, separator);
}

static void add_command_names(const char *separator, struct buf *out)
{
	for (size_t i = 1; i < COMMAND_COUNT; i++)
		buf_addf(out, "%s%s", cli_commands[i].name, separator);
}

// What may stand behind an option: its choices, else a file (readline's own completion, when there are no words).
static void add_bash_values(struct buf *out)
{
	buf_adds(out, "\tcase ${COMP_WORDS[COMP_CWORD-1]} in\n");
	for (size_t i = 0; i < cli_option_count; i++) {
		const struct opt *o = &cli_options[i];

		if (o->type == OPT_FLAG)
			continue;
		buf_addf(out, "\t--%s", o->name);
		if (o->short_name != 0)
			buf_addf(out, "|-%c", o->short_name);
		buf_adds(out, ") words='");
		for (const char *p = o->choices != NULL ? o->choices : ""; *p != '\0'; p++)
			buf_addc(out, *p == ',' ? ' ' : *p);
		buf_adds(out, "' ;;\n");
	}
	buf_adds(out, "\tesac\n");
}

static void bash(struct buf *out)
{
	buf_adds(out, "_stressgen() {\n"
	              "\tlocal cur=${COMP_WORDS[COMP_CWORD]} words\n"
	              "\tcase ${COMP_WORDS[1]} in\n");
	for (size_t i = 1; i < COMMAND_COUNT; i++) {
		buf_addf(out, "\t%s) words='", cli_commands[i].name);
		add_option_names(UINT32_C(1) << i, " ", out);
		buf_adds(out, "' ;;\n");
	}
	buf_adds(out, "\t*) words='");
	add_option_names(BIT(JOB), " ", out);
	buf_adds(out, "' ;;\n\tesac\n"
	              "\tif [[ $cur != -* ]]; then\n"
	              "\t\twords=\n"
	              "\t\tif [[ $COMP_CWORD == 1 ]]; then words='");
	add_command_names(" ", out);
	buf_adds(out,
	         "'\n\t\telif [[ ${COMP_WORDS[1]} == completion ]]; then words='bash zsh fish man markdown'; fi\n"
	         "\tfi\n");
	add_bash_values(out);
	buf_adds(out, "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	              "}\n"
	              "complete -o default -F _stressgen stressgen\n");
}

static void add_quoted(const char *text, struct buf *out)
{
	for (; *text != '\0'; text++) {
		if (*text == '\'' || *text == '[' || *text == ']' || *text == ':')
			buf_addc(out, *text == '\'' ? '`' : (*text == ':' ? ';' : (*text == '[' ? '(' : ')')));
		else
			buf_addc(out, *text);
	}
}

static void zsh(struct buf *out)
{
	buf_adds(out, "#compdef stressgen\n_arguments -s \\\n");
	for (size_t i = 0; i < cli_option_count; i++) {
		buf_addf(out, "\t'--%s[", cli_options[i].name);
		add_quoted(cli_options[i].help, out);
		buf_addf(out, "]%s%s%s' \\\n", cli_options[i].value != NULL ? ":" : "",
		         cli_options[i].value != NULL ? cli_options[i].value : "",
		         cli_options[i].value != NULL ? ":_files" : "");
	}
	buf_adds(out, "\t'1:command:(");
	add_command_names(" ", out);
	buf_adds(out, ")' \\\n\t'*:file:_files'\n");
}

static void fish(struct buf *out)
{
	for (size_t i = 1; i < COMMAND_COUNT; i++) {
		buf_addf(out, "complete -c stressgen -n __fish_use_subcommand -a %s -d '", cli_commands[i].name);
		add_quoted(cli_commands[i].help, out);
		buf_adds(out, "'\n");
	}
	for (size_t i = 0; i < cli_option_count; i++) {
		buf_addf(out, "complete -c stressgen -l %s%s -d '", cli_options[i].name,
		         cli_options[i].value != NULL ? " -r" : "");
		add_quoted(cli_options[i].help, out);
		buf_adds(out, "'\n");
	}
}

// README's table; tests/cli holds README and this together.
static void markdown(struct buf *out)
{
	buf_adds(out, "| option | for | meaning | default |\n|---|---|---|---|\n");
	for (size_t i = 0; i < cli_option_count; i++) {
		const struct opt *o = &cli_options[i];
		const char *gap = "";

		buf_addf(out, "| `--%s%s%s` | ", o->name, o->value != NULL ? " " : "",
		         o->value != NULL ? o->value : "");
		for (size_t c = 0; c < COMMAND_COUNT && o->commands != BIT_ALL; c++) {
			if ((o->commands & (UINT32_C(1) << c)) == 0)
				continue;
			buf_addf(out, "%s%s", gap, c == COMMAND_JOB ? "the whole way" : cli_commands[c].name);
			gap = ", ";
		}
		buf_addf(out, "%s | ", o->commands == BIT_ALL ? "all" : "");
		for (const char *p = o->help; *p != '\0'; p++)
			buf_addf(out, *p == '|' ? "\\%c" : "%c", *p);
		buf_addf(out, " | %s |\n", o->def != NULL ? o->def : "");
	}
}

int cmd_completion(struct app *app)
{
	static const struct {
		const char *name;
		void (*write)(struct buf *out);
	} kinds[] = {
		{ "bash", bash }, { "zsh", zsh }, { "fish", fish }, { "man", help_man }, { "markdown", markdown },
	};
	const char *wanted = app->opts.arg_count > 0 ? app->opts.args[0] : "";
	struct buf out = { 0 };
	struct err e = { 0 };

	for (size_t i = 0; app->opts.arg_count == 1 && i < sizeof kinds / sizeof kinds[0]; i++) {
		if (strcmp(kinds[i].name, wanted) != 0)
			continue;
		kinds[i].write(&out);
		fputs(buf_text(&out), stdout);
		buf_deinit(&out);
		return SG_EXIT_OK;
	}
	if (app->opts.arg_count == 1)
		err_set(&e, EINVAL,
		        "'%s' is not a kind of completion; try: stressgen completion bash (or zsh, fish, man, "
		        "markdown)",
		        wanted);
	else
		err_set(&e, EINVAL, "completion takes one word: bash, zsh, fish, man or markdown");
	return complain(&e, -EINVAL);
}
