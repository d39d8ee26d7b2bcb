// One Lua state on one pool, from its making to its end.
#include "lua_host.h"

#include "header.h"
#include "pooled.h"

#include <errno.h>
#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <string.h>

#define NAME "lua"
#define MEMORY_MESSAGE "not enough memory" // Lua's own

// lua.c's: a message that is no string becomes one, and the traceback is added while the stack is there.
static int add_traceback(lua_State *L)
{
	const char *message = lua_tostring(L, 1);

	if (message == NULL) {
		if (luaL_callmeta(L, 1, "__tostring") && lua_type(L, -1) == LUA_TSTRING)
			return 1;
		message = lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
	}
	luaL_traceback(L, L, message, 1);
	return 1;
}

static void set_arg_table(lua_State *L, const struct lua_job *job)
{
	lua_createtable(L, job->arg_count, 1);
	lua_pushstring(L, job->file != NULL ? job->file : NAME);
	lua_rawseti(L, -2, 0);
	for (int i = 0; i < job->arg_count; i++) {
		lua_pushstring(L, job->args[i]);
		lua_rawseti(L, -2, i + 1);
	}
	lua_setglobal(L, "arg");
}

// Calls the chunk on the top of the stack with the script's arguments. A message of the compiler is left
// there: it has a place of its own and needs no traceback.
static void run_chunk(struct lua_host *host, int loaded)
{
	const struct lua_job *job = host->job;
	lua_State *L = host->L;

	if (loaded == LUA_ERRMEM)
		lua_error(L);
	if (loaded != LUA_OK) {
		host->not_loaded = true;
		return;
	}
	luaL_checkstack(L, job->arg_count, "too many arguments to the script");
	for (int i = 0; i < job->arg_count; i++)
		lua_pushstring(L, job->args[i]);
	lua_call(L, job->arg_count, 0);
}

// All of the setup runs in here, protected: in a small slab each of its steps can fail.
static int run_protected(lua_State *L)
{
	struct lua_host *host = lua_touserdata(L, 1);
	const struct lua_job *job = host->job;

	luaL_checkversion(L);
	luaL_openlibs(L);
	lua_lib_open(L, host);
	set_arg_table(L, job);
	if (job->code != NULL)
		run_chunk(host, luaL_loadbuffer(L, job->code, strlen(job->code), "=(command line)"));
	if (job->file != NULL && !host->not_loaded)
		run_chunk(host, luaL_loadfile(L, strcmp(job->file, "-") == 0 ? NULL : job->file));
	return host->not_loaded ? 1 : 0;
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);
	return n >= m && strcmp(text + n - m, end) == 0;
}

static void print_exhausted(const struct lua_host *host)
{
	char what[128];

	snprintf(what, sizeof what, NAME ": not enough memory (slab '%s' full", host->figures->name);
	pooled_print_exhausted(what, host->figures, host->last.used_bytes, "stack traceback");
}

// A memory error may have travelled through coroutine.wrap, which puts a place in front of it.
static void print_failure(const char *message, const struct lua_host *host)
{
	if (host->figures->exhausted > 0 && host->figures->capacity > 0 && ends_with(message, MEMORY_MESSAGE))
		print_exhausted(host);
	else
		fprintf(stderr, NAME ": %s\n", message);
}

static int run_state(struct lua_host *host)
{
	lua_State *L = host->L;
	int status;

	// None of these allocates: light functions and a pointer, within the stack that a new state has.
	lua_pushcfunction(L, add_traceback);
	lua_pushcfunction(L, run_protected);
	lua_pushlightuserdata(L, host);
	status = lua_pcall(L, 1, 1, 1);
	if (status == LUA_OK && !host->not_loaded)
		return 0;
	host->unwound = true;
	if (status == LUA_ERRMEM && host->figures->exhausted == 0)
		pool_gave_up(host->pool);
	fflush(stdout);
	print_failure(lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "(error without a message)", host);
	return 1;
}

// Counting is not free: the finalizer that counts needs stack, and one that runs when a deep stack is about to
// double makes it double twice. So it is for programs that are about collections.
static bool is_gc_test(const char *file)
{
	struct test_meta meta = { 0 };
	char head[8192];
	FILE *f = file != NULL && strcmp(file, "-") != 0 ? fopen(file, "r") : NULL;
	bool is = false;

	if (f == NULL)
		return false;
	is = test_header_parse(file, head, fread(head, 1, sizeof head, f), &meta, NULL) == 1 &&
	     meta.kind == KIND_GC;
	fclose(f);
	test_meta_deinit(&meta);
	return is;
}

static int open_pool(struct lua_host *host, const struct lua_job *job, struct tele_file *telemetry, struct err *e)
{
	char name[64];
	struct pool_config config = {
		.name = name,
		.capacity_bytes = job->capacity_bytes,
		.figures = telemetry != NULL ? &telemetry->pools[0] : NULL,
		.mark_percent = job->mark_percent,
		.asks_again = POOL_ASKS_FOR_OBJECTS,
		.exhausted = lua_trace_exhausted,
		.pressed = lua_trace_pressed,
		.arg = host,
	};
	int rc;

	snprintf(name, sizeof name, NAME " %s", job->policy->name);
	rc = pool_open(job->policy, &config, &host->pool, e);
	if (rc < 0)
		return rc;
	host->figures = host->pool->figures;
	if (!job->count_gc && !is_gc_test(job->file))
		return 0;
	host->gc_cycles = telemetry_counter(telemetry, "gc_cycles");
	if (host->gc_cycles == NULL)
		host->gc_cycles = &host->own_gc_cycles;
	return 0;
}

int lua_host_run(const struct lua_job *job, struct tele_file *telemetry, struct err *e)
{
	struct lua_host host = { .job = job, .telemetry = telemetry };
	int rc = open_pool(&host, job, telemetry, e);

	if (rc < 0)
		return rc;
	host.L = lua_newstate(job->policy->resize, host.pool);
	host.pool->forgiven = 1; // from now on Lua collects and asks once more
	if (host.L == NULL) {
		pool_gave_up(host.pool);
		print_failure(MEMORY_MESSAGE, &host);
		rc = 1;
	} else {
		rc = run_state(&host);
		pool_done(host.pool);
		host.gc_cycles = &host.own_gc_cycles; // closing is no cycle
		lua_close(host.L);
	}
	pooled_tell_counters(telemetry, host.pool);
	pool_close(host.pool);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, NAME ": standard output cannot be written: %s\n", strerror(errno));
		rc = 1;
	}
	return rc;
}
