// Lines of what is known and let pass.
#include "known.h"

#include "io.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

// A file on its way.
struct reading {
	const char *path, *today, *shape;
	struct known *known;
	struct err *e;
};

static int add_line(const struct reading *r, unsigned line, char *text)
{
	struct known_entry entry = { .line = line };
	struct known *k = r->known;
	const char *test = next_word(&text), *other = next_word(&text), *until = next_word(&text);
	struct known_entry *grown;

	text += strspn(text, " \t");
	if (test[0] == '\0' || test[0] == '#')
		return 0;
	if (text[0] == '\0')
		return err_at(r->e, EINVAL, r->path, line, 0, "%s was expected; * fits any", r->shape);
	if (!is_date(until))
		return err_at(r->e, EINVAL, r->path, line, 0, "'%.40s' is no date; UNTIL is like 2026-12-31",
		              until);
	grown = reallocarray(k->entries, k->count + 1, sizeof *grown);
	if (grown == NULL)
		return err_set(r->e, ENOMEM, "%s: out of memory", r->path);
	k->entries = grown;
	entry.test = strdup(test);
	entry.other = strdup(other);
	entry.until = strdup(until);
	entry.reason = strdup(text);
	entry.expired = strcmp(until, r->today) < 0;
	k->entries[k->count++] = entry;
	if (entry.test == NULL || entry.other == NULL || entry.until == NULL || entry.reason == NULL)
		return err_set(r->e, ENOMEM, "%s: out of memory", r->path);
	return 0;
}

int known_load(const char *path, const char *today, const char *shape, struct known *k, struct err *e)
{
	const struct reading reading = { path, today, shape, k, e };
	struct buf text = { 0 };
	unsigned line = 0;
	int rc = io_read_file(path, FILE_BYTES, &text, e);

	for (char *p = text.data; rc == 0 && p != NULL && *p != '\0';) {
		char *end = p + strcspn(p, "\n");
		bool last = *end == '\0';

		*end = '\0';
		if (end > p && end[-1] == '\r')
			end[-1] = '\0';
		rc = add_line(&reading, ++line, p);
		p = last ? NULL : end + 1;
	}
	buf_deinit(&text);
	return rc;
}

void known_deinit(struct known *k)
{
	for (size_t i = 0; i < k->count; i++) {
		free(k->entries[i].test);
		free(k->entries[i].other);
		free(k->entries[i].until);
		free(k->entries[i].reason);
	}
	free(k->entries);
	*k = (struct known){ 0 };
}

const struct known_entry *known_find(const struct known *k, const char *test, const char *other,
                                     const struct known_entry **expired)
{
	if (expired != NULL)
		*expired = NULL;
	for (size_t i = 0; i < k->count; i++) {
		const struct known_entry *entry = &k->entries[i];

		if (fnmatch(entry->test, test, 0) != 0 || fnmatch(entry->other, other, 0) != 0)
			continue;
		if (!entry->expired)
			return entry;
		if (expired != NULL)
			*expired = entry;
	}
	return NULL;
}

void known_today(char text[16])
{
	const time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(text, 16, "%Y-%m-%d", &tm);
}
