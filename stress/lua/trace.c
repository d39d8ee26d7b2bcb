// Where Lua was when its memory ran out: taken inside the allocator, because afterwards the stack is gone.
#include "lua_host.h"
#include "pooled.h"

#include <lauxlib.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define INNERMOST 8 // levels shown of each end of a stack
#define OUTERMOST 4

// The text that is filled in; what does not fit is left out line by line.
struct text {
	char *data;
	size_t size, len;
};

__attribute__((format(printf, 2, 3))) static void add_line(struct text *t, const char *format, ...)
{
	char line[256];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof line, format, args);
	va_end(args);
	if (n < 0 || t->len + (size_t)n + 2 > t->size || (size_t)n >= sizeof line)
		return;
	memcpy(t->data + t->len, line, (size_t)n);
	t->len += (size_t)n;
	t->data[t->len++] = '\n';
	t->data[t->len] = '\0';
}

// Levels on a thread's stack. lua_getstack walks from the top, so the end is searched by doubling.
static int count_levels(lua_State *L)
{
	lua_Debug ar;
	int low = 0, high = 1;

	while (lua_getstack(L, high - 1, &ar)) {
		low = high;
		high *= 2;
	}
	while (high - low > 1) {
		int middle = low + (high - low) / 2;

		if (lua_getstack(L, middle - 1, &ar))
			low = middle;
		else
			high = middle;
	}
	return low;
}

static void add_level(struct text *t, lua_State *L, int level)
{
	lua_Debug ar;
	const char *file, *slash;

	if (!lua_getstack(L, level, &ar) || !lua_getinfo(L, "nSl", &ar))
		return;
	slash = ar.source[0] == '@' ? strrchr(ar.source, '/') : NULL;
	file = slash != NULL ? slash + 1 : ar.short_src;
	if (ar.what[0] == 'C' && ar.name == NULL)
		add_line(t, "[C]: in ?");
	else if (ar.what[0] == 'C')
		add_line(t, "[C]: in function '%s'", ar.name);
	else if (ar.what[0] == 'm')
		add_line(t, "%s:%d: in main chunk", file, ar.currentline);
	else if (ar.name != NULL)
		add_line(t, "%s:%d: in %s '%s'", file, ar.currentline,
		         ar.namewhat[0] != '\0' ? ar.namewhat : "function", ar.name);
	else
		add_line(t, "%s:%d: in function <line %d>", file, ar.currentline, ar.linedefined);
}

static void add_stack(struct text *t, lua_State *L, int levels)
{
	int skipped = levels - INNERMOST - OUTERMOST;

	for (int i = 0; i < levels; i++) {
		if (skipped > 1 && i == INNERMOST) {
			add_line(t, "... %d more levels ...", skipped);
			i += skipped;
		}
		add_level(t, L, i);
	}
}

// The thread that `L` has resumed and waits for; NULL when it runs itself. Only a C function's frame is
// written to (its stack top is exact): one value is pushed and popped.
static lua_State *resumed_by(lua_State *L, lua_CFunction resume)
{
	lua_State *other = NULL;
	lua_Debug ar;

	if (!lua_getstack(L, 0, &ar) || !lua_getinfo(L, "S", &ar) || ar.what[0] != 'C')
		return NULL;
	lua_getinfo(L, "f", &ar);
	if (lua_tocfunction(L, -1) == resume) {
		if (lua_getlocal(L, &ar, 1) != NULL) {
			other = lua_tothread(L, -1);
			lua_pop(L, 1);
		}
	} else if (lua_getupvalue(L, -1, 1) != NULL) { // what coroutine.wrap returned
		other = lua_tothread(L, -1);
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
	return other != NULL && other != L && lua_getstack(other, 0, &ar) ? other : NULL;
}

#define CHAIN 200 // LUAI_MAXCCALLS: no more coroutines can be inside each other

static void trace(struct lua_host *host)
{
	struct lua_trace *last = &host->last;
	struct text text = { last->text, sizeof last->text, 0 };
	lua_State *chain[CHAIN];
	int count = 0;

	last->used_bytes = host->figures->used;
	last->depth = 0;
	last->text[0] = '\0';
	for (lua_State *L = host->L; L != NULL && count < CHAIN; L = resumed_by(L, host->resume))
		chain[count++] = L;
	while (count-- > 0) {
		int levels = count_levels(chain[count]);

		last->depth += (uint64_t)levels;
		add_stack(&text, chain[count], levels);
		if (count > 0)
			add_line(&text, "resumed by:");
	}
}

void lua_trace_pressed(void *arg, uint64_t request_bytes)
{
	struct lua_host *host = arg;

	pool_collected(host->pool); // Lua is about to
	if (request_bytes >= LUAL_BUFFERSIZE)
		trace(host);
}

void lua_trace_exhausted(void *arg, struct tele_pool *figures)
{
	struct lua_host *host = arg;

	if (figures->exhausted != 1)
		return;
	if (!host->unwound)
		trace(host);
	pooled_keep_maps(host->telemetry);
	figures->depth = host->last.depth;
	memcpy(figures->text, host->last.text, sizeof figures->text);
}
