// The word that somebody may have meant.
#include "opt.h"

#include <string.h>

#define NEAREST_MAX 64U

// The optimal string alignment distance (Levenshtein's, with two letters swapped as one step), of words below
// NEAREST_MAX bytes.
static size_t distance(const char *a, const char *b)
{
	size_t rows[3][NEAREST_MAX + 1];
	size_t an = strlen(a), bn = strlen(b);

	if (an >= NEAREST_MAX || bn >= NEAREST_MAX)
		return NEAREST_MAX;
	for (size_t j = 0; j <= bn; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= an; i++) {
		size_t *row = rows[i % 3], *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];
		row[0] = i;
		for (size_t j = 1; j <= bn; j++) {
			size_t best = up[j - 1] + (a[i - 1] != b[j - 1]);
			best = up[j] + 1 < best ? up[j] + 1 : best;
			best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    up2[j - 2] + 1 < best)
				best = up2[j - 2] + 1;
			row[j] = best;
		}
	}
	return rows[an % 3][bn];
}

const char *opt_nearest(const char *word, const char *const *words, size_t count)
{
	size_t limit = strlen(word) <= 4 ? 1 : strlen(word) / 3;
	const char *best = NULL;

	for (size_t i = 0; i < count; i++) {
		size_t d = distance(word, words[i]);
		if (d <= limit) {
			limit = d == 0 ? 0 : d - 1;
			best = words[i];
			if (d == 0)
				break;
		}
	}
	return best;
}
