// Invocations of tests.
#include "invocation.h"

#include "text.h"

#include <stdlib.h>
#include <string.h>

#define CONFIRM_FIRST 1000000 // behind all pairs of the screening

static bool is_text(const char *text, const char *wanted)
{
	return text != NULL && strcmp(text, wanted) == 0;
}

// How --repeat numbers: "ID#2", "ID#3"; the first has no number.
static struct invocation by_id(struct arena *a, const char *id)
{
	struct invocation v = { .test = text_line(a, id), .number = 1 };
	const char *hash = strrchr(v.test, '#');
	char *end = NULL;
	unsigned long n = hash != NULL && hash[1] >= '1' && hash[1] <= '9' ? strtoul(hash + 1, &end, 10) : 0;

	if (n < 2 || *end != '\0' || n > INT32_MAX)
		return v;
	v.number = (int64_t)n;
	v.test = text_make(a, "%.*s", (int)(hash - v.test), v.test);
	return v;
}

struct invocation invocation_of(struct arena *a, const struct result *r)
{
	struct invocation v;

	if (r->of == NULL)
		return by_id(a, r->id);
	v = (struct invocation){ .test = text_line(a, r->of), .number = (int64_t)r->pair };
	if (is_text(r->phase, "confirm"))
		v.number += CONFIRM_FIRST;
	v.warmup = is_text(r->phase, "warmup");
	if (is_text(r->side, "base"))
		v.side = INVOCATION_BASE;
	else if (is_text(r->side, "control"))
		v.side = INVOCATION_CONTROL;
	return v;
}
