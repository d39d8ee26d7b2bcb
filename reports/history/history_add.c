// Writing into the history: runs, notes, and what goes.
#include "history_db.h"

#include "clock.h"
#include "invocation.h"
#include "io.h"
#include "pack.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum side { SIDE_HEAD, SIDE_ANCHOR };

// ---- which run it is ----------------------------------------------------------------------------------------

// One run on its way into the history.
struct source {
	const struct run *run;
	const char *name;   // the run's own, wherever its directory lies; from the arena
	const char *digest; // changes when its journal does
	const char *began;
};

#define HEADER_MOST 4096U

// The journal's first line was written once, with the time, the machine's boot and a random mark in it: so it
// names the run, however often it is copied or resumed.
static int identify(const struct run *r, struct arena *a, struct source *out, struct err *e)
{
	char *path = io_join(r->dir, "journal.jsonl");
	FILE *f = path != NULL ? fopen(path, "re") : NULL;
	char line[HEADER_MOST] = "";
	json_t *header;

	*out = (struct source){ .run = r };
	if (f == NULL || fgets(line, sizeof line, f) == NULL)
		err_set(e, errno, "%s: %s", path != NULL ? path : r->dir, strerror(errno));
	if (f != NULL)
		fclose(f);
	free(path);
	header = json_loads(line, JSON_DISABLE_EOF_CHECK, NULL);
	if (json_is_object(header))
		out->began = text_line(a, json_string_value(json_object_get(header, "wall")));
	json_decref(header);
	if (out->began == NULL)
		return err_set(e, EINVAL, "%s: the journal's first line is no header", r->dir);
	line[strcspn(line, "\n")] = '\0';
	out->name = text_line(a, line);
	out->digest = text_make(a, "%llu:%llu", (unsigned long long)r->journal.records,
	                        (unsigned long long)r->journal.good_bytes);
	return 0;
}

// ---- names and their numbers --------------------------------------------------------------------------------

// The number of the row that `find` selects; made by `make` with the same values where there is none.
#define ID_OF(h, e, out, find, make, types, ...)                                                                  \
	(db_number(h, db_prepare(h, e, find, types, __VA_ARGS__), 0, out, e) < 0 ? -EIO                           \
	 : *(out) != 0                                                           ? 0                              \
	               : made(h, db_finish(h, db_prepare(h, e, make, types, __VA_ARGS__), e), out))

static int made(const struct history *h, int rc, int64_t *out)
{
	if (rc == 0)
		*out = sqlite3_last_insert_rowid(h->db);
	return rc;
}

static const char *info_text(const struct run *r, struct arena *a, const char *key)
{
	return text_line(a, json_string_value(json_object_get(r->info, key)));
}

// Machines are told apart by what runs the tests; their names change with every container.
static int machine_id(struct history *h, const struct run *r, struct arena *a, int64_t *out, struct err *e)
{
	const json_t *m = json_object_get(r->info, "machine");
	char *facts = m != NULL ? json_dumps(m, JSON_COMPACT) : strdup("{}");
	const char *cpu = text_line(a, json_string_value(json_object_get(m, "cpu")));
	const char *arch = text_line(a, json_string_value(json_object_get(m, "arch")));
	const char *name = text_make(a, "%s, %lld cores%s%s", *cpu != '\0' ? cpu : "unknown CPU",
	                             (long long)json_integer_value(json_object_get(m, "cores")),
	                             *arch != '\0' ? ", " : "", arch);
	int rc = facts == NULL ? -ENOMEM
	                       : ID_OF(h, e, out, "SELECT id FROM machine WHERE name = ?1",
	                               "INSERT INTO machine(name, facts) VALUES(?1, ?2)", "tt", name, facts);

	free(facts);
	return rc;
}

static int metric_id(struct history *h, const struct metric *m, int64_t *out, struct err *e)
{
	return ID_OF(h, e, out, "SELECT id FROM metric WHERE name = ?1 AND unit = ?2",
	             "INSERT INTO metric(name, unit, better) VALUES(?1, ?2, ?3)", "ttt", m->name, m->unit,
	             metric_better_name(m->better));
}

// ---- samples ------------------------------------------------------------------------------------------------

struct adding {
	struct history *h;
	struct err *e;
	int64_t entry;
	bool paired;                      // the run had a base of its own
	json_t *metrics, *tests, *shapes; // numbers that are known by now, so that each is looked up once
};

static int64_t known(const json_t *numbers, const char *key)
{
	return json_integer_value(json_object_get(numbers, key));
}

static int remember(json_t *numbers, const char *key, int64_t id)
{
	return json_object_set_new_nocheck(numbers, key, json_integer(id)) < 0 ? -ENOMEM : 0;
}

static int find_metric(struct adding *ad, struct arena *a, const struct metric *m, int64_t *id)
{
	const char *key = text_make(a, "%s\n%s", m->name, m->unit);
	int rc;

	if ((*id = known(ad->metrics, key)) != 0)
		return 0;
	rc = metric_id(ad->h, m, id, ad->e);
	return rc == 0 ? remember(ad->metrics, key, *id) : rc;
}

static int find_test(struct adding *ad, const char *name, int64_t *id)
{
	int rc;

	if ((*id = known(ad->tests, name)) != 0)
		return 0;
	rc = ID_OF(ad->h, ad->e, id, "SELECT id FROM test WHERE name = ?1", "INSERT INTO test(name) VALUES(?1)",
	           "t", name);
	return rc == 0 ? remember(ad->tests, name, *id) : rc;
}

// A shape is the list of the metrics that a row of values has, in their order: four bytes each, lowest first.
static int find_shape(struct adding *ad, struct arena *a, const struct buf *ids, int64_t *id)
{
	struct buf key = { 0 };
	const char *text;
	int rc;

	for (size_t i = 0; i < ids->len; i++)
		buf_addf(&key, "%02x", (unsigned char)ids->data[i]);
	text = text_make(a, "%s", buf_text(&key));
	buf_deinit(&key);
	if ((*id = known(ad->shapes, text)) != 0)
		return 0;
	rc = ID_OF(ad->h, ad->e, id, "SELECT id FROM shape WHERE metrics = ?1",
	           "INSERT INTO shape(metrics) VALUES(?1)", "b", ids);
	return rc == 0 ? remember(ad->shapes, text, *id) : rc;
}

static int put_sample(struct adding *ad, struct arena *a, const struct result *r, enum side side,
                      const struct invocation *v)
{
	struct buf ids = { 0 }, data = { 0 };
	struct metric *metrics = NULL;
	ssize_t count = metrics_of(a, r, &metrics);
	double *values = arena_alloc(a, ((size_t)(count > 0 ? count : 0) + 1) * sizeof *values);
	int64_t test, shape, metric = 0;
	int rc = count < 0 || values == NULL ? -ENOMEM : 0;

	for (ssize_t i = 0; rc == 0 && i < count; i++) {
		rc = find_metric(ad, a, &metrics[i], &metric);
		for (unsigned k = 0; k < 4; k++)
			buf_addc(&ids, (char)(metric >> (8 * k)));
		values[i] = metrics[i].value;
	}
	if (rc == 0) {
		pack_values(values, (size_t)count, &data);
		rc = ids.failed || data.failed ? -ENOMEM : find_shape(ad, a, &ids, &shape);
	}
	if (rc == 0)
		rc = find_test(ad, v->test, &test);
	if (rc == 0)
		rc = db_finish(ad->h,
		               db_prepare(ad->h, ad->e, "INSERT OR REPLACE INTO sample VALUES(?,?,?,?,?,?,?,?)",
		                          "iiiitiib", test, ad->entry, (int64_t)side, v->number,
		                          verdict_name(r->verdict), (int64_t)r->as_expected, shape, &data),
		               ad->e);
	buf_deinit(&ids);
	buf_deinit(&data);
	return rc;
}

// A run of pairs has its anchor in itself: the base, run in turn with the head.
static int put_result(struct adding *ad, struct arena *a, const struct result *r, enum side side)
{
	struct invocation v = invocation_of(a, r);

	if (v.warmup || v.side == INVOCATION_CONTROL || (side == SIDE_ANCHOR && v.side == INVOCATION_BASE))
		return 0;
	ad->paired = ad->paired || v.side == INVOCATION_BASE;
	return put_sample(ad, a, r, v.side == INVOCATION_BASE ? SIDE_ANCHOR : side, &v);
}

static int put_samples(struct adding *ad, const struct run *run, enum side side)
{
	int rc = db_finish(ad->h,
	                   db_prepare(ad->h, ad->e,
	                              "DELETE FROM sample WHERE test IN (SELECT id FROM test) AND entry = ? AND "
	                              "side = ?",
	                              "ii", ad->entry, (int64_t)side),
	                   ad->e);

	for (size_t i = 0; rc == 0 && i < run->count; i++) {
		struct arena a = { 0 };

		if (verdict_did_run(run->results[i].verdict))
			rc = put_result(ad, &a, &run->results[i], side);
		arena_deinit(&a);
	}
	return rc;
}

// ---- entries ------------------------------------------------------------------------------------------------

static size_t count_run(const struct run *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->count; i++)
		n += verdict_did_run(r->results[i].verdict);
	return n;
}

static int put_entry(struct history *h, struct arena *a, const struct history_new *n, const struct source *head,
                     int64_t *id, struct err *e)
{
	const struct run *r = n->head;
	char *info = json_dumps(r->info, JSON_COMPACT);
	const char *revision = n->revision != NULL ? text_line(a, n->revision) : info_text(r, a, "revision");
	char now[32];
	int64_t machine = 0;
	int rc = info == NULL ? -ENOMEM : machine_id(h, r, a, &machine, e);

	clock_wall_text(now, sizeof now);
	if (rc == 0 && *id == 0)
		rc = made(h,
		          db_finish(h,
		                    db_prepare(h, e,
		                               "INSERT INTO entry(run, digest, label, began, added, dir, machine, "
		                               "revision, stop_reason, tests, unexpected, info) "
		                               "VALUES(?, '', '', ?, ?, '', ?, '', '', 0, 0, '')",
		                               "ttti", head->name, head->began, now, machine),
		                    e),
		          id);
	if (rc == 0)
		rc = db_finish(
		        h,
		        db_prepare(h, e,
		                   "UPDATE entry SET digest = ?, label = ?, dir = ?, machine = ?, revision = "
		                   "?, stop_reason = ?, tests = ?, unexpected = ?, info = ? WHERE id = ?",
		                   "tttittiiti", head->digest, text_line(a, n->label), text_line(a, r->dir),
		                   machine, revision, r->stop_reason != NULL ? text_line(a, r->stop_reason) : "",
		                   (int64_t)count_run(r), (int64_t)run_unexpected(r), info, *id),
		        e);
	free(info);
	return rc;
}

// What is there of the run by now.
struct before {
	int64_t id; // 0: nothing
	const char *digest, *anchor, *label, *revision;
};

static int look_before(struct history *h, struct arena *a, const char *name, struct before *b, struct err *e)
{
	sqlite3_stmt *s =
	        db_prepare(h, e, "SELECT id, digest, anchor, label, revision FROM entry WHERE run = ?", "t", name);
	int rc = s != NULL ? db_step(h, s, e) : -EIO;

	*b = (struct before){ 0, "", "", "", "" };
	if (rc > 0)
		*b = (struct before){ sqlite3_column_int64(s, 0), db_text(s, 1, a), db_text(s, 2, a),
			              db_text(s, 3, a), db_text(s, 4, a) };
	sqlite3_finalize(s);
	return rc < 0 ? rc : 0;
}

static int put_anchor(struct adding *ad, struct arena *a, const struct source *anchor, const char *before)
{
	const char *words = text_make(a, "%s %s", anchor->digest, anchor->name);
	int rc;

	if (strcmp(words, before) == 0)
		return 0;
	rc = put_samples(ad, anchor->run, SIDE_ANCHOR);
	return rc == 0 ? db_finish(ad->h,
	                           db_prepare(ad->h, ad->e, "UPDATE entry SET anchor = ? WHERE id = ?", "ti",
	                                      words, ad->entry),
	                           ad->e)
	               : rc;
}

static bool is_same(struct arena *a, const struct history_new *n, const struct before *b,
                    const struct source *head, const struct source *anchor)
{
	return b->id != 0 && strcmp(b->digest, head->digest) == 0 &&
	       strcmp(b->label, text_line(a, n->label)) == 0 &&
	       (n->revision == NULL || strcmp(b->revision, text_line(a, n->revision)) == 0) &&
	       (n->anchor == NULL || strcmp(b->anchor, text_make(a, "%s %s", anchor->digest, anchor->name)) == 0);
}

static int put_run(struct history *h, struct arena *a, const struct history_new *n, const struct source sides[2],
                   int64_t *id, enum history_added *how, struct err *e)
{
	struct adding ad = {
		.h = h, .e = e, .metrics = json_object(), .tests = json_object(), .shapes = json_object()
	};
	struct before before;
	int rc = look_before(h, a, sides[SIDE_HEAD].name, &before, e);

	*id = before.id;
	*how = before.id == 0 ? HISTORY_ADDED : HISTORY_CHANGED;
	if (rc == 0 && is_same(a, n, &before, &sides[SIDE_HEAD], &sides[SIDE_ANCHOR])) {
		*how = HISTORY_SAME;
		goto out;
	}
	if (rc == 0)
		rc = put_entry(h, a, n, &sides[SIDE_HEAD], id, e);
	ad.entry = *id;
	if (rc == 0 && strcmp(before.digest, sides[SIDE_HEAD].digest) != 0)
		rc = put_samples(&ad, n->head, SIDE_HEAD);
	if (rc == 0 && ad.paired)
		rc = db_finish(h, db_prepare(h, e, "UPDATE entry SET anchor = 'paired' WHERE id = ?", "i", *id),
		               e);
	if (rc == 0 && n->anchor != NULL)
		rc = put_anchor(&ad, a, &sides[SIDE_ANCHOR], before.anchor);
out:
	json_decref(ad.metrics);
	json_decref(ad.tests);
	json_decref(ad.shapes);
	return rc;
}

int history_add(struct history *h, const struct history_new *n, int64_t *id, enum history_added *how,
                struct err *e)
{
	struct source sides[2] = { 0 };
	struct arena a = { 0 };
	int rc = identify(n->head, &a, &sides[SIDE_HEAD], e);

	if (rc == 0 && n->anchor != NULL)
		rc = identify(n->anchor, &a, &sides[SIDE_ANCHOR], e);
	if (rc == 0 && count_run(n->head) == 0)
		rc = err_set(e, ENODATA, "%s: no test of this run has ended: there is nothing to record",
		             n->head->dir);
	if (rc == 0 && n->anchor != NULL && strcmp(sides[SIDE_HEAD].name, sides[SIDE_ANCHOR].name) == 0)
		rc = err_set(e, EINVAL,
		             "%s: a run cannot be its own anchor; name the frozen build's run with --anchor",
		             n->head->dir);
	if (rc == 0)
		rc = db_begin(h, e);
	if (rc == 0)
		rc = db_end(h, put_run(h, &a, n, sides, id, how, e), e);
	arena_deinit(&a);
	return rc == -ENOMEM ? err_set(e, ENOMEM, "out of memory") : rc;
}

// ---- notes --------------------------------------------------------------------------------------------------

int history_annotate(struct history *h, const struct history_note *n, struct err *e)
{
	struct arena a = { 0 };
	int64_t found = 0;
	char now[32];
	int rc = db_begin(h, e);

	clock_wall_text(now, sizeof now);
	if (rc < 0)
		return rc;
	rc = db_number(h, db_prepare(h, e, "SELECT id FROM entry WHERE id = ?", "i", n->entry), 0, &found, e);
	if (rc == 0 && found == 0)
		rc = err_set(e, ENOENT, "%s: there is no entry %lld; 'stressgen history list' shows them", h->path,
		             (long long)n->entry);
	if (rc == 0)
		rc = db_finish(h,
		               db_prepare(h, e,
		                          "INSERT INTO note(entry, accepts, test, metric, text, added) "
		                          "VALUES(?,?,?,?,?,?)",
		                          "iitttt", n->entry, (int64_t)n->accepts, n->test, n->metric,
		                          text_line(&a, n->text), now),
		               e);
	rc = db_end(h, rc, e);
	arena_deinit(&a);
	return rc;
}

// ---- pruning ------------------------------------------------------------------------------------------------

// The numbers of the entries that go, as SQL; the newest first, since `keep` counts from there.
#define GOING                                                                                                     \
	"SELECT id FROM (SELECT id, began, row_number() OVER (ORDER BY began DESC, id DESC) AS place FROM entry " \
	"WHERE ?1 IS NULL OR label = ?1) WHERE place > ?2 OR began < ?3"

static int delete_entries(struct history *h, const struct history_prune *p, int64_t *gone, struct err *e)
{
	int64_t keep = p->keep > INT64_MAX ? INT64_MAX : (int64_t)p->keep;
	int rc = db_exec(h, "CREATE TEMP TABLE IF NOT EXISTS going(id INTEGER PRIMARY KEY); DELETE FROM going", e);

	if (rc == 0)
		rc = db_finish(h,
		               db_prepare(h, e, "INSERT INTO going " GOING, "tit", p->label, keep,
		                          p->before != NULL ? p->before : ""),
		               e);
	if (rc == 0)
		rc = db_number(h, db_prepare(h, e, "SELECT count(*) FROM going", ""), 0, gone, e);
	if (rc == 0)
		rc = db_exec(h,
		             "DELETE FROM sample WHERE test IN (SELECT id FROM test) AND entry IN (SELECT id FROM "
		             "going); DELETE FROM entry WHERE id IN (SELECT id FROM going);"
		             "DELETE FROM test WHERE id NOT IN (SELECT DISTINCT test FROM sample)",
		             e);
	return rc;
}

ssize_t history_prune(struct history *h, const struct history_prune *p, struct err *e)
{
	int64_t gone = 0;
	int rc = db_begin(h, e);

	if (rc == 0)
		rc = db_end(h, delete_entries(h, p, &gone, e), e);
	if (rc == 0 && gone > 0)
		rc = db_exec(h, "VACUUM; PRAGMA wal_checkpoint(TRUNCATE)", e);
	return rc < 0 ? rc : (ssize_t)gone;
}
