// The story of one test, in words.
#include "story.h"

#include "heaps.h"

#include "buf.h"
#include "text.h"

#include <string.h>

// unit_bytes * n without running over.
static uint64_t in_bytes(const struct result_pool *p, uint64_t n)
{
	uint64_t bytes;

	return __builtin_mul_overflow(n, p->unit_bytes > 0 ? p->unit_bytes : 1, &bytes) ? UINT64_MAX : bytes;
}

static void add_exhaustion(struct arena *a, const struct result_pool *p, struct buf *b)
{
	buf_addf(b, "; exhausted %s", p->exhausted == 1 ? "once" : text_number(a, p->exhausted, "", "times"));
	if (p->exhausted_ms > 0)
		buf_addf(b, ", after %s", text_duration(a, p->exhausted_ms * 1000000));
	if (p->request_bytes > 0)
		buf_addf(b, ", asked for %s", text_bytes(a, p->request_bytes));
	if (p->depth > 0)
		buf_addf(b, ", at depth %s", text_count(a, p->depth));
}

const char *story_pool(struct arena *a, const struct result_pool *p)
{
	struct buf b = { 0 };
	const char *out;

	buf_addf(&b, "%s: high-water mark %s", text_line(a, p->name), text_bytes(a, in_bytes(p, p->high_water)));
	if (p->capacity > 0)
		buf_addf(&b, " of %s, %.0f %% full", text_bytes(a, in_bytes(p, p->capacity)),
		         view_pool_percent(p));
	if (p->unit_bytes > 1)
		buf_addf(&b, " (%s of %s)", text_number(a, p->high_water, "object", "objects"),
		         text_bytes(a, p->unit_bytes));
	if (p->exhausted > 0)
		add_exhaustion(a, p, &b);
	if (p->over_released > 0)
		buf_addf(&b, "; %s more given back than taken: its figures are too low",
		         text_count(a, p->over_released));
	out = text_make(a, "%s", buf_text(&b));
	buf_deinit(&b);
	return out;
}

const char *story_slabs_left_out(struct arena *a, const struct result *r)
{
	uint64_t value;

	for (size_t i = 0; i < r->counters_count; i++)
		if (strcmp(r->counters[i].role, "probe") == 0 &&
		    heap_counter(&r->counters[i], "slabs_left_out", &value))
			return text_make(
			        a, "%s registered %s more than a process has places for (16): not counted",
			        text_line(a, r->counters[i].program), text_number(a, value, "slab", "slabs"));
	return NULL;
}

const char *story_frame(struct symboliser *names, struct arena *a, const struct strings *frames, size_t *at)
{
	size_t first = *at, next = first + 1;
	const char *words, *place;

	if (first >= frames->count)
		return NULL;
	while (next < frames->count && strcmp(frames->items[next], frames->items[first]) == 0)
		next++;
	*at = next;
	words = symbolise(names, a, frames->items[first], true);
	if (next == first + 1)
		return text_make(a, "%-6s %s", text_make(a, "#%zu", first), words);
	place = text_make(a, "#%zu-%zu", first, next - 1);
	return text_make(a, "%-6s %s, %zu times", place, words, next - first);
}

const char *story_exit(struct arena *a, const struct result *r)
{
	const char *name = r->signal > 0 ? sigabbrev_np(r->signal) : NULL;

	if (name != NULL)
		return text_make(a, "SIG%s", name);
	if (r->signal > 0)
		return text_make(a, "signal %d", r->signal);
	return r->exit_code > 0 ? text_make(a, "exit code %d", r->exit_code) : "";
}

const char *story_clean(const struct result *r)
{
	if (r->verdict != VERDICT_STACK_OVERFLOW && r->verdict != VERDICT_OUT_OF_MEMORY &&
	    r->verdict != VERDICT_SLAB_EXHAUSTED)
		return "";
	return r->clean ? "clean: the program noticed and said so" : "not clean: the program died of it";
}

#define MOST_CASES 10U // that failed
#define MOST_LEFTOVERS 4U

const char *story_leftover(struct arena *a, const struct result *r, size_t i)
{
	const size_t count = r->leftovers.count;

	if (i >= count || i > MOST_LEFTOVERS)
		return NULL;
	if (i < MOST_LEFTOVERS)
		return text_line(a, r->leftovers.items[i]);
	return text_make(a, "and %zu more", count - MOST_LEFTOVERS);
}

const char *story_case(struct arena *a, const struct result *r, size_t i)
{
	size_t found = 0;

	if (i > MOST_CASES)
		return NULL;
	for (size_t k = 0; k < r->case_count; k++) {
		const struct result_case *c = &r->cases[k];
		const char *text = text_line(a, c->text);

		if (!verdict_is_bad(c->verdict) || found++ < i)
			continue;
		if (i < MOST_CASES)
			return text_make(a, "%s: %s%s%s", text_line(a, c->name), verdict_name(c->verdict),
			                 *text != '\0' ? ": " : "", text);
	}
	return i == MOST_CASES && found > i ? text_make(a, "and %zu more failed", found - MOST_CASES) : NULL;
}

const char *story_expected(struct arena *a, const struct result *r)
{
	return r->expected == VERDICT_PASSED ? "" : text_make(a, "expected: %s", verdict_name(r->expected));
}

const char *story_tail(struct arena *a, const struct result *r, size_t lines)
{
	const char *text = text_safe(a, r->tail);
	const char *at = text + strlen(text);

	while (at > text && at[-1] == '\n')
		at--;
	text = text_make(a, "%.*s", (int)(at - text), text);
	at = text + strlen(text);
	while (at > text && lines > 0) {
		at--;
		if (*at == '\n' && --lines == 0)
			return at + 1;
	}
	return text;
}
