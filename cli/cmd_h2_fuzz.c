// stressgen h2-fuzz: random sequences of frames against an HTTP/2 server, and what breaks it made small.
#include "cli.h"
#include "fuzz_options.h"
#include "verdict.h"

#include <stdio.h>

int cmd_h2_fuzz(struct app *app)
{
	struct err e = { 0 };
	const int code = h2_fuzz_command(&app->opts, app->paths.h2, &e);

	if (code != SG_EXIT_OK && code != SG_EXIT_TESTS)
		fprintf(stderr, "stressgen: %s\n", e.text);
	return code;
}
