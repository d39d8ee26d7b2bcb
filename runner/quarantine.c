#include "quarantine.h"

#include "io.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES (4U * 1024U * 1024U)
#define DATE_BYTES 10U // "2026-11-21"

static bool is_date(const char *text)
{
	static const char shape[] = "dddd-dd-dd";
	int month, day;

	for (size_t i = 0; i <= DATE_BYTES; i++)
		if (shape[i] == 'd' ? !isdigit((unsigned char)text[i]) : text[i] != shape[i])
			return false;
	month = atoi(text + 5);
	day = atoi(text + 8);
	return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

// The next word of a line, cut out; "" at the end.
static char *next_word(char **at)
{
	char *from = *at + strspn(*at, " \t");

	*at = from + strcspn(from, " \t");
	if (**at != '\0')
		*(*at)++ = '\0';
	return from;
}

static int add_line(const char *path, unsigned line, char *text, const char *today, struct quarantine *q,
                    struct err *e)
{
	struct quarantine_entry entry = { .line = line };
	const char *test = next_word(&text), *target = next_word(&text), *until = next_word(&text);
	struct quarantine_entry *grown;

	text += strspn(text, " \t");
	if (test[0] == '\0' || test[0] == '#')
		return 0;
	if (text[0] == '\0')
		return err_at(e, EINVAL, path, line, 0,
		              "TEST TARGET UNTIL REASON was expected; a target of * is any");
	if (!is_date(until))
		return err_at(e, EINVAL, path, line, 0, "'%.40s' is no date; UNTIL is like 2026-12-31", until);
	grown = reallocarray(q->entries, q->count + 1, sizeof *grown);
	if (grown == NULL)
		return err_set(e, ENOMEM, "%s: out of memory", path);
	q->entries = grown;
	entry.test = strdup(test);
	entry.target = strdup(target);
	entry.until = strdup(until);
	entry.reason = strdup(text);
	entry.expired = strcmp(until, today) < 0;
	q->entries[q->count++] = entry;
	if (entry.test == NULL || entry.target == NULL || entry.until == NULL || entry.reason == NULL)
		return err_set(e, ENOMEM, "%s: out of memory", path);
	return 0;
}

int quarantine_load(const char *path, const char *today, struct quarantine *q, struct err *e)
{
	struct buf text = { 0 };
	unsigned line = 0;
	int rc = io_read_file(path, FILE_BYTES, &text, e);

	for (char *p = text.data; rc == 0 && p != NULL && *p != '\0';) {
		char *end = p + strcspn(p, "\n");
		bool last = *end == '\0';

		*end = '\0';
		if (end > p && end[-1] == '\r')
			end[-1] = '\0';
		rc = add_line(path, ++line, p, today, q, e);
		p = last ? NULL : end + 1;
	}
	buf_deinit(&text);
	return rc;
}

void quarantine_deinit(struct quarantine *q)
{
	for (size_t i = 0; i < q->count; i++) {
		free(q->entries[i].test);
		free(q->entries[i].target);
		free(q->entries[i].until);
		free(q->entries[i].reason);
	}
	free(q->entries);
	*q = (struct quarantine){ 0 };
}

const struct quarantine_entry *quarantine_find(const struct quarantine *q, const struct suite_test *t,
                                               const struct quarantine_entry **expired)
{
	if (expired != NULL)
		*expired = NULL;
	for (size_t i = 0; i < q->count; i++) {
		const struct quarantine_entry *entry = &q->entries[i];

		if (fnmatch(entry->test, t->id, 0) != 0 ||
		    fnmatch(entry->target, t->target != NULL ? t->target : "", 0) != 0)
			continue;
		if (!entry->expired)
			return entry;
		if (expired != NULL)
			*expired = entry;
	}
	return NULL;
}
