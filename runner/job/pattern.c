// A target's own messages, matched against what a test printed.
#include "judge.h"

#include "buf.h"
#include "units.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct search {
	regex_t regex;
	char *line; // receives the line that matched
	size_t size;
};

static bool exit_fits(const char *wanted, const struct result *r)
{
	uint64_t status;

	if (strcmp(wanted, "*") == 0)
		return true;
	if (strncmp(wanted, "SIG", 3) == 0) {
		const char *name = r->signal != 0 ? sigabbrev_np(r->signal) : NULL;

		return name != NULL && strcmp(name, wanted + 3) == 0;
	}
	return units_parse_u64(wanted, &status) == 0 && r->signal == 0 && r->exit_code >= 0 &&
	       (uint64_t)r->exit_code == status;
}

// POSIX has no \d; everybody writes it.
static char *translate(const char *regex)
{
	struct buf out = { 0 };

	for (const char *p = regex; *p != '\0'; p++) {
		if (p[0] == '\\' && p[1] == 'd') {
			buf_adds(&out, "[0-9]");
			p++;
		} else if (p[0] == '\\' && p[1] != '\0') {
			buf_add(&out, p, 2);
			p++;
		} else {
			buf_addc(&out, *p);
		}
	}
	return buf_take(&out);
}

static bool match_line(void *arg, char *text, size_t len)
{
	struct search *s = arg;

	if (regexec(&s->regex, text, 0, NULL, 0) != 0)
		return false;
	snprintf(s->line, s->size, "%.*s", (int)len, text);
	return true;
}

static bool output_fits(const struct facts *f, const struct pattern *p, char *line, size_t size)
{
	struct search s = { .line = line, .size = size };
	char *regex = translate(p->regex);
	bool found = false;

	if (regex == NULL || regcomp(&s.regex, regex, REG_EXTENDED | REG_NOSUB) != 0) {
		free(regex);
		return false; // suite_load has refused it; this is memory
	}
	if (strcmp(p->stream, "out") != 0)
		found = capture_lines(f->err, match_line, &s);
	if (!found && strcmp(p->stream, "err") != 0)
		found = capture_lines(f->out, match_line, &s);
	regfree(&s.regex);
	free(regex);
	return found;
}

const struct pattern *judge_pattern(const struct facts *f, const struct result *r, char *line, size_t size)
{
	for (size_t i = 0; i < f->test->pattern_count; i++) {
		const struct pattern *p = &f->test->patterns[i];

		if (exit_fits(p->exit, r) && output_fits(f, p, line, size))
			return p;
	}
	return NULL;
}
