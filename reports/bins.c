// Bins on a logarithmic scale.
#include "bins.h"

#include <math.h>
#include <string.h>

static double on_scale(double value)
{
	return log(value < 1 ? 1 : value);
}

void bins_fill(struct bins *b, const struct hist *h)
{
	double low = on_scale(b->low);
	double step = (on_scale(b->high) - low) / (double)b->count;

	memset(b->counts, 0, b->count * sizeof b->counts[0]);
	b->most = 0;
	if (h->total == 0)
		return;
	for (size_t i = hist_index(h, h->min); i <= hist_index(h, h->max); i++) {
		double middle, at;
		size_t bin;

		if (h->counts[i] == 0)
			continue;
		middle = ((double)hist_slot_low(h, i) + (double)hist_slot_high(h, i)) / 2;
		at = step > 0 ? (on_scale(middle) - low) / step : 0;
		bin = !(at > 0) ? 0 : at >= (double)b->count ? b->count - 1 : (size_t)at;
		b->counts[bin] += h->counts[i];
		b->most = b->counts[bin] > b->most ? b->counts[bin] : b->most;
	}
}

double bins_edge(const struct bins *b, size_t i)
{
	double low = on_scale(b->low);

	return exp(low + (on_scale(b->high) - low) * (double)i / (double)b->count);
}
