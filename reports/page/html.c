// The page about one run.
#include "html.h"

#include "reports.h"
#include "text.h"

#include <errno.h>
#include <string.h>

// When it was run, else the name of its directory.
static const char *started(struct page *p)
{
	static const char *const keys[] = { "started", "date", "time" };
	const char *text = NULL;

	for (size_t i = 0; text == NULL && i < sizeof keys / sizeof keys[0]; i++)
		text = view_info(p->view, keys[i]);
	if (text == NULL) {
		text = strrchr(p->view->run->dir, '/');
		text = text != NULL ? text + 1 : p->view->run->dir;
	}
	return text_line(p->arena, text);
}

// The best throughput of a server. (A workload's tells of its allocator, and stands beside the others'.)
static void add_throughput_tile(struct page *p)
{
	const struct result_gauge *best = NULL;
	const struct view_test *where = NULL;
	struct arena *a = p->arena;

	for (size_t i = 0; i < p->view->count; i++) {
		const struct view_test *t = &p->view->tests[i];
		const struct result_gauge *g = strcmp(t->kind, "http2") == 0 ? view_gauge(t, "throughput") : NULL;

		if (g != NULL && (best == NULL || g->value > best->value)) {
			best = g;
			where = &p->view->tests[i];
		}
	}
	if (best != NULL && best->value >= 0)
		html_tile(p, "Best throughput", text_amount(a, best->value),
		          text_make(a, "%s in %s", text_line(a, best->unit), where->name));
}

static void add_slab_tile(struct page *p)
{
	const struct result_pool *fullest = NULL;
	struct arena *a = p->arena;

	for (size_t i = 0; i < p->view->count; i++) {
		const struct result_pool *pool = view_main_pool(&p->view->tests[i]);

		if (pool != NULL && pool->capacity > 0 &&
		    (fullest == NULL || view_pool_percent(pool) > view_pool_percent(fullest)))
			fullest = pool;
	}
	if (fullest != NULL)
		html_tile(p, "Fullest slab", text_make(a, "%.0f %%", view_pool_percent(fullest)),
		          text_line(a, fullest->name));
}

static void add_tiles(struct page *p)
{
	struct view *v = p->view;
	struct arena *a = p->arena;

	html_tiles(p);
	html_tile(p, "Passed", text_count(a, v->passed), text_make(a, "of %zu", v->count - v->interrupted));
	html_tile(p, "Failed", text_count(a, v->failed),
	          v->skipped > 0 ? text_make(a, "%zu skipped", v->skipped) : "");
	if (v->interrupted > 0)
		html_tile(p, "Interrupted", text_count(a, v->interrupted), "");
	if (v->target_count > 0)
		html_tile(p, "Targets", text_count(a, v->target_count), "");
	html_tile(p, "Time in tests", text_duration(a, v->wall_ns), "");
	add_throughput_tile(p);
	add_slab_tile(p);
	html_tiles_end(p);
}

static void add_front(struct page *p)
{
	struct html_front front = { "run report", started(p), view_sentence(p->view), view_remarks(p->view),
		                    p->view->failed > 0 };
	const char *warning;

	html_begin(p, &front);
	for (size_t i = 0; (warning = view_warning(p->view, i)) != NULL; i++)
		html_warning(p, warning);
	add_tiles(p);
	html_contents(p);
}

static void (*const sections[])(struct page *) = {
	html_failures,   html_named,     html_cases,    html_targets, html_matrix,      html_growth,
	html_allocators, html_slabs,     html_jemalloc, html_leaks,   html_allocations, html_http2,
	html_kernels,    html_resources, html_tests,    html_machine,
};

int report_html(const struct run *r, const char *path, struct err *e)
{
	struct view view;
	struct page p = { .view = &view, .arena = &view.arena };
	int rc = view_init(&view, r);

	if (rc < 0) {
		rc = err_set(e, ENOMEM, "%s: out of memory", path);
		goto out;
	}
	p.names = symboliser_new();
	add_front(&p);
	for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
		sections[i](&p);
	rc = html_write(&p, path, e);
out:
	symboliser_free(p.names);
	buf_deinit(&p.b);
	view_deinit(&view);
	return rc;
}
