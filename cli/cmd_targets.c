// stressgen targets: what can be stressed on this machine, and what would bring the rest.
#include "catalogue.h"
#include "verdict.h"

#include <stdio.h>

static void print_dialect(const struct catalogue_dialect *c)
{
	const struct dialect *d = c->dialect;
	const char *package = dialect_package(d);

	for (size_t i = 0; i < dialect_target_count(d); i++) {
		printf("%-18s ", dialect_target_name(d, i));
		if (c->program != NULL)
			printf("%s", c->program);
		else if (c->present)
			printf("built in");
		else
			printf("missing: no %s in PATH%s%s", c->needs,
			       package != NULL ? "; try: apt-get install " : "", package != NULL ? package : "");
		printf("  (%s)\n", dialect_summary(d));
	}
}

int cmd_targets(struct app *app)
{
	struct catalogue c = { 0 };
	struct err e = { 0 };
	int r = catalogue_init(&c, app, &e);

	for (size_t i = 0; r == 0 && i < c.dialect_count; i++)
		print_dialect(&c.dialects[i]);
	if (r == 0)
		printf("%-18s built in  (HTTP/2 client and server, h2c on loopback)\n", "h2");
	catalogue_deinit(&c);
	return r < 0 ? complain(&e, r) : SG_EXIT_OK;
}
