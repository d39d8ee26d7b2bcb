// Servers that are written for HTTP/2 scenarios: a *.serve file is a scenario that names a kernel, "(serve KERNEL
// ROUTE ...)"; each language that can serve gets a program whose requests do what the kernel measures, beside a
// list that stays alive.
#include "generation.h"

#include "io.h"
#include "sexp.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SERVICE_MAX (1024U * 1024U)
#define TARGET_PLACE "{target}"
#define SERVER_PLACE "{server}"

// One *.serve file under way.
struct service {
	struct generation *g;
	const char *from; // its path
	struct buf text;
	struct sexp_doc *doc;
	const struct sexp *serve; // (serve KERNEL ROUTE ...)
	const char *name;         // of the scenario
	struct text_params params;
	struct kernel *kernel; // with its list
	struct emit_values values;
	int64_t params_of_kernel[KERNEL_ARGS_MAX];
};

static void service_deinit(struct service *s)
{
	kernel_free(s->kernel);
	text_params_deinit(&s->params);
	sexp_free(s->doc);
	buf_deinit(&s->text);
}

// --- reading ---------------------------------------------------------------------------------------------------

static int read_serve(struct service *s)
{
	const struct sexp *form = sexp_at(sexp_root(s->doc), 0);
	const char *word;
	int rc = 0;

	if (!sexp_is_form(form, "scenario"))
		return sexp_err(s->doc, sexp_root(s->doc), s->g->e, "one (scenario NAME ...) was expected");
	rc = sexp_get_symbol(s->doc, form, 1, &s->name, s->g->e);
	if (rc == 0 && (!generation_is_plain_id(s->name) || strncmp(s->name, "http2-serve/", 12) != 0))
		rc = sexp_err(s->doc, form->items[1], s->g->e, "a name like http2-serve/word was expected");
	s->serve = sexp_field(form, "serve");
	if (rc == 0 && (s->serve == NULL || s->serve->count < 2))
		rc = sexp_err(s->doc, s->serve != NULL ? s->serve : form, s->g->e,
		              "(serve KERNEL ROUTE ...) was expected: what each request does, and the routes "
		              "that it takes beside /work: timer, events, echo");
	for (size_t i = 1; rc == 0 && i < s->serve->count; i++)
		rc = sexp_get_symbol(s->doc, s->serve, i, &word, s->g->e);
	return rc;
}

// The kernel that is served, in the mode that keeps a list alive beside it.
static int read_kernel(struct service *s)
{
	const struct mode live = { .kind = MODE_NEAR_FULL, .name = "served" };
	struct buf path = { 0 }, text = { 0 };
	struct err why = { 0 };
	int rc;

	buf_addf(&path, "%s/%s.kernel", s->g->config->kernel_dir, s->serve->items[1]->text);
	rc = path.failed ? generation_no_memory(s->g) : mode_write(buf_text(&path), &live, &text, &why);
	if (rc < 0 && !path.failed)
		rc = sexp_err(s->doc, s->serve->items[1], s->g->e, "the kernel cannot be served: %s", why.text);
	if (rc == 0)
		rc = kernel_parse(buf_text(&path), buf_text(&text), text.len, &s->kernel, s->g->e);
	buf_deinit(&path);
	buf_deinit(&text);
	return rc;
}

static const char *value_of(const struct service *s, const char *name)
{
	for (size_t i = 0; i < s->params.count; i++)
		if (strcmp(s->params.names[i], name) == 0)
			return s->params.values[i];
	return NULL;
}

// The kernel's parameters: the scenario's of the same name, else the kernel's own values.
static int read_values(struct service *s)
{
	s->values = (struct emit_values){ .params = s->params_of_kernel, .seed = s->g->config->seed };
	for (size_t i = 0; i < s->kernel->param_count; i++) {
		const struct kernel_param *p = &s->kernel->params[i];
		const char *text = value_of(s, p->var->name);
		char *end = NULL;

		errno = 0;
		s->params_of_kernel[i] = text != NULL ? strtoll(text, &end, 10) : p->value;
		if (text != NULL && (errno != 0 || end == text || *end != 0 || s->params_of_kernel[i] < p->min ||
		                     s->params_of_kernel[i] > p->max))
			return sexp_err(s->doc, s->serve, s->g->e,
			                "parameter %s of %s is from %" PRId64 " to %" PRId64 ", not '%.40s'",
			                p->var->name, s->serve->items[1]->text, p->min, p->max, text);
	}
	return generation_find_expected(s->kernel, &s->values, s->g->e);
}

static int set_number(struct service *s, const char *name, int64_t value)
{
	char words[80];

	if (value_of(s, name) == NULL)
		return 0;
	snprintf(words, sizeof words, "%s=%" PRId64, name, value);
	return text_params_set(&s->params, s->from, words, s->g->e);
}

// What only the generator knows: $result of each request, and $events-bytes of so many events.
static int set_results(struct service *s)
{
	const char *events = value_of(s, "events");
	char result[32];
	const int digits = snprintf(result, sizeof result, "%" PRId64, s->values.expect);
	int rc = set_number(s, "result", s->values.expect);

	if (rc == 0 && events != NULL) // "data: RESULT\n\n"
		rc = set_number(s, "events-bytes", strtoll(events, NULL, 10) * (8 + digits));
	return rc;
}

// What s->text says.
static int read_service(struct service *s)
{
	int rc = sexp_parse(s->from, buf_text(&s->text), s->text.len, &s->doc, s->g->e);
	if (rc == 0)
		rc = read_serve(s);
	if (rc == 0)
		rc = generation_read_params(s->g, s->from, &s->text, &s->params);
	if (rc == 0)
		rc = read_kernel(s);
	if (rc == 0)
		rc = read_values(s);
	return rc == 0 ? set_results(s) : rc;
}

// --- writing ---------------------------------------------------------------------------------------------------

static bool has_word(const char *words, const char *word)
{
	const size_t len = strlen(word);

	for (const char *at = words; (at = strstr(at, word)) != NULL; at++)
		if ((at == words || at[-1] == ' ') && (at[len] == ' ' || at[len] == 0))
			return true;
	return false;
}

// NULL when the language can serve it; else why not, in `reason`.
static const char *service_lacks(const struct service *s, const struct dialect *d, char *reason, size_t size)
{
	for (size_t i = 2; i < s->serve->count; i++)
		if (!has_word(d->server_routes, s->serve->items[i]->text)) {
			snprintf(reason, size, "its servers have no %.40s", s->serve->items[i]->text);
			return reason;
		}
	return emit_lacks(d, s->kernel, reason, size);
}

static int write_program(const struct service *s, const struct gen_target *t, const char *path)
{
	const struct dialect *d = t->dialect;
	struct buf text = { 0 };
	int rc;

	if (d->first_line[0] != 0)
		buf_addf(&text, "%s\n", d->first_line);
	buf_addf(&text, "%s%s: each request %.*s, beside pairs that live.%s\n", d->comment, s->name,
	         (int)strcspn(s->kernel->summary, ";"), s->kernel->summary, d->comment_end);
	buf_addf(&text, "%sWritten by %s from %s.kernel with seed %" PRIu64 ".%s\n\n", d->comment,
	         s->g->config->generator, s->serve->items[1]->text, s->values.seed, d->comment_end);
	rc = emit_server(d, s->kernel, &s->values, &text);
	if (rc == -E2BIG)
		err_set(s->g->e, E2BIG, "%s: the program would be too large", path);
	else if (rc < 0 || text.failed)
		rc = generation_no_memory(s->g);
	if (rc == 0)
		rc = outdir_write(&s->g->dir, path, text.data, text.len, s->g->e);
	buf_deinit(&text);
	return rc;
}

// The scenario's text with the target, and how its server is started, in their places.
static void fill(const struct service *s, const struct gen_target *t, const char *program, struct buf *out)
{
	struct buf command = { 0 };

	generation_add_server_command(&command, s->g, t, program);
	for (const char *p = buf_text(&s->text); *p != 0;) {
		if (strncmp(p, TARGET_PLACE, strlen(TARGET_PLACE)) == 0) {
			buf_adds(out, t->name);
			p += strlen(TARGET_PLACE);
		} else if (strncmp(p, SERVER_PLACE, strlen(SERVER_PLACE)) == 0) {
			buf_addf(out, "--server-command '%s'%s", buf_text(&command),
			         t->dialect->server_tls ? " --server-tls" : "");
			p += strlen(SERVER_PLACE);
		} else {
			buf_addc(out, *p++);
		}
	}
	out->failed = out->failed || command.failed;
	buf_deinit(&command);
}

static int write_scenario(struct service *s, const struct gen_target *t, const char *id, const char *program)
{
	struct buf text = { 0 }, path = { 0 }, values = { 0 };
	struct suite_test *test = NULL;
	int rc;

	fill(s, t, strrchr(program, '/') + 1, &text);
	buf_addf(&path, "%s.h2", id);
	rc = text.failed || path.failed ? generation_no_memory(s->g) : 0;
	if (rc == 0)
		rc = generation_set_params(s->g, s->from, &s->params, &text, &values);
	s->g->source = program;
	if (rc == 0)
		rc = generation_add_test(s->g, path.data, id, s->name, t->dialect->name, t->name, &test);
	s->g->source = NULL;
	if (rc == 0)
		rc = generation_copy_patterns(s->g, test, t);
	if (rc == 0 && values.len > 0 && (test->param_text = strdup(values.data)) == NULL)
		rc = generation_no_memory(s->g);
	if (rc == 0)
		rc = outdir_write(&s->g->dir, path.data, text.data, text.len, s->g->e);
	buf_deinit(&text);
	buf_deinit(&path);
	buf_deinit(&values);
	return rc;
}

static int write_for(struct service *s, const struct gen_target *t)
{
	struct buf id = { 0 }, program = { 0 };
	char reason[256];
	int rc;

	if (service_lacks(s, t->dialect, reason, sizeof reason) != NULL)
		return suite_leave_out(&s->g->suite, s->name, t->dialect->name, reason) < 0
		               ? generation_no_memory(s->g)
		               : 0;
	buf_addf(&id, "%s.%s", s->name, t->name);
	buf_addf(&program, "%s.%s", buf_text(&id), t->dialect->extension);
	rc = id.failed || program.failed ? generation_no_memory(s->g) : write_program(s, t, program.data);
	if (rc == 0)
		rc = write_scenario(s, t, id.data, program.data);
	buf_deinit(&id);
	buf_deinit(&program);
	return rc;
}

// The file's text and what it says.
static int load_service(struct service *s)
{
	const int rc = io_read_file(s->from, SERVICE_MAX, &s->text, s->g->e);

	return rc < 0 ? rc : read_service(s);
}

int generation_check_service(struct generation *g, const char *from)
{
	struct service s = { .g = g, .from = from };
	const int rc = load_service(&s);

	service_deinit(&s);
	return rc;
}

int generation_write_service(struct generation *g, const char *from)
{
	struct service s = { .g = g, .from = from };
	int rc = load_service(&s);

	for (size_t i = 0; rc == 0 && i < g->config->server_count; i++)
		if (dialect_serves(g->config->servers[i].dialect))
			rc = write_for(&s, &g->config->servers[i]);
	service_deinit(&s);
	return rc;
}

// --- mutated frames --------------------------------------------------------------------------------------------

#define FUZZ_CASES 300U // of one test: seconds where the server reacts

// What a language's server does for its healthy clients meanwhile.
static const char mutated[] = "(scenario http2-serve/mutated (serve gc/list-churn)"
                              " (param lists 1) (param length 10) (param ballast 1000))";

// The server under mutation, and where its tests are told from others'.
struct mutated_server {
	const char *target, *dialect;
	const char *program; // in the suite; NULL: our own
	const char *words;   // that name it on the command line
};

static int write_fuzz_test(struct generation *g, const struct mutated_server *m, uint64_t index)
{
	struct buf id = { 0 }, path = { 0 }, text = { 0 };
	const uint64_t seed = g->config->seed;
	struct suite_test *t;
	int rc;

	buf_addf(&id, "http2-fuzz/%s-%" PRIu64 "-%" PRIu64, m->target, seed, index);
	buf_addf(&path, "%s.fuzz", buf_text(&id));
	buf_addf(&text, "# @Test %s\n# @Kind http2\n# @Tag http2, fuzz\n# @Timeout 10m\n# @Sentinel on\n",
	         buf_text(&id));
	buf_addf(&text, "# @Param seed=%" PRIu64 "\n# @Param first-case=%" PRIu64 "\n# @Param cases=%u\n", seed,
	         index * FUZZ_CASES, FUZZ_CASES);
	buf_addf(
	        &text,
	        "# @Run {stressgen:h2} fuzz --seed {param:seed} --first-case {param:first-case} --cases "
	        "{param:cases} -o - %s\n#\n"
	        "# Conversations that the seed and a case's number make, with up to six changes each: what breaks "
	        "the server,\n# or a healthy client beside it, is shown as a scenario of as few frames as "
	        "break it.\n# Written by %s.\n",
	        m->words, g->config->generator);
	rc = id.failed || path.failed || text.failed ? generation_no_memory(g) : 0;
	g->source = m->program;
	if (rc == 0)
		rc = generation_add_test(g, path.data, id.data, "http2-fuzz/frames", m->dialect, m->target, &t);
	g->source = NULL;
	if (rc == 0)
		rc = outdir_write(&g->dir, path.data, text.data, text.len, g->e);
	buf_deinit(&id);
	buf_deinit(&path);
	buf_deinit(&text);
	return rc;
}

static int write_fuzz_tests(struct generation *g, const struct mutated_server *m)
{
	int rc = 0;

	for (uint64_t i = 0; rc == 0 && i < g->config->fuzz_count; i++)
		rc = write_fuzz_test(g, m, i);
	return rc;
}

static int write_fuzz_for(struct service *s, const struct gen_target *t)
{
	struct mutated_server m = { .target = t->name, .dialect = t->dialect->name };
	struct buf program = { 0 }, words = { 0 };
	char reason[256] = "frames are mutated without TLS only";
	int rc;

	if (t->dialect->server_tls || service_lacks(s, t->dialect, reason, sizeof reason) != NULL)
		return suite_leave_out(&s->g->suite, "http2-fuzz/frames", t->dialect->name, reason) < 0
		               ? generation_no_memory(s->g)
		               : 0;
	buf_addf(&program, "http2-fuzz/%s.%s", t->name, t->dialect->extension);
	buf_adds(&words, "--healthy-path /work --growth 256M -- ");
	generation_add_server_command(&words, s->g, t, strrchr(buf_text(&program), '/') + 1);
	buf_adds(&words, " {port}");
	rc = program.failed || words.failed ? generation_no_memory(s->g) : write_program(s, t, program.data);
	m.program = program.data;
	m.words = words.data;
	if (rc == 0)
		rc = write_fuzz_tests(s->g, &m);
	buf_deinit(&program);
	buf_deinit(&words);
	return rc;
}

static int load_mutated(struct service *s)
{
	buf_adds(&s->text, mutated);
	return s->text.failed ? generation_no_memory(s->g) : read_service(s);
}

int generation_check_fuzz(struct generation *g)
{
	struct service s = { .g = g, .from = "mutated" };
	const int rc = load_mutated(&s);

	service_deinit(&s);
	return rc;
}

int generation_write_fuzz(struct generation *g)
{
	const struct mutated_server own = { .target = "embedded", .dialect = "h2", .words = "--embedded" };
	struct service s = { .g = g, .from = "mutated" };
	int rc = write_fuzz_tests(g, &own);

	if (rc == 0)
		rc = load_mutated(&s);
	for (size_t i = 0; rc == 0 && i < g->config->server_count; i++)
		if (dialect_serves(g->config->servers[i].dialect))
			rc = write_fuzz_for(&s, &g->config->servers[i]);
	service_deinit(&s);
	return rc;
}
