// The history's metrics and shapes.
#include "history_facts.h"

#include "pack.h"

#include <errno.h>

#define MOST_NUMBER 10000000 // what is above was never handed out

static int damaged(const struct history *h, struct err *e)
{
	return db_fail(h, SQLITE_CORRUPT, e);
}

static int most_of(struct history *h, const char *sql, size_t *out, struct err *e)
{
	int64_t most = 0;
	int rc = db_number(h, db_prepare(h, e, sql, ""), 0, &most, e);

	*out = (size_t)most + 1;
	return rc == 0 && (most < 0 || most > MOST_NUMBER) ? damaged(h, e) : rc;
}

static int read_metrics(struct history *h, struct history_facts *f, struct err *e)
{
	sqlite3_stmt *s = NULL;
	int rc = most_of(h, "SELECT max(id) FROM metric", &f->metric_count, e);

	if (rc < 0)
		return rc;
	f->metrics = arena_alloc(&f->arena, f->metric_count * sizeof *f->metrics);
	if (f->metrics == NULL)
		return -ENOMEM;
	s = db_prepare(h, e, "SELECT id, name, unit, better FROM metric WHERE id > 0", "");
	rc = s != NULL ? 1 : -EIO;
	while (rc > 0 && (rc = db_step(h, s, e)) > 0) {
		struct metric *m = &f->metrics[sqlite3_column_int64(s, 0)];

		m->name = db_text(s, 1, &f->arena);
		m->unit = db_text(s, 2, &f->arena);
		metric_better_parse(db_text(s, 3, &f->arena), &m->better); // else it is neither
	}
	sqlite3_finalize(s);
	return rc;
}

static int read_shape(struct history *h, struct history_facts *f, sqlite3_stmt *s, struct err *e)
{
	struct history_shape *out = &f->shapes[sqlite3_column_int64(s, 0)];
	const unsigned char *bytes = sqlite3_column_blob(s, 1);

	out->count = (size_t)sqlite3_column_bytes(s, 1) / 4;
	out->metrics = arena_alloc(&f->arena, (out->count + 1) * sizeof *out->metrics);
	out->ids = arena_alloc(&f->arena, (out->count + 1) * sizeof *out->ids);
	if (out->metrics == NULL || out->ids == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < out->count; i++) {
		uint32_t id = 0;

		for (unsigned k = 0; k < 4; k++)
			id |= (uint32_t)bytes[4 * i + k] << (8 * k);
		if (id >= f->metric_count || f->metrics[id].name == NULL)
			return damaged(h, e);
		out->metrics[i] = &f->metrics[id];
		out->ids[i] = id;
	}
	f->longest = out->count > f->longest ? out->count : f->longest;
	return 1;
}

static int read_shapes(struct history *h, struct history_facts *f, struct err *e)
{
	sqlite3_stmt *s = NULL;
	int rc = most_of(h, "SELECT max(id) FROM shape", &f->shape_count, e);

	if (rc < 0)
		return rc;
	f->shapes = arena_alloc(&f->arena, f->shape_count * sizeof *f->shapes);
	if (f->shapes == NULL)
		return -ENOMEM;
	s = db_prepare(h, e, "SELECT id, metrics FROM shape WHERE id > 0", "");
	rc = s != NULL ? 1 : -EIO;
	while (rc > 0 && (rc = db_step(h, s, e)) > 0)
		rc = read_shape(h, f, s, e);
	sqlite3_finalize(s);
	return rc;
}

int history_facts_read(struct history *h, struct history_facts *f, struct err *e)
{
	int rc = read_metrics(h, f, e);

	return rc == 0 ? read_shapes(h, f, e) : rc;
}

void history_facts_deinit(struct history_facts *f)
{
	arena_deinit(&f->arena);
	*f = (struct history_facts){ 0 };
}

int history_facts_values(struct history *h, const struct history_facts *f, sqlite3_stmt *s, int shape,
                         const struct history_shape **out, double *values, struct err *e)
{
	int64_t number = sqlite3_column_int64(s, shape);

	if (number <= 0 || (size_t)number >= f->shape_count)
		return damaged(h, e);
	*out = &f->shapes[number];
	return pack_read(sqlite3_column_blob(s, shape + 1), (size_t)sqlite3_column_bytes(s, shape + 1),
	                 (*out)->count, values) < 0
	               ? damaged(h, e)
	               : 0;
}
