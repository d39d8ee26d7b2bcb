// What callgrind says at the end of a process: "==PID== Collected : N".
#include "instructions.h"

#include "io.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define STDERR_LIMIT (64U << 20)

static double sum_lines(const char *text, size_t *lines)
{
	static const char mark[] = "== Collected : ";
	double sum = 0;

	for (const char *at = text; (at = strstr(at, mark)) != NULL;) {
		at += strlen(mark);
		sum += strtod(at, NULL);
		++*lines;
	}
	return sum;
}

int instructions_of(const struct run *r, const struct result *result, double *out)
{
	char *name = io_encode_name(result->id);
	struct buf path = { 0 }, text = { 0 };
	size_t lines = 0;
	int rc = 0;

	buf_addf(&path, "%s/tests/%s/%u/stderr", r->dir, name != NULL ? name : "", result->attempt);
	if (result->peak_threads > 1)
		rc = -EMLINK;
	else if (name == NULL || path.failed)
		rc = -ENOMEM;
	else if (io_read_file(buf_text(&path), STDERR_LIMIT, &text, NULL) < 0)
		rc = -ENODATA;
	if (rc == 0)
		*out = sum_lines(buf_text(&text), &lines);
	if (rc == 0 && lines == 0)
		rc = -ENODATA;
	free(name);
	buf_deinit(&path);
	buf_deinit(&text);
	return rc;
}
