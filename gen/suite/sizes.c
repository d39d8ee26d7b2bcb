// More sizes of a kernel than it names: for curves of what it costs.
#include "sizes.h"

#include <math.h>
#include <string.h>

// Without two sizes of its own a kernel is measured over that much.
#define USUAL_RANGE 16

bool sizes_is_one(const struct kernel *k, const struct kernel_instance *i)
{
	for (size_t p = 1; p < k->param_count; p++)
		if (i->given[p])
			return false;
	return true;
}

static bool find_range(const struct kernel *k, uint64_t depth, int64_t *least, int64_t *most)
{
	int64_t values[KERNEL_ARGS_MAX];

	*least = *most = 0;
	for (size_t i = 0; i < k->instance_count; i++) {
		if (k->instances[i].slow || !sizes_is_one(k, &k->instances[i]) ||
		    kernel_instance_values(k, &k->instances[i], depth, values, NULL) < 0)
			continue;
		*least = *least == 0 || values[0] < *least ? values[0] : *least;
		*most = values[0] > *most ? values[0] : *most;
	}
	return *most > 0;
}

size_t sizes_of(const struct kernel *k, uint64_t depth, unsigned count, int64_t out[SIZES_MOST])
{
	const bool doubling = k->growth != NULL && strcmp(k->growth, "2^n") == 0; // with each further one
	int64_t least, most;
	size_t n = 0;

	if (k->param_count == 0 || k->growth == NULL || strcmp(k->growth, "1") == 0 || count < 2 ||
	    !find_range(k, depth, &least, &most))
		return 0;
	if (doubling)
		least = most - (int64_t)count + 1;
	else if (most < least * USUAL_RANGE / 2)
		least = most / USUAL_RANGE;
	least = least > k->params[0].min ? least : k->params[0].min;
	least = least > 1 ? least : 1;
	for (unsigned i = 0; i < count && i < SIZES_MOST; i++) {
		double part = (double)i / (count - 1);
		double size = doubling ? (double)least + part * (double)(most - least)
		                       : (double)least * pow((double)most / (double)least, part);
		if (n == 0 || llround(size) > out[n - 1])
			out[n++] = llround(size);
	}
	return n;
}
