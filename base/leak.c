// From live bytes by cycle to a verdict.
#include "leak.h"

#include "units.h"

#include <inttypes.h>
#include <stdlib.h>

bool leak_trend(const struct number_rows *live, struct trend *out)
{
	size_t first = live->count / LEAK_WARM_UP, count = live->count - first;
	double *x = calloc(2 * count + 1, sizeof *x), *y = x + count;
	bool ok;

	if (x == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		const uint64_t *row = live->values + (first + i) * LIVE_COLUMNS;

		x[i] = (double)row[LIVE_CYCLE];
		y[i] = (double)row[LIVE_BYTES_COLUMN];
	}
	ok = trend_of(x, y, count, out);
	free(x);
	return ok;
}

static void add_bytes(struct buf *out, double bytes)
{
	char text[32];

	buf_addf(out, "%s%s", bytes < 0 ? "-" : "",
	         units_bytes(text, sizeof text, (uint64_t)(bytes < 0 ? -bytes : bytes)));
}

bool leak_found(const struct number_rows *live, struct buf *words)
{
	struct trend t;

	if (!leak_trend(live, &t) || !trend_grows(&t, LEAK_LEAST_SHARE))
		return false;
	buf_adds(words, "live bytes after full collections grow by ");
	add_bytes(words, t.slope);
	buf_adds(words, " a cycle (95 % interval ");
	add_bytes(words, t.low);
	buf_adds(words, " to ");
	add_bytes(words, t.high);
	buf_addf(words, "), from ");
	add_bytes(words, t.before);
	buf_adds(words, " to ");
	add_bytes(words, t.after);
	buf_addf(words, " over the last %" PRIu64 " of %" PRIu64 " cycles",
	         live->values[(live->count - 1) * LIVE_COLUMNS] -
	                 live->values[live->count / LEAK_WARM_UP * LIVE_COLUMNS] + 1,
	         live->values[(live->count - 1) * LIVE_COLUMNS] + 1);
	return true;
}
