// Commands of tests.
#include "command.h"

#include "buf.h"
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define ARGS_MAX 1024U

// How a file without @Run and without run bit is executed, by its extension.
static const struct {
	const char *extension, *command;
} by_extension[] = {
	{ ".awk", "awk -f {file}" },
	{ ".bash", "bash {file}" },
	{ ".js", "node {file}" },
	{ ".lisp", "sbcl --script {file}" },
	{ ".lua", "{stressgen:lua} {file}" },
	{ ".mjs", "node {file}" },
	{ ".php", "php {file}" },
	{ ".pl", "perl {file}" },
	{ ".py", "python3 {file}" },
	{ ".rb", "ruby {file}" },
	{ ".rkt", "racket {file}" },
	{ ".scm", "guile --no-auto-compile {file}" },
	{ ".sh", "sh {file}" },
	{ ".t", "perl {file}" },
	{ ".tcl", "tclsh {file}" },
};

// A command being read.
struct reader {
	const struct command_context *ctx;
	const struct suite_test *test;
	char *file; // the test's absolute path
	bool runs;  // it can be executed
	struct command *out;
	size_t first; // where the test's own command begins in it
	struct err *e;
};

char *command_find(const char *name)
{
	const char *path = getenv("PATH");
	struct buf candidate = { 0 };

	if (strchr(name, '/') != NULL) {
		struct stat st;

		if (stat(name, &st) < 0 || !S_ISREG(st.st_mode) || access(name, X_OK) < 0)
			return NULL;
		return strdup(name);
	}
	if (path == NULL)
		path = "/usr/local/bin:/usr/bin:/bin";
	while (*name != '\0') {
		size_t len = strcspn(path, ":");
		struct stat st;

		buf_clear(&candidate);
		buf_add(&candidate, len > 0 ? path : ".", len > 0 ? len : 1);
		buf_addf(&candidate, "/%s", name);
		if (!candidate.failed && stat(candidate.data, &st) == 0 && S_ISREG(st.st_mode) &&
		    access(candidate.data, X_OK) == 0)
			return buf_take(&candidate);
		if (path[len] == '\0')
			break;
		path += len + 1;
	}
	buf_deinit(&candidate);
	return NULL;
}

static const char *param_value(const struct reader *r, const char *name)
{
	for (size_t i = 0; i < r->ctx->param_count; i++)
		if (strcmp(r->ctx->params[i].name, name) == 0)
			return r->ctx->params[i].value;
	return test_meta_param(&r->test->meta, name);
}

// "WHAT HOLDS THE COMMAND is wrong".
__attribute__((format(printf, 3, 4))) static int bad(const struct reader *r, int code, const char *format, ...)
{
	char what[160];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof what, format, args);
	va_end(args);
	if (r->ctx->called != NULL)
		return err_set(r->e, code, "%s %s", r->ctx->called, what);
	return err_set(r->e, code, "%s: @Run %s", r->test->path, what);
}

static int add_param(struct reader *r, struct buf *word, const char *name)
{
	const char *value = param_value(r, name);

	if (value == NULL)
		return bad(r, EINVAL, "uses {param:%s}, but there is no such @Param", name);
	buf_adds(word, value);
	return 0;
}

static int add_own(struct reader *r, struct buf *word, const char *name)
{
	const char *path = r->ctx->resolve != NULL ? r->ctx->resolve(r->ctx->resolve_arg, name) : NULL;

	if (path == NULL)
		return err_set(r->e, ENOENT, "program not found: {stressgen:%s}", name);
	if (r->out->argc == r->first && word->len == 0) {
		r->out->own_program = true;
		snprintf(r->out->own_name, sizeof r->out->own_name, "%s", name);
	}
	buf_adds(word, path);
	return 0;
}

// Replaces a placeholder at `*text`, and moves behind it. 0 when there was one, 1 when the brace is only a
// brace, or a negative errno.
static int read_placeholder(struct reader *r, const char **text, struct buf *word)
{
	const char *end = strchr(*text, '}');
	char name[128];
	size_t len;
	int rc = 0;

	if (end == NULL || (size_t)(end - *text) > sizeof name)
		return 1;
	len = (size_t)(end - *text) - 1;
	memcpy(name, *text + 1, len);
	name[len] = '\0';
	if (strcmp(name, "file") == 0)
		buf_adds(word, r->file);
	else if (strcmp(name, "dir") == 0)
		buf_add(word, r->file, (size_t)(strrchr(r->file, '/') - r->file));
	else if (strcmp(name, "case") == 0 && r->test->case_name != NULL)
		buf_adds(word, r->test->case_name);
	else if (strncmp(name, "param:", 6) == 0)
		rc = add_param(r, word, name + 6);
	else if (strncmp(name, "stressgen:", 10) == 0)
		rc = add_own(r, word, name + 10);
	else
		return 1;
	*text = end + 1;
	return rc;
}

// One character of a word, outside or inside double quotes.
static int read_char(struct reader *r, const char **text, bool quoted, struct buf *word)
{
	const char *p = *text;

	if (*p == '\\' && p[1] != '\0' && (!quoted || strchr("\"\\$`", p[1]) != NULL)) {
		buf_addc(word, p[1]);
		*text = p + 2;
		return 0;
	}
	if (*p == '{') {
		int rc = read_placeholder(r, text, word);

		if (rc <= 0)
			return rc;
	}
	buf_addc(word, *p);
	*text = p + 1;
	return 0;
}

static int read_quoted(struct reader *r, const char **text, struct buf *word)
{
	const char quote = **text;

	for ((*text)++; **text != quote;) {
		int rc;

		if (**text == '\0')
			return bad(r, EINVAL, "has a %c without its other half", quote);
		if (quote == '\'' && **text != '{') {
			buf_addc(word, *(*text)++);
			continue;
		}
		rc = read_char(r, text, true, word);
		if (rc < 0)
			return rc;
	}
	(*text)++;
	return 0;
}

static int read_word(struct reader *r, const char **text, struct buf *word)
{
	while (**text != '\0' && **text != ' ' && **text != '\t') {
		int rc;

		if (**text == '\'' || **text == '"')
			rc = read_quoted(r, text, word);
		else
			rc = read_char(r, text, false, word);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int add_arg(struct command *c, struct buf *word)
{
	char **grown = realloc(c->argv, (c->argc + 2) * sizeof *grown);
	char *text;

	if (grown == NULL)
		return -ENOMEM;
	c->argv = grown;
	buf_adds(word, ""); // an empty word is a word
	text = buf_take(word);
	if (text == NULL)
		return -ENOMEM;
	c->argv[c->argc++] = text;
	c->argv[c->argc] = NULL;
	return 0;
}

static int read_command(struct reader *r, const char *text)
{
	struct buf word = { 0 };
	int rc = 0;

	for (;;) {
		text += strspn(text, " \t");
		if (*text == '\0')
			break;
		if (r->out->argc >= ARGS_MAX) {
			rc = bad(r, E2BIG, "has more than %u words", ARGS_MAX);
			break;
		}
		rc = read_word(r, &text, &word);
		if (rc == 0)
			rc = add_arg(r->out, &word);
		if (rc < 0)
			break;
	}
	buf_deinit(&word);
	if (rc == 0 && r->out->argc == 0)
		rc = bad(r, EINVAL, "is empty");
	return rc;
}

static const char *command_for_extension(const char *path)
{
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot != NULL && i < sizeof by_extension / sizeof by_extension[0]; i++)
		if (strcasecmp(dot, by_extension[i].extension) == 0)
			return by_extension[i].command;
	return NULL;
}

// The file itself, or by a shell if it has neither an ELF nor a #! head (as execvp does it). *runs: it is there.
static const char *command_for_executable(const char *file, bool *runs)
{
	char head[4] = "";
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd >= 0 ? read(fd, head, sizeof head) : 0;

	if (fd >= 0)
		close(fd);
	*runs = n > 0; // no directory
	if (n <= 0 || memcmp(head, "#!", 2) == 0 || memcmp(head, "\177ELF", 4) == 0)
		return "{file}";
	return "sh {file}";
}

static int choose_command(struct reader *r, const char **command)
{
	if (r->test->meta.run != NULL) {
		*command = r->test->meta.run;
		return 0;
	}
	if (access(r->file, X_OK) == 0)
		*command = command_for_executable(r->file, &r->runs);
	else if (access(r->file, F_OK) == 0)
		*command = command_for_extension(r->file);
	else
		return err_set(r->e, ENOENT, "%s: the test's file is not there", r->test->path);
	if (*command == NULL)
		return err_set(
		        r->e, EINVAL,
		        "%s: cannot be executed and its extension is not known; make it executable or give @Run",
		        r->test->path);
	return 0;
}

// To look at the file costs more than all else that is done for the command; to find out by execve that it has
// changed costs nothing where it has not.
static int take_unseen(const struct reader *r)
{
	struct buf word = { 0 };
	int rc;

	r->out->direct = r->out->unseen = true;
	r->out->program = strdup(r->file);
	buf_adds(&word, r->file);
	rc = r->out->program != NULL ? add_arg(r->out, &word) : -ENOMEM;
	buf_deinit(&word);
	return rc;
}

// The program that "env NAME=VALUE ... PROGRAM" executes; NULL where that is not plain to see.
static const char *behind_env(const struct command *c)
{
	const char *slash = strrchr(c->argv[0], '/');
	size_t i = 1;

	if (strcmp(slash != NULL ? slash + 1 : c->argv[0], "env") != 0)
		return NULL;
	while (i < c->argc && strchr(c->argv[i], '=') != NULL && strncmp(c->argv[i], "PATH=", 5) != 0)
		i++;
	return i < c->argc && c->argv[i][0] != '-' && strpbrk(c->argv[i], "/=") == NULL ? c->argv[i] : NULL;
}

static int not_found(const struct reader *r, const char *program)
{
	char package[80] = "";

	if (r->ctx->package != NULL && r->ctx->package(r->ctx->package_arg, program, package, sizeof package))
		return err_set(r->e, ENOENT, "program not found: %s; try: apt-get install %s", program, package);
	return err_set(r->e, ENOENT, "program not found: %s", program);
}

// Finds the program; behind env, which would find out too late, the one that it executes must be there as well.
static int find_program(const struct reader *r, bool is_file)
{
	struct command *c = r->out;
	const char *behind = NULL;
	char *found = NULL;

	c->program = is_file ? strdup(r->file) : command_find(c->argv[0]);
	if (c->program == NULL)
		return not_found(r, c->argv[0]);
	if (r->ctx->prefix == NULL && r->ctx->wrap == NULL)
		behind = behind_env(c);
	if (behind == NULL)
		return 0;
	found = command_find(behind);
	if (found == NULL)
		return not_found(r, behind);
	free(found);
	return 0;
}

int command_resolve(const struct command_context *ctx, const struct suite_test *t, struct command *out,
                    struct err *e)
{
	struct reader r = { .ctx = ctx, .test = t, .out = out, .e = e };
	const char *command = NULL;
	int rc;

	r.file = t->path[0] == '/' ? strdup(t->path) : io_join(ctx->suite_dir, t->path);
	if (r.file == NULL)
		return -ENOMEM;
	if (ctx->direct && ctx->prefix == NULL && ctx->wrap == NULL) {
		rc = take_unseen(&r);
		free(r.file);
		return rc;
	}
	rc = choose_command(&r, &command);
	if (rc == 0 && ctx->prefix != NULL)
		rc = ctx->prefix(ctx->prefix_arg, out, e);
	r.first = out->argc;
	if (rc == 0 && ctx->wrap != NULL)
		rc = read_command(&r, ctx->wrap);
	r.first = ctx->wrap != NULL ? ARGS_MAX : r.first; // wrapped, it is no longer the first
	if (rc == 0)
		rc = read_command(&r, command);
	if (rc == 0) {
		const bool is_file = r.runs && strcmp(out->argv[0], r.file) == 0;

		out->direct = is_file && out->argc == 1;
		rc = find_program(&r, is_file);
	}
	free(r.file);
	return rc;
}

void command_deinit(struct command *c)
{
	for (size_t i = 0; i < c->argc; i++)
		free(c->argv[i]);
	free(c->argv);
	free(c->program);
	memset(c, 0, sizeof *c);
}
