// "METRIC=5%", in lists.
#include "thresholds.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LARGEST_THRESHOLD 1000.0 // percent
#define SEPARATORS "\n,"

int option_each_item(const char *text, int (*read)(void *arg, char *item, struct err *e), void *arg, struct err *e)
{
	char *copy = strdup(text != NULL ? text : ""), *save = NULL;
	int rc = copy != NULL ? 0 : err_set(e, ENOMEM, "out of memory");

	for (char *item = rc == 0 ? strtok_r(copy, SEPARATORS, &save) : NULL; rc == 0 && item != NULL;
	     item = strtok_r(NULL, SEPARATORS, &save))
		rc = read(arg, item, e);
	free(copy);
	return rc;
}

// "METRIC=5%"
static int read_threshold(char *text, struct threshold *out, struct err *e)
{
	char *equals = strrchr(text, '='), *end;
	double percent;

	if (equals == NULL || equals == text)
		return err_set(e, EINVAL, "--threshold %s: METRIC=PERCENT was expected, as latency/*/p99=5%%",
		               text);
	percent = strtod(equals + 1, &end);
	if (*end == '%')
		end++;
	if (end == equals + 1 || *end != '\0' || !(percent > 0 && percent <= LARGEST_THRESHOLD))
		return err_set(e, EINVAL, "--threshold %s: '%s' is no percentage above 0", text, equals + 1);
	*out = (struct threshold){ .metric = strndup(text, (size_t)(equals - text)), .fraction = percent / 100 };
	return out->metric != NULL ? 0 : err_set(e, ENOMEM, "out of memory");
}

static int add_threshold(void *arg, char *item, struct err *e)
{
	struct thresholds *t = arg;
	struct threshold *grown = reallocarray(t->items, t->count + 1, sizeof *grown);
	int rc;

	if (grown == NULL)
		return err_set(e, ENOMEM, "out of memory");
	t->items = grown;
	rc = read_threshold(item, &grown[t->count], e);
	t->count += rc == 0;
	return rc;
}

int thresholds_read(struct thresholds *t, const struct opt_set *o, struct err *e)
{
	return option_each_item(opt_text(o, "threshold"), add_threshold, t, e);
}

void thresholds_deinit(struct thresholds *t)
{
	for (size_t i = 0; i < t->count; i++)
		free((char *)(uintptr_t)t->items[i].metric);
	free(t->items);
	*t = (struct thresholds){ 0 };
}
