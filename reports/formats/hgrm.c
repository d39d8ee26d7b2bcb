// .hgrm: the percentile distribution of every series as HdrHistogram prints it, one behind the other, each with a
// comment line that names it. Values are in microseconds.
#include "formats.h"

#include "text.h"

int report_hgrm(const struct run *r, const char *path, struct err *e)
{
	struct buf b = { 0 };
	struct arena a = { 0 };

	for (size_t i = 0; i < r->count; i++)
		for (size_t k = 0; k < r->results[i].series_count; k++) {
			const struct result_series *s = &r->results[i].series[k];

			if (s->hist == NULL || s->hist->total == 0)
				continue;
			buf_addf(&b, "%s# %s %s, in µs\n", b.len > 0 ? "\n" : "", text_line(&a, r->results[i].id),
			         text_line(&a, s->name));
			hist_hgrm(s->hist, 1000, &b);
		}
	arena_deinit(&a);
	return report_finish(&b, 0, path, e);
}
