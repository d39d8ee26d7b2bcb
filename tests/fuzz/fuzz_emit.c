// Emitted programs must parse in their language, by its own parser: Lua's in this process, Python's in a child
// that lives as long as we do. The input is a kernel; one that is none is the seed of a random one.
#include "buf.h"
#include "emit.h"
#include "random.h"

#include <errno.h>
#include <lauxlib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct dialect *load(const char *path)
{
	struct err e = { 0 };
	struct dialect *d;

	if (dialect_load(path, &d, &e) < 0) {
		fprintf(stderr, "%s\n", e.text);
		abort();
	}
	return d;
}

static void refuse(const char *language, const char *message, const struct buf *program)
{
	fprintf(stderr, "%s: %s in\n%s\n", language, message, buf_text(program));
	abort();
}

// What a language's parser may say of a right program: that it is too large for it.
static bool is_limit(const char *message)
{
	static const char *const limits[] = {
		"too many", "C stack overflow", "C levels",       "overflow",    "limit",
		"too long", "nested too deep",  "RecursionError", "MemoryError", "not enough memory"
	};

	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
		if (strstr(message, limits[i]) != NULL)
			return true;
	return false;
}

static void parse_lua(const struct buf *program)
{
	lua_State *l = luaL_newstate();

	if (l == NULL)
		abort();
	if (luaL_loadbufferx(l, program->data, program->len, "program", "t") != LUA_OK &&
	    !is_limit(lua_tostring(l, -1)))
		refuse("lua", lua_tostring(l, -1), program);
	lua_close(l);
}

static const char python_code[] = "import sys\n"
                                  "while True:\n"
                                  "    head = sys.stdin.buffer.readline()\n"
                                  "    if not head:\n"
                                  "        break\n"
                                  "    text = sys.stdin.buffer.read(int(head))\n"
                                  "    try:\n"
                                  "        compile(text, 'program', 'exec')\n"
                                  "        answer = 'ok'\n"
                                  "    except (SyntaxError, RecursionError, MemoryError, ValueError) as e:\n"
                                  "        answer = type(e).__name__ + ': ' + str(e).replace(chr(10), ' ')\n"
                                  "    print(answer, flush=True)\n";

static struct {
	FILE *to, *from; // NULL: there is no Python here
} python;

static void start_python(void)
{
	int in[2], out[2];

	if (pipe(in) < 0 || pipe(out) < 0)
		abort();
	switch (fork()) {
	case -1:
		abort();
	case 0:
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		close(in[1]);
		close(out[0]);
		execlp("python3", "python3", "-I", "-c", python_code, (char *)NULL);
		_exit(127);
	default:
		close(in[0]);
		close(out[1]);
		python.to = fdopen(in[1], "w");
		python.from = fdopen(out[0], "r");
		if (python.to == NULL || python.from == NULL)
			abort();
	}
}

static void parse_python(const struct buf *program)
{
	char answer[1024];

	fprintf(python.to, "%zu\n", program->len);
	fwrite(program->data, 1, program->len, python.to);
	fflush(python.to);
	if (fgets(answer, sizeof answer, python.from) == NULL)
		refuse("python", "no answer (is python3 there?)", program);
	if (strcmp(answer, "ok\n") != 0 && !is_limit(answer))
		refuse("python", answer, program);
}

static void check(const struct dialect *d, const struct kernel *k, const struct emit_values *v,
                  void (*parse)(const struct buf *))
{
	struct buf program = { 0 };
	char reason[256];

	if (emit_lacks(d, k, reason, sizeof reason) == NULL) {
		int rc = emit_program(d, k, v, &program);
		if (rc == 0)
			parse(&program);
		else if (rc != -E2BIG)
			abort();
	}
	buf_deinit(&program);
}

static struct kernel *random_one(const uint8_t *data, size_t size)
{
	uint64_t seed = 0;
	struct buf text = { 0 };
	struct err e = { 0 };
	struct kernel *k;

	memcpy(&seed, data, size < sizeof seed ? size : sizeof seed);
	if (random_kernel(seed, size, 20 + (unsigned)(seed >> 56), &text) < 0)
		abort();
	if (kernel_parse("random.kernel", text.data, text.len, &k, &e) < 0)
		refuse("kernel", e.text, &text);
	buf_deinit(&text);
	return k;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dialect *lua, *py;
	int64_t values[KERNEL_ARGS_MAX];
	struct emit_values v = { .params = values };
	struct kernel *k;

	if (lua == NULL) {
		lua = load(SG_SOURCE_DIR "/gen/dialects/lua.dialect");
		py = load(SG_SOURCE_DIR "/gen/dialects/python.dialect");
		start_python();
	}
	if (size > 65536)
		return 0;
	if (kernel_parse("fuzz.kernel", (const char *)data, size, &k, NULL) < 0)
		k = random_one(data, size);
	if (kernel_instance_values(k, k->instances, 10, values, NULL) == 0) {
		check(lua, k, &v, parse_lua);
		check(py, k, &v, parse_python);
	}
	kernel_free(k);
	return 0;
}
