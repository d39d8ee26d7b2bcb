// Journal records of a run, written and read again.
#include "ledger.h"

#include "clock.h"
#include "fields.h"
#include "io.h"
#include "proc.h"
#include "run.h"
#include "soak.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_KEPT (1U << 16) // a longer record's memory is given back

static void read_boot_id(char *text, size_t size)
{
	if (proc_read_small("/proc/sys/kernel/random/boot_id", text, size) <= 0)
		text[0] = '\0';
	text[strcspn(text, "\n")] = '\0';
}

static const char *text_of(const json_t *record, const char *key)
{
	const char *text = json_string_value(json_object_get(record, key));

	return text != NULL ? text : "";
}

static struct ledger_entry *entry_of(struct ledger *l, const json_t *record)
{
	const struct suite_test *t = suite_find(l->suite, text_of(record, "id"));

	return t != NULL ? &l->entries[t - l->suite->tests] : NULL;
}

static void on_start(struct ledger_entry *entry, const json_t *record)
{
	if (entry->open)
		entry->deaths++;
	entry->open = true;
	entry->settled = false;
	entry->attempts = (unsigned)json_integer_value(json_object_get(record, "attempt"));
}

// An end counts if it is final, is not the stop of a run, and is of the file as it is now.
static void on_end(struct ledger_entry *entry, const struct suite_test *t, const json_t *record)
{
	const bool same_file = t->hash == NULL || strcmp(text_of(record, "hash"), t->hash) == 0;

	entry->open = false;
	entry->verdict = VERDICT_FAILED;
	verdict_parse(text_of(record, "verdict"), &entry->verdict);
	entry->interrupted = entry->verdict == VERDICT_INTERRUPTED;
	entry->as_expected = json_is_true(json_object_get(record, "as_expected"));
	entry->settled = json_is_true(json_object_get(record, "final")) && !entry->interrupted && same_file;
	entry->ever_unexpected = entry->ever_unexpected || (entry->settled && !entry->as_expected);
	if (!entry->settled && !entry->interrupted)
		entry->failures++;
	if (!same_file)
		*entry = (struct ledger_entry){ .attempts = entry->attempts };
}

static uint64_t figure(const json_t *record, size_t column)
{
	const json_t *value = json_array_get(json_object_get(record, "figures"), column);

	return json_is_integer(value) && json_integer_value(value) > 0 ? (uint64_t)json_integer_value(value) : 0;
}

// The pass went as expected, or the end before it says how it went.
static void on_soak(struct ledger *l, struct ledger_entry *entry, const json_t *record)
{
	entry->open = false;
	entry->settled = true;
	if (figure(record, SOAK_WALL_NS) > 0)
		entry->deaths = 0; // it has run since: what killed the runner was something else
	if (figure(record, SOAK_PASS) > l->soak_pass)
		l->soak_pass = figure(record, SOAK_PASS);
	if (figure(record, SOAK_AT_MS) > l->soak_ms)
		l->soak_ms = figure(record, SOAK_AT_MS);
}

static int on_record(void *arg, const char *type, json_t *record)
{
	struct ledger *l = arg;
	struct ledger_entry *entry;

	if (strcmp(type, "header") == 0) {
		json_decref(l->header);
		l->header = json_incref(record);
		return 0;
	}
	entry = entry_of(l, record);
	if (entry == NULL)
		return 0;
	if (strcmp(type, "start") == 0)
		on_start(entry, record);
	else if (strcmp(type, "end") == 0)
		on_end(entry, &l->suite->tests[entry - l->entries], record);
	else if (strcmp(type, "soak") == 0)
		on_soak(l, entry, record);
	return 0;
}

static int check_same_run(const struct ledger *l, const char *run_dir, bool force, struct err *e)
{
	if (l->stats.records == 0)
		return 0;
	if (l->header == NULL)
		return err_set(e, EINVAL,
		               "%s: the journal has no header, so the run cannot be resumed; start a new one",
		               run_dir);
	if (!force && strcmp(text_of(l->header, "suite_hash"), l->suite->hash) != 0)
		return err_set(e, EINVAL,
		               "%s: the suite is not the one that this run began with (%s then, %s now); "
		               "use --force to go on with the tests that have changed, or start a new run",
		               run_dir, text_of(l->header, "suite_hash"), l->suite->hash);
	return 0;
}

static int open_existing(struct ledger *l, const char *path, const char *run_dir, bool force, struct err *e)
{
	int rc = journal_reopen(path, &l->journal, e); // takes the lock before anything is believed

	if (rc == 0)
		rc = journal_read(path, on_record, l, &l->stats, e);
	if (rc == 0)
		rc = check_same_run(l, run_dir, force, e);
	if (rc < 0)
		return rc;
	if (l->stats.records == 0)
		return 0; // it was killed before its first record: a new run
	for (size_t i = 0; i < l->suite->count; i++)
		l->entries[i].deaths += l->entries[i].open;
	snprintf(l->mark, sizeof l->mark, "%s", text_of(l->header, "mark"));
	l->resumed = true;
	return 0;
}

int ledger_open(struct ledger *l, const char *run_dir, const struct suite *suite, bool resume, bool force,
                struct err *e)
{
	char *path = io_join(run_dir, "journal.jsonl");
	int rc;

	memset(l, 0, sizeof *l);
	l->suite = suite;
	l->entries = calloc(suite->count + 1, sizeof *l->entries);
	if (path == NULL || l->entries == NULL) {
		free(path);
		return err_set(e, ENOMEM, "%s: %s", run_dir, strerror(ENOMEM));
	}
	if (!resume && access(path, F_OK) == 0)
		rc = err_set(e, EEXIST,
		             "%s: there is a run already; go on with it by --resume, or choose another directory",
		             run_dir);
	else if (resume && access(path, F_OK) == 0)
		rc = open_existing(l, path, run_dir, force, e);
	else if (resume)
		rc = err_set(e, ENOENT, "%s: there is no run to resume (no journal.jsonl)", run_dir);
	else
		rc = journal_create(path, &l->journal, e);
	free(path);
	if (rc == 0)
		journal_sync_beside(l->journal); // without a thread tests wait for the disk: nothing worse
	return rc;
}

void ledger_deinit(struct ledger *l)
{
	journal_close(l->journal);
	free(l->entries);
	json_decref(l->header);
	buf_deinit(&l->text);
	memset(l, 0, sizeof *l);
}

// A string for a record; paths need not be UTF-8, JSON must.
static json_t *json_text(const char *text)
{
	char *utf8 = result_utf8(text, strlen(text));
	json_t *j = utf8 != NULL ? json_string(utf8) : NULL;

	free(utf8);
	return j;
}

static int append(struct ledger *l, const char *type, json_t *record, bool sync)
{
	int rc = record != NULL ? journal_append(l->journal, type, record, sync) : -ENOMEM;

	json_decref(record);
	return rc;
}

int ledger_write_header(struct ledger *l, const char *run_name, const char *mark, size_t tests)
{
	const json_int_t part = l->header != NULL ? json_integer_value(json_object_get(l->header, "part")) + 1 : 1;
	char boot[64];
	char wall[32];

	read_boot_id(boot, sizeof boot);
	clock_wall_text(wall, sizeof wall);
	return append(l, "header",
	              json_pack("{s:i, s:o, s:I, s:s, s:o, s:s, s:I, s:I, s:s, s:s}", "format", SG_RUN_VERSION,
	                        "run", json_text(run_name), "part", part, "wall", wall, "suite_dir",
	                        json_text(l->suite->dir), "suite_hash", l->suite->hash, "seed",
	                        (json_int_t)l->suite->seed, "tests", (json_int_t)tests, "boot_id", boot, "mark",
	                        mark),
	              true);
}

int ledger_write_start(struct ledger *l, size_t test, unsigned attempt)
{
	const struct suite_test *t = &l->suite->tests[test];

	int rc;

	l->entries[test].attempts = attempt;
	buf_clear(&l->text);
	rc = fields_add_text(&l->text, "id", t->id);
	buf_adds(&l->text, ",\"attempt\":");
	buf_addu(&l->text, attempt);
	return rc == 0 ? journal_append_text(l->journal, "start", &l->text, false) : rc;
}

// Into the text, and noted.
static int take_end(struct ledger *l, size_t test, const struct result *r, bool final)
{
	const struct suite_test *t = &l->suite->tests[test];
	struct ledger_entry *entry = &l->entries[test];
	int rc;

	entry->verdict = r->verdict;
	entry->interrupted = r->verdict == VERDICT_INTERRUPTED;
	entry->settled = final && !entry->interrupted;
	entry->failures += !final;
	entry->as_expected = r->as_expected;
	entry->ever_unexpected = entry->ever_unexpected || (entry->settled && !entry->as_expected);
	buf_clear(&l->text);
	rc = result_to_text(r, &l->text);
	buf_adds(&l->text, final ? ",\"final\":true" : ",\"final\":false");
	if (rc == 0 && t->hash != NULL)
		rc = fields_add_text(&l->text, "hash", t->hash);
	return rc;
}

static void let_go_of_text(struct ledger *l)
{
	if (l->text.cap > TEXT_KEPT)
		buf_deinit(&l->text);
}

int ledger_write_end(struct ledger *l, size_t test, const struct result *r, bool final)
{
	int rc = take_end(l, test, r, final);

	if (rc == 0)
		rc = journal_append_text(l->journal, "end", &l->text, !r->as_expected);
	let_go_of_text(l);
	return rc;
}

int ledger_hold_end(struct ledger *l, size_t test, const struct result *r)
{
	int rc = take_end(l, test, r, true);

	if (rc == 0)
		rc = journal_hold_text(l->journal, "end", &l->text);
	let_go_of_text(l);
	return rc;
}

int ledger_flush(struct ledger *l)
{
	return journal_flush(l->journal);
}

int ledger_write_soak(struct ledger *l, size_t test, const struct result *r, uint64_t pass, uint64_t at_ms)
{
	uint64_t row[SOAK_COLUMNS] = { 0 };
	json_t *figures = json_array();

	soak_take(r, row);
	row[SOAK_PASS] = pass;
	row[SOAK_AT_MS] = at_ms;
	for (size_t i = 0; i < SOAK_COLUMNS; i++)
		json_array_append_new(figures, json_integer((json_int_t)row[i]));
	l->entries[test].settled = true;
	return append(l, "soak",
	              json_pack("{s:o, s:o}", "id", json_text(l->suite->tests[test].id), "figures", figures),
	              false);
}

int ledger_write_soak_cut(struct ledger *l, size_t test)
{
	l->entries[test].settled = true;
	return append(l, "soak", json_pack("{s:o, s:b}", "id", json_text(l->suite->tests[test].id), "cut", 1),
	              true);
}

void ledger_next_pass(struct ledger *l)
{
	for (size_t i = 0; i < l->suite->count; i++) {
		struct ledger_entry *entry = &l->entries[i];

		if (entry->verdict == VERDICT_SKIPPED || entry->verdict == VERDICT_PLANNED)
			continue;
		entry->settled = false;
		entry->failures = 0;
	}
}

int ledger_write_step(struct ledger *l, const struct runner_step *s)
{
	return append(l, "stopping",
	              json_pack("{s:s, s:s, s:I, s:I}", "step", s->name, "reason", s->reason, "ended",
	                        (json_int_t)s->ended, "running", (json_int_t)s->running),
	              false);
}

int ledger_write_stop(struct ledger *l, const char *reason, size_t ended)
{
	char wall[32];

	clock_wall_text(wall, sizeof wall);
	return append(l, "stop",
	              json_pack("{s:s, s:I, s:s}", "reason", reason, "ended", (json_int_t)ended, "wall", wall),
	              true);
}

size_t ledger_unexpected(const struct ledger *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->suite->count; i++)
		n += l->entries[i].ever_unexpected || (l->entries[i].settled && !l->entries[i].as_expected);
	return n;
}
