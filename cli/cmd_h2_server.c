// stressgen h2-server: our own HTTP/2 server, for anybody's client.
#include "cli.h"
#include "server_options.h"
#include "verdict.h"

#include <stdio.h>

int cmd_h2_server(struct app *app)
{
	struct err e = { 0 };
	const int code = h2_server_command(&app->opts, &e);

	if (code != SG_EXIT_OK)
		fprintf(stderr, "stressgen: %s\n", e.text);
	return code;
}
