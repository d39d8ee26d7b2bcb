// From live bytes by cycle to a verdict.
#include "leak.h"

#include "units.h"

#include <inttypes.h>
#include <stdlib.h>

static bool trend_from(const struct number_rows *live, size_t first, struct trend *out)
{
	size_t count = live->count - first;
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

bool leak_trend(const struct number_rows *live, struct trend *out)
{
	return trend_from(live, live->count / LEAK_WARM_UP, out);
}

// What a compiler learns of a program, and tables that come to their size, grow for a while and then no more; a
// leak goes on as it began. Where the second half has too few cycles to say, it is taken to.
static bool goes_on(const struct number_rows *live, const struct trend *t)
{
	struct trend late;

	return !trend_from(live, live->count / 2, &late) || late.slope >= LEAK_STEADY * t->slope;
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

	if (!leak_trend(live, &t) || !trend_grows(&t, LEAK_LEAST_SHARE) || t.after - t.before < LEAK_LEAST_BYTES ||
	    !goes_on(live, &t))
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
