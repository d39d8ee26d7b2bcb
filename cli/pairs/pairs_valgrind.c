// Whether instructions can be counted.
#include "cli.h"
#include "pairs.h"

#include <errno.h>
#include <stdlib.h>

int pairs_check_valgrind(const struct pairs_plan *p, struct err *e)
{
	char *path = p->count ? paths_which("valgrind") : NULL;
	const bool missing = p->count && path == NULL;

	free(path);
	return missing ? err_set(e, ENODEV, "--count-instructions needs valgrind: apt-get install valgrind") : 0;
}
