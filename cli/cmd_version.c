// stressgen version: ours and the libraries'.
#include "cli.h"
#include "verdict.h"

#include <jansson.h>
#include <stdio.h>
#include <uv.h>
#include <zlib.h>

int cmd_version(struct app *app)
{
	(void)app;
	printf("stressgen %s\n", SG_VERSION);
	printf("libuv %s, jansson %s, zlib %s\n", uv_version_string(), jansson_version_str(), zlibVersion());
	return SG_EXIT_OK;
}
