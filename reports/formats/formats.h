// The formats that a run's report has besides the terminal's: one file each, one line here.
#ifndef SG_FORMATS_H
#define SG_FORMATS_H

#include "buf.h"
#include "err.h"
#include "run.h"

// X(function, name, part). A format of several files has a line for each, told apart by `part`, which goes into
// the file's name; the first is in SG_FORMATS, the others in SG_FORMAT_PARTS.
#define SG_FORMATS(X)                                                                                             \
	X(report_json, "json", NULL)                                                                              \
	X(report_junit, "junit", NULL)                                                                            \
	X(report_html, "html", NULL)                                                                              \
	X(report_tap, "tap", NULL)                                                                                \
	X(report_prom, "openmetrics", NULL)                                                                       \
	X(report_prom, "prom", NULL)                                                                              \
	X(report_csv, "csv", NULL)                                                                                \
	X(report_md, "md", NULL)                                                                                  \
	X(report_hgrm, "hgrm", NULL)                                                                              \
	X(report_gbench, "gbench", NULL)                                                                          \
	X(report_bmf, "bmf", NULL)                                                                                \
	X(report_ctrf, "ctrf", NULL)                                                                              \
	X(report_smaller_is_better, "github-action-benchmark", "smaller")
#define SG_FORMAT_PARTS(X) X(report_bigger_is_better, "github-action-benchmark", "bigger")

// Writes the report to `path`, whole or not at all (io_replace_file).
typedef int (*report_fn)(const struct run *r, const char *path, struct err *e);

struct report_format {
	const char *name;
	report_fn write;
	const char *part; // NULL: the format has one file
};

extern const struct report_format report_formats[];
extern const size_t report_format_count;

#define X(function, name, part) int function(const struct run *r, const char *path, struct err *e);
SG_FORMATS(X)
SG_FORMAT_PARTS(X)
#undef X

// For the formats' own use. Writes what was made, unless `rc` says that it could not be; deinits `b`.
int report_finish(struct buf *b, int rc, const char *path, struct err *e);
// The same of a JSON document (owned); NULL: there was no memory for it.
int report_finish_json(json_t *o, const char *path, struct err *e);

#endif
