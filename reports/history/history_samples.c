// Entries of the history as sides of a comparison.
#include "history_facts.h"

#include "text.h"

#include <errno.h>
#include <string.h>

struct gathering {
	struct history *h;
	struct err *e;
	struct samples *samples;
	struct history_facts facts;
	struct arena memory;
	double *values;
	enum sample_side side;
};

static int add_row(struct gathering *g, sqlite3_stmt *s)
{
	struct sample_place at = { .test = db_text(s, 0, &g->memory), .side = g->side };
	struct result end = { .as_expected = sqlite3_column_int(s, 3) != 0 };
	const struct history_shape *shape;
	int rc = history_facts_values(g->h, &g->facts, s, 4, &shape, g->values, g->e);

	at.pair = (unsigned)sqlite3_column_int64(s, 1);
	if (verdict_parse(db_text(s, 2, &g->memory), &end.verdict) < 0)
		return db_fail(g->h, SQLITE_CORRUPT, g->e);
	if (rc == 0)
		rc = samples_end(g->samples, &at, &end);
	for (size_t i = 0; rc == 0 && end.as_expected && i < shape->count; i++) {
		struct metric m = *shape->metrics[i];

		m.value = g->values[i];
		rc = samples_add(g->samples, &at, &m);
	}
	return rc < 0 ? rc : 1;
}

static int add_rows(struct gathering *g, int64_t entry, bool of_anchor)
{
	sqlite3_stmt *s =
	        db_prepare(g->h, g->e,
	                   "SELECT t.name, s.invocation, s.verdict, s.expected, s.shape, s.data FROM test t "
	                   "JOIN sample s ON s.test = t.id WHERE s.entry = ? AND s.side = ? "
	                   "ORDER BY t.name, s.invocation",
	                   "ii", entry, (int64_t)of_anchor);
	int rc = s != NULL ? 1 : -EIO;
	size_t rows = 0;

	while (rc > 0 && (rc = db_step(g->h, s, g->e)) > 0) {
		rc = add_row(g, s);
		rows++;
	}
	sqlite3_finalize(s);
	if (rc == 0 && rows == 0)
		rc = err_set(g->e, ENOENT, "%s: there is no entry %lld%s; 'stressgen history list' shows them",
		             g->h->path, (long long)entry, of_anchor ? " with an anchor" : "");
	return rc;
}

int history_samples(struct history *h, int64_t entry, bool of_anchor, enum sample_side side, struct samples *s,
                    struct err *e)
{
	struct gathering g = { .h = h, .e = e, .samples = s, .side = side };
	int rc = history_facts_read(h, &g.facts, e);

	if (rc == 0) {
		g.values = arena_alloc(&g.memory, (g.facts.longest + 1) * sizeof *g.values);
		rc = g.values != NULL ? add_rows(&g, entry, of_anchor) : -ENOMEM;
	}
	if (rc == 0 && s->sources[side].runs++ == 0)
		s->sources[side].dir =
		        text_make(&s->arena, "history:%lld%s", (long long)entry, of_anchor ? ":anchor" : "");
	history_facts_deinit(&g.facts);
	arena_deinit(&g.memory);
	return rc == -ENOMEM ? err_set(e, ENOMEM, "out of memory") : rc;
}
