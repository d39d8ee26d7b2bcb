// The history's values for other programs.
#include "history.h"

#include "csv.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

struct exporting {
	const struct history_entry *entries;
	size_t count;
	bool json;
	FILE *out;
};

static int put_csv_row(const struct exporting *x, size_t i, const char *test, const struct history_series *m)
{
	const struct history_entry *e = &x->entries[i];
	const char *texts[] = { e->began, e->label, e->revision, e->machine,
		                test,     m->name,  m->unit,     metric_better_name(m->better) };
	struct buf b = { 0 };
	int rc;

	buf_addf(&b, "%lld", (long long)e->id);
	for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++) {
		buf_addc(&b, ',');
		csv_field(&b, texts[k]);
	}
	buf_addc(&b, ',');
	csv_number(&b, m->head[i]);
	buf_addc(&b, ',');
	csv_number(&b, m->anchor[i]);
	buf_adds(&b, "\r\n");
	rc = b.failed ? -ENOMEM : fwrite(buf_text(&b), 1, b.len, x->out) == b.len ? 0 : -EIO;
	buf_deinit(&b);
	return rc;
}

static int put_json_row(const struct exporting *x, size_t i, const char *test, const struct history_series *m)
{
	const struct history_entry *e = &x->entries[i];
	json_t *o = json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "entry", (json_int_t)e->id, "began",
	                      e->began, "label", e->label, "revision", e->revision, "machine", e->machine, "test",
	                      test, "metric", m->name, "unit", m->unit, "better", metric_better_name(m->better));
	int rc;

	if (o == NULL)
		return -ENOMEM;
	if (isfinite(m->head[i])) // JSON has no infinity
		json_object_set_new(o, "value", json_real(m->head[i]));
	if (isfinite(m->anchor[i]))
		json_object_set_new(o, "anchor", json_real(m->anchor[i]));
	rc = json_dumpf(o, x->out, JSON_COMPACT);
	fputc('\n', x->out);
	json_decref(o);
	return rc < 0 ? -EIO : 0;
}

static int export_test(void *arg, const struct history_test *t)
{
	const struct exporting *x = arg;

	for (size_t m = 0; m < t->count; m++)
		for (size_t i = 0; i < x->count; i++) {
			const struct history_series *s = &t->series[m];
			int rc;

			if (isnan(s->head[i]) && isnan(s->anchor[i]))
				continue;
			rc = x->json ? put_json_row(x, i, t->name, s) : put_csv_row(x, i, t->name, s);
			if (rc < 0 || ferror(x->out))
				return rc < 0 ? rc : -EIO;
		}
	return 0;
}

int history_export(struct history *h, const struct history_query *q, bool json, FILE *out, struct err *e)
{
	struct arena a = { 0 };
	struct history_entry *entries;
	ssize_t count = history_entries(h, &a, q, &entries, e);
	struct exporting x = { .json = json, .out = out };
	int rc = count < 0 ? (int)count : 0;

	x.entries = entries;
	x.count = count > 0 ? (size_t)count : 0;
	if (rc == 0 && !json)
		fputs("entry,began,label,revision,machine,test,metric,unit,better,value,anchor\r\n", out);
	if (rc == 0)
		rc = history_each(h, q, entries, x.count, export_test, &x, e);
	if (rc == -EIO)
		err_set(e, EIO, "the output cannot be written: %s", strerror(errno));
	arena_deinit(&a);
	return rc;
}
