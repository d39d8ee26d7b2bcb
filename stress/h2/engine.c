// The engines there are, by name.
#include "engine.h"
#include "server_engine.h"

#include <string.h>

const struct h2_client_engine *h2_client_engine_named(const char *name)
{
	static const struct h2_client_engine *const engines[] = { &h2_session_client, &h2_wire_client };
	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++)
		if (strcmp(engines[i]->name, name) == 0)
			return engines[i];
	return NULL;
}

const struct h2_server_engine *h2_server_engine_named(const char *name)
{
	static const struct h2_server_engine *const engines[] = { &h2_session_server, &h2_wire_server };
	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++)
		if (strcmp(engines[i]->name, name) == 0)
			return engines[i];
	return NULL;
}
