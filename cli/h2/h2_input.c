// --input-file: URLs, one a line, or (request ...) forms.
#include "h2_input.h"

#include "h2_scenario.h"
#include "io.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FILE (4U * 1024U * 1024U)
#define MAX_URLS 256U // each is a template, with a histogram of its own

// Whether the first that is neither blank nor comment opens a form.
static bool has_forms(const char *text)
{
	for (;;) {
		text += strspn(text, " \t\r\n");
		if (*text != ';')
			return *text == '(';
		text += strcspn(text, "\n");
	}
}

static int add_url(struct h2_input *in, char *url, struct err *e)
{
	char **more = realloc(in->urls, (in->count + 1) * sizeof *more);

	if (more == NULL)
		return err_set(e, ENOMEM, "out of memory");
	in->urls = more;
	in->urls[in->count++] = url;
	return 0;
}

static int add_line(struct h2_input *in, const char *path, size_t number, char *line, struct err *e)
{
	struct err why = { 0 };
	struct h2_url u;

	if (in->count == MAX_URLS)
		return err_set(
		        e, EINVAL,
		        "%s:%zu: more than %u URLs; one with places is many: http://HOST/item/%%{random:1-9999}",
		        path, number, MAX_URLS);
	if (line[0] != '/' && h2_url_parse(line, &u, &why) < 0)
		return err_set(e, EINVAL, "%s:%zu: %s", path, number, why.text);
	if (line[0] == '/' && in->count == 0 && in->target == NULL)
		return err_set(e, EINVAL,
		               "%s:%zu: of which server is '%.80s'? Give its URL in front, or by --base-uri", path,
		               number, line);
	return add_url(in, line, e);
}

// Splits the file's text where it is.
static int add_lines(struct h2_input *in, const char *path, struct err *e)
{
	char *at = in->text.data, *line;
	int rc = 0;

	for (size_t number = 1; rc == 0 && at != NULL && (line = strsep(&at, "\n")) != NULL; number++) {
		size_t len = strlen(line);

		while (len > 0 && strchr(" \t\r", line[len - 1]) != NULL)
			line[--len] = '\0';
		line += strspn(line, " \t");
		if (*line != '\0' && *line != '#')
			rc = add_line(in, path, number, line, e);
	}
	if (rc == 0 && in->count == 0)
		rc = err_set(e, EINVAL, "%s: there is no URL in it; write one a line, or (request NAME ...) forms",
		             path);
	return rc;
}

static int read_file(const char *path, struct h2_input *in, struct err *e)
{
	const bool is_stdin = strcmp(path, "-") == 0;
	int rc = io_read_file(is_stdin ? "/dev/stdin" : path, MAX_FILE, &in->text, e);

	if (rc < 0)
		return rc;
	buf_add(&in->text, "", 0);
	if (in->text.failed)
		return err_set(e, ENOMEM, "out of memory");
	if (!has_forms(in->text.data)) {
		in->count = 0; // as h2load does it: those of the command line are only the server's
		return add_lines(in, is_stdin ? "stdin" : path, e);
	}
	if (is_stdin)
		return err_set(e, EINVAL,
		               "--input-file: (request ...) forms come from a file, URLs also from stdin");
	in->requests = realpath(path, NULL);
	return in->requests != NULL ? 0 : err_set(e, errno, "%s: %s", path, strerror(errno));
}

int h2_input_read(const struct opt_set *o, struct h2_input *in, struct err *e)
{
	const char *file = opt_text(o, "input-file");
	const struct opt_value *base = opt_get(o, "base-uri");
	int rc = 0;

	in->all_there = base->text != NULL && strncmp(base->text, "unix:", 5) != 0;
	if (in->all_there)
		in->target = base->owned;
	else if (o->arg_count > 0)
		in->target = o->args[0];
	for (size_t i = 0; rc == 0 && i < o->arg_count; i++)
		rc = add_url(in, o->args[i], e);
	if (rc == 0 && file != NULL)
		rc = read_file(file, in, e);
	if (rc < 0)
		return rc;
	if (in->target == NULL && in->requests != NULL)
		return err_set(e, EINVAL, "%s: of which server? Write: stressgen h2 http://HOST:PORT/ -i %s", file,
		               file);
	if (in->count == 0 && in->requests == NULL)
		return err_set(e, EINVAL,
		               "h2 loads which server? Write: stressgen h2 http://127.0.0.1:8080/ -c 10 -n 10k");
	if (in->target == NULL)
		in->target = in->urls[0];
	return 0;
}

static bool has_drawn_place(const char *text)
{
	static const char *const places[] = { "%{random:", "%{hex:", "%{alnum:", "%{uuid}", "%{pick:" };

	for (size_t i = 0; text != NULL && i < sizeof places / sizeof places[0]; i++)
		if (strstr(text, places[i]) != NULL)
			return true;
	return false;
}

bool h2_input_is_drawn(const struct opt_set *o, const struct h2_input *in)
{
	static const char *const texts[] = { "header", "body", "trailer", "grpc-message" };
	bool drawn = strcmp(opt_text(o, "arrivals"), "poisson") == 0 ||
	             (in->requests != NULL && has_drawn_place(buf_text(&in->text)));

	for (size_t i = 0; i < in->count && !drawn; i++)
		drawn = has_drawn_place(in->urls[i]);
	for (size_t i = 0; i < sizeof texts / sizeof texts[0] && !drawn; i++)
		drawn = has_drawn_place(opt_text(o, texts[i]));
	return drawn;
}

void h2_input_deinit(struct h2_input *in)
{
	free(in->urls);
	free(in->requests);
	buf_deinit(&in->text);
	*in = (struct h2_input){ 0 };
}
