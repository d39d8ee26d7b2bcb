// What a pattern may be.
#include "pattern.h"

#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#define REGEX_BYTES 500U
#define REPETITIONS 8U

static bool is_one_of(const char *word, const char *const *words)
{
	while (*words != NULL && (word == NULL || strcmp(word, *words) != 0))
		words++;
	return *words != NULL;
}

// Whether the C library can be trusted to compile it: for "x++++..." and "((x{9}){9})..." it takes memory that
// doubles or worse with each of them.
bool pattern_is_modest(const char *regex)
{
	unsigned repetitions = 0;

	for (const char *p = regex; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0') {
			p++;
			continue;
		}
		if (*p == '{')
			return false;
		repetitions += *p == '+' || *p == '?' || *p == '*';
	}
	return repetitions <= REPETITIONS && strlen(regex) <= REGEX_BYTES;
}

static int check_regex(const char *regex, struct err *e)
{
	regex_t compiled;
	char why[128];
	int rc;

	if (!pattern_is_modest(regex))
		return err_set(e, EINVAL,
		               "the pattern \"%.100s\": at most %u bytes, %u of * + ?, and no {} repetition",
		               regex, REGEX_BYTES, REPETITIONS);
	rc = regcomp(&compiled, regex, REG_EXTENDED | REG_NOSUB);
	if (rc != 0) {
		regerror(rc, NULL, why, sizeof why);
		return err_set(e, EINVAL, "the pattern \"%.100s\" is no regular expression: %s", regex, why);
	}
	regfree(&compiled);
	return 0;
}

bool pattern_compiles(const char *regex)
{
	return check_regex(regex, NULL) == 0;
}

bool pattern_knows_class(const char *class_name)
{
	static const char *const classes[] = { "stack", "cstack", "heap", "slab", "assert", NULL };

	return is_one_of(class_name, classes);
}

bool pattern_knows_stream(const char *stream)
{
	static const char *const streams[] = { "out", "err", "both", NULL };

	return is_one_of(stream, streams);
}

int pattern_check(const struct pattern *p, struct err *e)
{
	if (!pattern_knows_class(p->class_name))
		return err_set(e, EINVAL, "a pattern's class is one of stack, cstack, heap, slab, assert");
	if (!pattern_knows_stream(p->stream))
		return err_set(e, EINVAL, "a pattern's stream is one of out, err, both");
	if (p->exit == NULL || p->regex == NULL)
		return err_set(e, EINVAL, "a pattern has a class, an exit, a stream and a regex");
	return check_regex(p->regex, e);
}

void patterns_free(struct pattern *patterns, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(patterns[i].class_name);
		free(patterns[i].exit);
		free(patterns[i].stream);
		free(patterns[i].regex);
	}
	free(patterns);
}
