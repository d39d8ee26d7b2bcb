// The global table `stressgen`: what a test program asks its host.
#include "lua_host.h"

#include "clock.h"
#include "pooled.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>

// stressgen.now_ns() -> integer: CLOCK_MONOTONIC in ns.
static int lib_now_ns(lua_State *L)
{
	lua_pushinteger(L, (lua_Integer)clock_now_ns());
	return 1;
}

static struct lua_host *host_of(lua_State *L)
{
	return lua_touserdata(L, lua_upvalueindex(1));
}

// The sentinel is garbage from its birth: each cycle finds it dead, and its finalizer marks it for the next.
static int sentinel_gc(lua_State *L)
{
	++*host_of(L)->gc_cycles;
	pool_collected(host_of(L)->pool);
	lua_getmetatable(L, 1);
	lua_setmetatable(L, 1);
	return 0;
}

static void make_sentinel(lua_State *L, struct lua_host *host)
{
	lua_newuserdatauv(L, 0, 0);
	lua_createtable(L, 0, 1);
	lua_pushlightuserdata(L, host);
	lua_pushcclosure(L, sentinel_gc, 1);
	lua_setfield(L, -2, "__gc");
	lua_setmetatable(L, -2);
	lua_pop(L, 1);
}

// stressgen.gc_count() -> integer: collection cycles that were completed. Emergency collections right behind one
// another, during which no finalizer runs, count as one.
static int lib_gc_count(lua_State *L)
{
	lua_pushinteger(L, (lua_Integer)*host_of(L)->gc_cycles);
	return 1;
}

// stressgen.cycle(): the end of a cycle of the same work: tells what is live after a full collection. The second
// one takes what finalizers of the first have let go of.
static int lib_cycle(lua_State *L)
{
	lua_gc(L, LUA_GCCOLLECT);
	lua_gc(L, LUA_GCCOLLECT);
	printf("@@ live %llu\n",
	       ((unsigned long long)lua_gc(L, LUA_GCCOUNT) << 10) + (unsigned long long)lua_gc(L, LUA_GCCOUNTB));
	return 0;
}

// stressgen.pool() -> name, used, high_water, capacity (bytes; a capacity of 0: none).
static int lib_pool(lua_State *L)
{
	const struct tele_pool *f = host_of(L)->figures;

	lua_pushstring(L, host_of(L)->pool->policy->name);
	lua_pushinteger(L, (lua_Integer)f->used);
	lua_pushinteger(L, (lua_Integer)f->high_water);
	lua_pushinteger(L, (lua_Integer)f->capacity);
	return 4;
}

void lua_lib_open(lua_State *L, struct lua_host *host)
{
	static const luaL_Reg functions[] = {
		{ "now_ns", lib_now_ns },
		{ "pool", lib_pool },
		{ NULL, NULL },
	};

	luaL_newlibtable(L, functions);
	lua_pushlightuserdata(L, host);
	luaL_setfuncs(L, functions, 1);
	if (pooled_tells_live()) {
		lua_pushcfunction(L, lib_cycle);
		lua_setfield(L, -2, "cycle");
	}
	if (host->gc_cycles != NULL) {
		lua_pushlightuserdata(L, host);
		lua_pushcclosure(L, lib_gc_count, 1);
		lua_setfield(L, -2, "gc_count");
		make_sentinel(L, host);
	}
	lua_setglobal(L, "stressgen");
	if (lua_getglobal(L, LUA_COLIBNAME) == LUA_TTABLE)
		lua_getfield(L, -1, "resume");
	host->resume = lua_tocfunction(L, -1);
	lua_settop(L, 0);
}
