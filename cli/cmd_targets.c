// stressgen targets: what can be stressed on this machine, and what would bring the rest.
#include "catalogue.h"
#include "verdict.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROBE_SECONDS 10
#define VERSION_BYTES 24U

// ---- versions
// -------------------------------------------------------------------------------------------------------

// The commands that print versions, all at once; a runtime that waits for something is cut off.
static void start_probes(const struct catalogue *c, FILE **pipes)
{
	for (size_t i = 0; i < c->target_count; i++) {
		const struct catalogue_target *t = &c->targets[i];
		struct buf command = { 0 };

		if (!t->present || t->version == NULL)
			continue;
		buf_addf(&command, "exec timeout %d %s < /dev/null 2>&1", PROBE_SECONDS, t->version);
		pipes[i] = popen(buf_text(&command), "re");
		buf_deinit(&command);
	}
}

// The first word that looks like one: "3.11.2" of "Python 3.11.2".
static void find_version(const char *text, char out[VERSION_BYTES])
{
	for (const char *p = text; *p != '\0'; p++) {
		size_t len = strspn(p, "0123456789");
		size_t more = strspn(p, "0123456789.");

		if (len == 0 || p[len] != '.' ||
		    (p > text && isalnum((unsigned char)p[-1]) && tolower(p[-1]) != 'v')) {
			p += len > 0 ? len - 1 : 0;
			continue;
		}
		while (more > 0 && p[more - 1] == '.')
			more--;
		snprintf(out, VERSION_BYTES, "%.*s", (int)more, p);
		return;
	}
}

static void read_probe(FILE *pipe, char out[VERSION_BYTES])
{
	char text[4096];
	size_t n;

	out[0] = '\0';
	if (pipe == NULL)
		return;
	n = fread(text, 1, sizeof text - 1, pipe);
	text[n] = '\0';
	while (fread(text + n, 1, sizeof text - 1 - n, pipe) > 0 && n < sizeof text - 1)
		;
	pclose(pipe);
	find_version(text, out);
}

// ---- what is here
// ---------------------------------------------------------------------------------------------------

static void add_capabilities(const struct catalogue_target *t, const char *separator, struct buf *out)
{
	const char *words[DIALECT_CAPABILITIES_MAX];
	size_t count = dialect_capabilities(t->dialect, words);

	for (size_t i = 0; i < count; i++)
		buf_addf(out, "%s%s", i > 0 ? separator : "", words[i]);
}

// The commands of one dialect can do the same: said once, below them.
static bool is_last_of_dialect(const struct catalogue *c, size_t i)
{
	return i + 1 == c->target_count || c->targets[i + 1].dialect != c->targets[i].dialect;
}

static void print_present(const struct catalogue *c, const char (*versions)[VERSION_BYTES])
{
	bool any = false;

	printf("On this machine\n");
	for (size_t i = 0; i < c->target_count; i++) {
		const struct catalogue_target *t = &c->targets[i];
		struct buf words = { 0 };

		if (t->present)
			printf("  %-20s %-10s %s%s%s\n", t->name, versions[i],
			       t->embedded          ? "comes with stressgen"
			       : t->program != NULL ? t->program
			                            : "",
			       t->user != NULL ? ", " : "", t->user != NULL ? t->user->place : "");
		any = any || t->present;
		if (!any || !is_last_of_dialect(c, i))
			continue;
		add_capabilities(t, ", ", &words);
		printf("  %-20s   %s\n", "", buf_text(&words));
		if (t->user == NULL)
			printf("  %-20s   a preloaded malloc sees its heap: %s%s%s\n", "",
			       dialect_target_preload(t->dialect, t->index),
			       dialect_target_heap_flag(t->dialect, t->index) != NULL
			               ? "; --heap-limit by its own flag"
			               : "",
			       dialect_target_stack_flag(t->dialect, t->index) != NULL
			               ? "; --stack-limit by its own flag"
			               : "");
		buf_deinit(&words);
		any = false;
	}
	printf("  %-20s %-10s comes with stressgen\n", "h2", "");
	printf("  %-20s   HTTP/2 client and server, h2c on loopback\n", "");
}

static void print_missing(const struct catalogue *c)
{
	struct buf packages = { 0 };
	bool any = false;

	for (size_t i = 0; i < c->target_count; i++) {
		const struct catalogue_target *t = &c->targets[i];

		if (t->present)
			continue;
		if (!any)
			printf("\nNot here\n");
		any = true;
		printf("  %-20s no %s in PATH%s%s\n", t->name, t->needs, t->package != NULL ? "; package " : "",
		       t->package != NULL ? t->package : "");
		if (t->package != NULL && strstr(buf_text(&packages), t->package) == NULL)
			buf_addf(&packages, " %s", t->package);
	}
	if (packages.len > 0)
		printf("\nTo bring them: apt-get install%s\n", buf_text(&packages));
	buf_deinit(&packages);
}

static int print_json(const struct catalogue *c, const char (*versions)[VERSION_BYTES])
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->target_count; i++) {
		const struct catalogue_target *t = &c->targets[i];
		const char *words[DIALECT_CAPABILITIES_MAX];
		size_t count = dialect_capabilities(t->dialect, words);
		json_t *can = json_array();

		for (size_t k = 0; k < count; k++)
			json_array_append_new(can, json_string(words[k]));
		json_array_append_new(list,
		                      json_pack("{s:s, s:s, s:b, s:b, s:s?, s:s, s:s?, s:o}", "name", t->name,
		                                "dialect", dialect_name(t->dialect), "present", t->present,
		                                "embedded", t->embedded, "path", t->program, "version",
		                                versions[i], "package", t->package, "capabilities", can));
	}
	json_dumpf(list, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(list);
	return SG_EXIT_OK;
}

int cmd_targets(struct app *app)
{
	struct catalogue c = { 0 };
	struct err e = { 0 };
	int r = catalogue_init(&c, app, &e);
	FILE **pipes = calloc(c.target_count + 1, sizeof(FILE *));
	char(*versions)[VERSION_BYTES] = calloc(c.target_count + 1, VERSION_BYTES);

	if (r == 0 && (pipes == NULL || versions == NULL))
		r = err_set(&e, ENOMEM, "out of memory");
	if (r == 0) {
		start_probes(&c, pipes);
		for (size_t i = 0; i < c.target_count; i++)
			read_probe(pipes[i], versions[i]);
		if (opt_flag(&app->opts, "json")) {
			print_json(&c, (const char(*)[VERSION_BYTES])versions);
		} else {
			print_present(&c, (const char(*)[VERSION_BYTES])versions);
			print_missing(&c);
		}
	}
	free(pipes);
	free(versions);
	catalogue_deinit(&c);
	return r < 0 ? complain(&e, r) : SG_EXIT_OK;
}
