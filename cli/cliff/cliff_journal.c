// A hunt's results on their way into a journal.
#include "cliff_journal.h"

#include "clock.h"
#include "io.h"
#include "machine.h"
#include "result.h"
#include "run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

static int no_memory(struct err *e)
{
	return err_set(e, ENOMEM, "out of memory");
}

static int write_info(const char *path, json_t *info, struct err *e)
{
	char *text;
	int rc;

	json_object_set_new(info, "version", json_integer(1));
	json_object_set_new(info, "machine", machine_facts());
	text = json_dumps(info, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	rc = text == NULL ? no_memory(e) : io_replace_file(path, text, strlen(text), e);
	free(text);
	return rc;
}

// The header names the run wherever its directory lies: the time alone would name two that began in one second.
static json_t *header(const char *dir, size_t pairs)
{
	uint64_t random = 0;
	char wall[32], mark[20];

	if (getrandom(&random, sizeof random, 0) < 0)
		random = clock_now_ns();
	snprintf(mark, sizeof mark, "%016llx", (unsigned long long)random);
	clock_wall_text(wall, sizeof wall);
	return json_pack("{s:i, s:s, s:i, s:s, s:s, s:s, s:I, s:s}", "format", SG_RUN_VERSION, "run", "cliffs",
	                 "part", 1, "wall", wall, "suite_dir", dir, "suite_hash", "", "tests", (json_int_t)pairs,
	                 "mark", mark);
}

static int append(struct cliff_journal *j, const char *type, json_t *record, struct err *e)
{
	int rc = record == NULL ? -ENOMEM : journal_append(j->journal, type, record, true);

	json_decref(record);
	return rc < 0 ? err_set(e, -rc, "journal.jsonl: %s", strerror(-rc)) : 0;
}

int cliff_journal_open(struct cliff_journal *j, const char *dir, size_t pairs, json_t *info, struct err *e)
{
	char *path = io_join(dir, "journal.jsonl"), *facts = io_join(dir, "run.json");
	int rc = path == NULL || facts == NULL || info == NULL ? no_memory(e) : write_info(facts, info, e);

	if (rc == 0 && unlink(path) < 0 && errno != ENOENT)
		rc = err_set(e, errno, "%s: %s", path, strerror(errno));
	if (rc == 0)
		rc = journal_create(path, &j->journal, e);
	if (rc == 0)
		rc = append(j, "header", header(dir, pairs), e);
	json_decref(info);
	free(facts);
	free(path);
	return rc;
}

int cliff_journal_add(struct cliff_journal *j, const struct cliff *c, const char *allocator, struct err *e)
{
	struct result r = { 0 };
	json_t *record;
	int rc = 0;

	if (c->state == CLIFF_STATE_LACKS || c->state == CLIFF_STATE_OPEN)
		return 0;
	if (cliff_to_result(c, allocator, &r) < 0)
		rc = no_memory(e);
	record = rc == 0 ? result_to_json(&r) : NULL;
	if (record != NULL)
		json_object_set_new(record, "final", json_true());
	if (rc == 0)
		rc = append(j, "end", record, e);
	j->written += rc == 0;
	result_deinit(&r);
	return rc;
}

int cliff_journal_close(struct cliff_journal *j, const char *reason, struct err *e)
{
	int rc = 0, closed;

	if (j->journal == NULL)
		return 0;
	if (reason != NULL)
		rc = append(j, "stop", json_pack("{s:s}", "reason", reason), e);
	closed = journal_close(j->journal);
	j->journal = NULL;
	return rc < 0 ? rc : closed < 0 ? err_set(e, -closed, "journal.jsonl: %s", strerror(-closed)) : 0;
}
