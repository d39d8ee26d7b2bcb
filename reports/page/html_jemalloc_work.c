// The page's jemalloc, behind the scenes: thread caches, what goes back to the system, and who waits for whom.
#include "html_jemalloc.h"
#include "story.h"
#include "text.h"

#include <string.h>

#define OPEN_ROWS 12U
#define MOST_MUTEX_ROWS 60U

// A figure that this version has; else an empty cell, which is not 0.
static void add_figure(struct page *p, const struct result_jemalloc *j, const char *member, uint64_t value,
                       const char *(*words)(struct arena *a, uint64_t value))
{
	if (result_jemalloc_has(j, member))
		html_figure_cell(p, value, words(p->arena, value));
	else
		html_empty_cell(p);
}

static void add_row(struct page *p, const struct jemalloc_process *of)
{
	struct arena *a = p->arena;
	const struct result_jemalloc *j = of->j;
	const struct result_mutex *worst;
	const struct result_mutex all = result_jemalloc_waits(j, &worst);
	const uint64_t fills = result_jemalloc_fills(j), flushes = result_jemalloc_flushes(j);

	html_row(p, of->test);
	html_code_cell(p, of->test->id);
	html_cell(p, text_line(a, j->program));
	add_figure(p, j, "cached_bytes", j->cached_bytes, text_bytes);
	html_figure_cell(p, fills, text_count(a, fills));
	html_figure_cell(p, flushes, text_count(a, flushes));
	add_figure(p, j, "dirty_bytes", j->dirty_bytes, text_bytes);
	add_figure(p, j, "muzzy_bytes", j->muzzy_bytes, text_bytes);
	add_figure(p, j, "dirty_purges", j->dirty_purges + j->muzzy_purges, text_count);
	add_figure(p, j, "dirty_madvises", j->dirty_madvises + j->muzzy_madvises, text_count);
	add_figure(p, j, "dirty_purged_bytes", result_jemalloc_purged(j), text_bytes);
	html_cell(p, story_decay(a, j->dirty_decay_ms));
	html_figure_cell(p, all.waits, text_count(a, all.waits));
	html_figure_cell(p, all.wait_ns, text_duration(a, all.wait_ns));
	html_figure_cell(p, all.longest_wait_ns, text_duration(a, all.longest_wait_ns));
	html_cell(p, worst != NULL ? text_line(a, worst->name) : "");
	buf_adds(&p->b, "</tr>\n");
}

static void add_table(struct page *p, const struct jemalloc_process *all, size_t count)
{
	html_head(p, (const char *const[]){ "Test", "Program", ">Thread caches", ">Fills", ">Flushes", ">Dirty",
	                                    ">Muzzy", ">Purges", ">madvise", ">Given back", "Decay",
	                                    ">Mutex waits", ">Waited", ">Longest", "Mostly for", NULL });
	for (size_t i = 0; i < count; i++)
		add_row(p, &all[i]);
	html_head_end(p);
}

static void add_mutex(struct page *p, const struct jemalloc_process *of, const struct result_mutex *m)
{
	struct arena *a = p->arena;

	html_row(p, of->test);
	html_code_cell(p, of->test->id);
	html_cell(p, text_line(a, of->j->program));
	html_code_cell(p, text_line(a, m->name));
	html_figure_cell(p, m->operations, text_count(a, m->operations));
	html_figure_cell(p, m->spins, text_count(a, m->spins));
	html_figure_cell(p, m->waits, text_count(a, m->waits));
	html_figure_cell(p, m->owner_switches, text_count(a, m->owner_switches));
	html_figure_cell(p, m->wait_ns, text_duration(a, m->wait_ns));
	html_figure_cell(p, m->longest_wait_ns, text_duration(a, m->longest_wait_ns));
	html_figure_cell(p, m->most_waiting, text_count(a, m->most_waiting));
	buf_adds(&p->b, "</tr>\n");
}

// Those that anybody had to wait or spin for.
static void add_mutexes(struct page *p, const struct jemalloc_process *all, size_t count)
{
	size_t shown = 0;

	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < all[i].j->mutex_count && shown < MOST_MUTEX_ROWS; k++) {
			const struct result_mutex *m = &all[i].j->mutexes[k];

			if (m->waits == 0 && m->spins == 0)
				continue;
			if (shown++ == 0) {
				buf_adds(&p->b, "<details class=\"more\"><summary>Mutexes that were not free at "
				                "once</summary>\n");
				html_head(p, (const char *const[]){ "Test", "Program", "Mutex", ">Taken",
				                                    ">After spinning", ">After waiting",
				                                    ">By another thread than before", ">Waited",
				                                    ">Longest", ">Most waiting", NULL });
			}
			add_mutex(p, &all[i], m);
		}
	if (shown == 0)
		return;
	html_head_end(p);
	buf_adds(&p->b, "</details>\n");
}

static void add_absent(struct page *p, const struct jemalloc_process *all, size_t count)
{
	struct arena *a = p->arena;

	for (size_t i = 0; i < count; i++) {
		bool told = all[i].j->absent == NULL;

		for (size_t k = 0; k < i && !told; k++)
			told = all[k].j->absent != NULL && strcmp(all[k].j->absent, all[i].j->absent) == 0;
		if (!told)
			html_note(p, text_make(a, "jemalloc %s of %s does not tell: %s.",
			                       text_line(a, all[i].j->allocator), text_line(a, all[i].j->program),
			                       text_line(a, all[i].j->absent)));
	}
}

void html_jemalloc_work(struct page *p, const struct jemalloc_process *all, size_t count)
{
	const size_t open = count > OPEN_ROWS + 3 ? OPEN_ROWS : count;

	html_heading(p, "Caches, purging, waiting");
	html_note(
	        p,
	        "At the last look. Dirty and muzzy pages are unused and not given back yet; what was given back, "
	        "fills and flushes of thread caches, and waits for mutexes are counted from the start. Decay: how "
	        "long jemalloc keeps a dirty page.");
	add_table(p, all, open);
	if (open < count) {
		buf_addf(&p->b, "<details class=\"more\"><summary>Show %zu smaller ones</summary>\n",
		         count - open);
		add_table(p, all + open, count - open);
		buf_adds(&p->b, "</details>\n");
	}
	add_mutexes(p, all, count);
	add_absent(p, all, count);
}
