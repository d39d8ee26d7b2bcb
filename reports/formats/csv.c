// metrics.csv: a line for each metric of each test.
#include "csv.h"

#include "formats.h"
#include "metrics.h"
#include "text.h"

#include <errno.h>
#include <math.h>
#include <string.h>

void csv_field(struct buf *b, const char *text)
{
	if (strpbrk(text, ",\"\n\r") == NULL) {
		buf_adds(b, text);
		return;
	}
	buf_addc(b, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"')
			buf_addc(b, '"');
		buf_addc(b, *text);
	}
	buf_addc(b, '"');
}

void csv_number(struct buf *b, double value)
{
	if (isinf(value))
		buf_adds(b, value > 0 ? "inf" : "-inf");
	else if (!isnan(value))
		buf_addf(b, "%.17g", value);
}

static int add_test(struct buf *b, const struct result *r)
{
	struct arena a = { 0 };
	struct metric *metrics = NULL;
	ssize_t count = metrics_of(&a, r, &metrics);

	for (ssize_t i = 0; i < count; i++) {
		const struct metric *m = &metrics[i];
		const char *texts[] = { text_line(&a, r->id), verdict_name(r->verdict), m->name, m->unit,
			                metric_better_name(m->better) };

		for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++) {
			csv_field(b, texts[k]);
			buf_addc(b, ',');
		}
		csv_number(b, m->value);
		buf_adds(b, "\r\n");
	}
	arena_deinit(&a);
	return count < 0 ? (int)count : 0;
}

int report_csv(const struct run *r, const char *path, struct err *e)
{
	struct buf b = { 0 };
	int rc = 0;

	buf_adds(&b, "test,verdict,metric,unit,better,value\r\n");
	for (size_t i = 0; rc == 0 && i < r->count; i++)
		rc = add_test(&b, &r->results[i]);
	return report_finish(&b, rc, path, e);
}
