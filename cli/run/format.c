// Reports in one format each, to a file or to stdout.
#include "pipeline.h"

#include "io.h"
#include "run.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct report_format *format_find(const char *name)
{
	for (size_t i = 0; i < report_format_count; i++)
		if (strcmp(report_formats[i].name, name) == 0)
			return &report_formats[i];
	return NULL;
}

// The file of one of the format's parts: "bench.json" is "bench.smaller.json". From malloc.
static char *part_path(const struct report_format *f, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *dot = strrchr(slash != NULL ? slash : path, '.');
	int stem = (int)(dot != NULL ? (size_t)(dot - path) : strlen(path));
	char *out = NULL;

	if (f->part == NULL)
		return strdup(path);
	return asprintf(&out, "%.*s.%s%s", stem, path, f->part, dot != NULL ? dot : "") < 0 ? NULL : out;
}

enum step { STEP_BEGIN, STEP_WRITE, STEP_ABANDON };

static int do_step(const struct report_format *f, enum step step, const struct run *run, const char *path,
                   struct err *e)
{
	switch (step) {
	case STEP_BEGIN:
		return io_replace_begin(path, e);
	case STEP_WRITE:
		return f->write(run, path, e);
	default:
		io_replace_abandon(path);
		return 0;
	}
}

// One step for each of the format's files.
static int each_part(const char *name, enum step step, const struct run *run, const char *output, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < report_format_count; i++) {
		char *path;

		if (strcmp(report_formats[i].name, name) != 0)
			continue;
		path = part_path(&report_formats[i], output);
		r = path == NULL ? err_set(e, ENOMEM, "out of memory")
		                 : do_step(&report_formats[i], step, run, path, e);
		free(path);
	}
	return r;
}

int format_begin(const char *name, const char *output, struct err *e)
{
	return each_part(name, STEP_BEGIN, NULL, output, e);
}

int format_write(const char *name, const struct run *run, const char *output, struct err *e)
{
	return each_part(name, STEP_WRITE, run, output, e);
}

void format_abandon(const char *name, const char *output)
{
	each_part(name, STEP_ABANDON, NULL, output, NULL);
}

int format_check_stdout(const struct report_format *f, struct err *e)
{
	return f == NULL || f->part == NULL
	               ? 0
	               : err_set(e, EINVAL, "%s has several files: stressgen report RUN --format %s -o FILE",
	                         f->name, f->name);
}

// Reports are written whole to a file; stdout gets a copy of one.
int format_print(const struct report_format *f, const struct run *run, struct err *e)
{
	const char *temp = getenv("TMPDIR");
	struct buf text = { 0 };
	char dir[PATH_MAX];
	char path[PATH_MAX + sizeof "/report"];
	int r;

	// A directory that is ours alone: a report is written beside its name first.
	snprintf(dir, sizeof dir, "%s/stressgen-report-XXXXXX", temp != NULL && *temp != '\0' ? temp : "/tmp");
	if (mkdtemp(dir) == NULL)
		return err_set(e, errno, "%s: %s; set TMPDIR", dir, strerror(errno));
	snprintf(path, sizeof path, "%s/report", dir);
	r = f->write(run, path, e);
	if (r == 0)
		r = io_read_file(path, SIZE_MAX / 2, &text, e);
	if (r == 0)
		fwrite(buf_text(&text), 1, text.len, stdout); // main() says when it did not arrive
	io_remove_tree(dir);
	buf_deinit(&text);
	return r;
}
