#include "support.h"

#include "harness.h"

#include "buf.h"
#include "io.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

struct kernel *support_kernel(const char *text)
{
	struct err e = { 0 };
	struct kernel *k = NULL;

	kernel_parse("k.kernel", text, strlen(text), &k, &e);
	assert_string_equal(e.text, "");
	assert_non_null(k);
	return k;
}

void support_refuse(const char *text, const char *message)
{
	struct err e = { 0 };
	struct kernel *k;

	assert_true(kernel_parse("k.kernel", text, strlen(text), &k, &e) < 0);
	assert_null(k);
	assert_string_equal(e.text, message);
}

const char *support_around(const char *definitions, const char *body)
{
	static char text[8192];

	snprintf(text, sizeof text,
	         "(kernel gc/k (summary \"s\") (param n 3 (range 0 9))\n%s\n(measure t (repeat 1)\n%s)\n"
	         "(expect 0))",
	         definitions, body);
	return text;
}

char **support_kernels(size_t *count)
{
	char **paths;
	glob_t g;

	assert_int_equal(glob(SG_SOURCE_DIR "/gen/kernels/*/*.kernel", 0, NULL, &g), 0);
	paths = calloc(g.gl_pathc, sizeof(char *));
	assert_non_null(paths);
	for (size_t i = 0; i < g.gl_pathc; i++)
		paths[i] = strdup(g.gl_pathv[i]);
	*count = g.gl_pathc;
	globfree(&g);
	return paths;
}

void support_free_paths(char **paths, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(paths[i]);
	free(paths);
}

struct dialect *support_dialect(const char *name)
{
	struct err e = { 0 };
	struct dialect *d = NULL;
	char path[512];

	if (strcmp(name, "mylisp") == 0)
		snprintf(path, sizeof path, "%s", SG_SOURCE_DIR "/tests/gen/toy/mylisp.dialect");
	else
		snprintf(path, sizeof path, "%s/gen/dialects/%s.dialect", SG_SOURCE_DIR, name);
	dialect_load(path, &d, &e);
	assert_string_equal(e.text, "");
	assert_non_null(d);
	return d;
}

char *support_read(const char *path)
{
	struct buf b = { 0 };
	struct err e = { 0 };

	assert_int_equal(io_read_file(path, 1U << 24, &b, &e), 0);
	buf_addc(&b, 0);
	return buf_take(&b);
}

void support_golden(const char *name, const char *text)
{
	char path[512];
	struct err e = { 0 };

	snprintf(path, sizeof path, SG_SOURCE_DIR "/tests/gen/golden/%s", name);
	if (getenv("SG_UPDATE_GOLDEN") != NULL) {
		assert_int_equal(io_replace_file(path, text, strlen(text), &e), 0);
		return;
	}
	char *golden = support_read(path);
	assert_string_equal(text, golden);
	free(golden);
}

int support_services(const char *dir, const char *service, struct dialect *const *dialects, size_t dialect_count,
                     uint64_t seed, const char *param, struct err *e)
{
	struct gen_target targets[8];
	struct gen_config c = { .services = &service,
		                .service_count = 1,
		                .servers = targets,
		                .server_count = dialect_count,
		                .kernel_dir = SG_SOURCE_DIR "/gen/kernels",
		                .params = &param,
		                .param_count = param != NULL,
		                .out_dir = dir,
		                .seed = seed,
		                .depth = 10000,
		                .generator = "stressgen test" };

	for (size_t i = 0; i < dialect_count; i++)
		targets[i] =
		        (struct gen_target){ .dialect = dialects[i], .name = dialect_target_name(dialects[i], 0) };
	return gen_suite(&c, e);
}

int support_suite(const char *dir, char *const *kernels, size_t kernel_count, struct dialect *const *dialects,
                  size_t dialect_count, uint64_t seed, struct err *e)
{
	struct gen_target targets[8];
	struct gen_config c = { .kernels = (const char *const *)kernels,
		                .kernel_count = kernel_count,
		                .targets = targets,
		                .target_count = dialect_count,
		                .out_dir = dir,
		                .seed = seed,
		                .depth = 10000,
		                .generator = "stressgen test" };

	for (size_t i = 0; i < dialect_count; i++)
		targets[i] =
		        (struct gen_target){ .dialect = dialects[i], .name = dialect_target_name(dialects[i], 0) };
	return gen_suite(&c, e);
}

char *support_shell(const char *command, int *status)
{
	struct buf out = { 0 };
	char piece[4096];
	size_t n;
	FILE *p = popen(command, "r");

	assert_non_null(p);
	while ((n = fread(piece, 1, sizeof piece, p)) > 0)
		buf_add(&out, piece, n);
	n = (size_t)pclose(p);
	*status = WIFEXITED((int)n) ? WEXITSTATUS((int)n) : -1;
	buf_addc(&out, 0);
	return buf_take(&out);
}

char *support_run(const char *program, const char *file, int *status)
{
	struct buf command = { 0 };
	char *out;

	buf_addf(&command, "%s '%s' 2>&1", program, file);
	out = support_shell(buf_text(&command), status);
	buf_deinit(&command);
	return out;
}
