// What is asked about a dialect that was read.
#include "dialect.h"

const char *dialect_name(const struct dialect *d)
{
	return d->name;
}

bool dialect_is_abstract(const struct dialect *d)
{
	return d->abstract;
}

const char *dialect_summary(const struct dialect *d)
{
	return d->summary;
}

size_t dialect_target_count(const struct dialect *d)
{
	return d->target_count;
}

const char *dialect_target_name(const struct dialect *d, size_t i)
{
	return d->targets[i].name;
}

const char *dialect_target_command(const struct dialect *d, size_t i)
{
	return d->targets[i].command;
}

static const char *or_null(const char *text)
{
	return text[0] != 0 ? text : NULL;
}

const char *dialect_target_find(const struct dialect *d, size_t i)
{
	return or_null(d->targets[i].find);
}

const char *dialect_target_package(const struct dialect *d, size_t i)
{
	return or_null(d->targets[i].package);
}

const char *dialect_target_version(const struct dialect *d, size_t i)
{
	return or_null(d->targets[i].version);
}

const char *dialect_target_heap_flag(const struct dialect *d, size_t i)
{
	return or_null(d->targets[i].heap_flag);
}

const char *dialect_target_stack_flag(const struct dialect *d, size_t i)
{
	return or_null(d->targets[i].stack_flag);
}

const char *dialect_target_preload(const struct dialect *d, size_t i)
{
	return d->targets[i].preload_sees_heap;
}

bool dialect_target_is_extra(const struct dialect *d, size_t i)
{
	return d->targets[i].extra;
}

bool dialect_serves(const struct dialect *d)
{
	return dialect_has(d, CONSTRUCT_SERVER);
}

const char *dialect_server_check(const struct dialect *d)
{
	return or_null(d->server_check);
}

const char *dialect_server_package(const struct dialect *d)
{
	return or_null(d->server_package);
}

size_t dialect_capabilities(const struct dialect *d, const char *out[DIALECT_CAPABILITIES_MAX])
{
	static const struct {
		const char *words;
		int either, or ;
	} all[DIALECT_CAPABILITIES_MAX] = {
		{ "exceptions", CONSTRUCT_TRY, CONSTRUCT_TRY_FUNCTION },
		{ "full GC", OP_FULL_GC, OP_FULL_GC },
		{ "call/cc", OP_CALL_CC, OP_CALL_CC },
		{ "closures", CONSTRUCT_LAMBDA, CONSTRUCT_LOCAL_FUNCTION },
		{ "vectors", OP_MAKE_VECTOR, OP_MAKE_VECTOR },
		{ "maps", OP_MAKE_MAP, OP_MAKE_MAP },
		{ "weak references", OP_MAKE_WEAK, OP_MAKE_WEAK },
		{ "ephemerons", OP_MAKE_EPHEMERONS, OP_MAKE_EPHEMERONS },
		{ "finalizers", OP_SET_FINALIZER, OP_SET_FINALIZER },
		{ "deep print", OP_DATA_TO_STRING, OP_DATA_TO_STRING },
		{ "deep parse", OP_STRING_TO_DATA, OP_STRING_TO_DATA },
		{ "regex", OP_REGEX_MATCH, OP_REGEX_MATCH },
		{ "HTTP/2 server", CONSTRUCT_SERVER, CONSTRUCT_SERVER },
	};
	size_t count = 0;

	if (d->tail_calls)
		out[count++] = "tail calls";
	for (size_t i = 0; all[i].words != NULL; i++)
		if (dialect_has(d, all[i].either) || dialect_has(d, all[i].or))
			out[count++] = all[i].words;
	return count;
}
