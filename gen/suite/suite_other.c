// Tests that are not the catalogue's kernels as they stand: random ones, GC kernels in their modes, hostile
// programs, HTTP/2 scenarios, native workloads.
#include "generation.h"

#include "io.h"
#include "malformed.h"
#include "random.h"
#include "text_params.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define SCENARIO_MAX (1024U * 1024U)

int generation_write_random(struct generation *g, uint64_t index)
{
	unsigned size = g->config->random_size > 0 ? g->config->random_size : RANDOM_SIZE;
	struct buf text = { 0 }, name = { 0 };
	struct kernel *k = NULL;
	int rc = random_kernel(g->config->seed, index, size, &text);

	buf_addf(&name, "random-%" PRIu64 "-%" PRIu64, g->config->seed, index);
	if (rc < 0 || name.failed)
		rc = generation_no_memory(g);
	g->random = true;
	if (rc == 0)
		rc = kernel_parse(name.data, text.data, text.len, &k, g->e);
	g->random = true;
	if (rc == 0)
		rc = generation_write_kept(g, k, &text);
	g->random = false;
	kernel_free(k);
	buf_deinit(&text);
	buf_deinit(&name);
	return rc;
}

int generation_write_modes(struct generation *g, const struct kernel *k)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && k->kind == KIND_GC && i < g->mode_count; i++) {
		struct buf text = { 0 };
		struct kernel *changed = NULL;
		rc = mode_write(k->path, &g->modes[i], &text, g->e);
		if (rc == 0)
			rc = kernel_parse(g->modes[i].name, buf_text(&text), text.len, &changed, g->e);
		if (rc == 0)
			rc = generation_write_kept(g, changed, &text);
		kernel_free(changed);
		buf_deinit(&text);
	}
	return rc;
}

int generation_write_malformed(struct generation *g, const struct gen_target *t, uint64_t index)
{
	struct buf text = { 0 }, header = { 0 }, id = { 0 }, program = { 0 }, path = { 0 };
	const char *what = "";
	struct suite_test *test;
	int rc = malformed_program(t->dialect, g->config->seed, index, &text, &what);

	buf_addf(&id, "other/malformed-%" PRIu64 "-%" PRIu64 ".%s", g->config->seed, index, t->name);
	buf_addf(&program, "%s.%s", buf_text(&id), t->dialect->extension);
	buf_addf(&path, "%s.test", buf_text(&id));
	generation_add_hostile_header(&header, g, t, buf_text(&id), strrchr(buf_text(&program), '/') + 1, what);
	if (rc < 0 || id.failed || program.failed || path.failed || header.failed)
		rc = generation_no_memory(g);
	g->source = buf_text(&program);
	if (rc == 0)
		rc = generation_add_test(g, path.data, id.data, "other/malformed", t->dialect->name, t->name,
		                         &test);
	g->source = NULL;
	if (rc == 0)
		rc = generation_copy_patterns(g, test, t);
	if (rc == 0)
		rc = outdir_write(&g->dir, program.data, buf_text(&text), text.len, g->e);
	if (rc == 0)
		rc = outdir_write(&g->dir, path.data, header.data, header.len, g->e);
	buf_deinit(&text);
	buf_deinit(&header);
	buf_deinit(&id);
	buf_deinit(&program);
	buf_deinit(&path);
	return rc;
}

bool generation_is_plain_id(const char *id)
{
	return id != NULL && strchr(id, '/') != NULL && id[0] != '/' && id[0] != '.' && strstr(id, "..") == NULL &&
	       strlen(id) < 200 &&
	       strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+@./-") == strlen(id);
}

int generation_read_params(struct generation *g, const char *from, const struct buf *text, struct text_params *p)
{
	int rc = text_params_read(p, from, buf_text(text), text->len, g->config->seed, g->e);

	for (size_t i = 0; rc == 0 && i < g->config->param_count; i++) {
		struct err other = { 0 };
		rc = text_params_set(p, from, g->config->params[i], &other);
		g->params_used[i] = g->params_used[i] || rc == 0;
		if (rc == -ENOMEM)
			return generation_no_memory(g);
		rc = 0; // it is another one's
	}
	return rc;
}

int generation_set_params(struct generation *g, const char *from, const struct text_params *p, struct buf *text,
                          struct buf *values)
{
	struct buf made = { 0 };
	const char *run = strstr(buf_text(text), "; @Run ");
	const char *end = run != NULL ? strchr(run, '\n') : NULL;
	int rc = 0;

	if (p->count > 0 && end == NULL)
		rc = err_set(g->e, EINVAL, "%s: a scenario with parameters has an @Run in its header", from);
	for (size_t i = 0; rc == 0 && i < p->count; i++)
		buf_addf(values, "%s%s=%s", i > 0 ? " " : "", p->names[i], p->values[i]);
	if (rc == 0 && p->count > 0) {
		buf_add(&made, buf_text(text), (size_t)(run - buf_text(text)));
		for (size_t i = 0; i < p->count; i++)
			buf_addf(&made, "; @Param %s=%s\n", p->names[i], p->values[i]);
		buf_add(&made, run, (size_t)(end - run));
		for (size_t i = 0; i < p->count; i++)
			buf_addf(&made, " %s={param:%s}", p->names[i], p->names[i]);
		buf_adds(&made, end);
		if (made.failed || values->failed)
			rc = generation_no_memory(g);
		buf_clear(text);
		buf_add(text, buf_text(&made), made.len);
	}
	buf_deinit(&made);
	return rc;
}

int generation_check_scenario(struct generation *g, const char *from)
{
	struct buf text = { 0 };
	struct text_params params = { 0 };
	int rc = io_read_file(from, SCENARIO_MAX, &text, g->e);

	if (rc >= 0)
		rc = generation_read_params(g, from, &text, &params);
	text_params_deinit(&params);
	buf_deinit(&text);
	return rc < 0 ? rc : 0;
}

int generation_write_scenario(struct generation *g, const char *from)
{
	struct test_meta meta = { 0 };
	struct buf text = { 0 }, path = { 0 }, values = { 0 };
	struct text_params params = { 0 };
	struct suite_test *t = NULL;
	int rc = io_read_file(from, SCENARIO_MAX, &text, g->e);

	if (rc >= 0)
		rc = generation_read_params(g, from, &text, &params);
	if (rc >= 0)
		rc = generation_set_params(g, from, &params, &text, &values);
	text_params_deinit(&params);
	if (rc >= 0)
		rc = test_header_parse(from, buf_text(&text), text.len, &meta, g->e);
	if (rc >= 0 && !generation_is_plain_id(meta.id))
		rc = err_set(g->e, EINVAL, "%s: a scenario begins with a header whose @Test is like http2/name",
		             from);
	if (rc >= 0) {
		buf_addf(&path, "%s.h2", meta.id);
		rc = path.failed ? generation_no_memory(g)
		                 : generation_add_test(g, path.data, meta.id, meta.id, "h2", "h2", &t);
	}
	if (rc >= 0)
		rc = outdir_write(&g->dir, path.data, buf_text(&text), text.len, g->e);
	if (rc >= 0 && values.len > 0 && (t->param_text = strdup(buf_text(&values))) == NULL)
		rc = generation_no_memory(g);
	test_meta_deinit(&meta);
	buf_deinit(&text);
	buf_deinit(&path);
	buf_deinit(&values);
	return rc < 0 ? rc : 0;
}

// Each value as a parameter of the header, and as a word of the command.
static void add_workload_params(const struct gen_workload *w, uint64_t seed, struct buf *header, struct buf *run)
{
	const char *p = w->values;

	buf_addf(header, "# @Param seed=%" PRIu64 "\n", seed);
	buf_adds(run, " seed={param:seed}");
	for (p += strspn(p, " "); *p != '\0'; p += strspn(p, " ")) {
		size_t len = strcspn(p, " "), name = strcspn(p, "=");

		buf_addf(header, "# @Param %.*s\n", (int)len, p);
		buf_addf(run, " %.*s={param:%.*s}", (int)name, p, (int)name, p);
		p += len;
	}
}

static void add_workload_header(const struct gen_workload *w, const char *id, uint64_t seed, struct buf *out)
{
	struct buf run = { 0 };

	// by itself, because it measures what threads do to each other
	buf_addf(out, "# @Test %s\n# @Kind alloc\n# @Tag alloc, %s\n# @Timeout %s\n# @Sentinel on\n# @Serial\n%s",
	         id, w->name, w->slow ? "10m" : "60s", w->slow ? "# @Slow\n" : "");
	add_workload_params(w, seed, out, &run);
	buf_addf(out, "# @Run {stressgen:native} %s%s\n#\n# %s.\n", w->name, buf_text(&run), w->summary);
	out->failed = out->failed || run.failed;
	buf_deinit(&run);
}

int generation_write_workload(struct generation *g, const struct gen_workload *w)
{
	struct buf id = { 0 }, path = { 0 }, kernel = { 0 }, text = { 0 };
	struct suite_test *t;
	int rc = 0;

	buf_addf(&kernel, "alloc/%s", w->name);
	buf_addf(&id, "%s%s%s", buf_text(&kernel), w->suffix[0] != '\0' ? "-" : "", w->suffix);
	buf_addf(&path, "%s.alloc", buf_text(&id));
	add_workload_header(w, buf_text(&id), g->config->seed, &text);
	if (id.failed || path.failed || kernel.failed || text.failed)
		rc = generation_no_memory(g);
	if (rc == 0)
		rc = generation_add_test(g, path.data, id.data, kernel.data, "native", "native", &t);
	if (rc == 0 && w->values[0] != '\0' && (t->param_text = strdup(w->values)) == NULL)
		rc = generation_no_memory(g);
	if (rc == 0)
		rc = outdir_write(&g->dir, path.data, text.data, text.len, g->e);
	buf_deinit(&id);
	buf_deinit(&path);
	buf_deinit(&kernel);
	buf_deinit(&text);
	return rc;
}
