// Names of verdicts, from the one list in verdict.h.
#include "verdict.h"

#include <errno.h>
#include <string.h>

static const struct {
	const char *name;
	bool bad;
} verdicts[VERDICT_COUNT] = {
#define X(name, text, bad) [VERDICT_##name] = { text, bad },
	SG_VERDICTS(X)
#undef X
};

const char *verdict_name(enum verdict v)
{
	return (unsigned)v < VERDICT_COUNT ? verdicts[v].name : "?";
}

bool verdict_is_bad(enum verdict v)
{
	return (unsigned)v < VERDICT_COUNT && verdicts[v].bad;
}

bool verdict_did_run(enum verdict v)
{
	return v != VERDICT_SKIPPED && v != VERDICT_PLANNED && v != VERDICT_INTERRUPTED;
}

int verdict_parse(const char *text, enum verdict *v)
{
	for (unsigned i = 0; i < VERDICT_COUNT; i++) {
		if (strcmp(text, verdicts[i].name) == 0) {
			*v = (enum verdict)i;
			return 0;
		}
	}
	return -EINVAL;
}
