// Words of the command line.
#include "pooled.h"

#include "units.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int pooled_take_value(const char *program, char **argv, int *i, const char *name, const char **value,
                      struct err *e)
{
	size_t len = strlen(name);

	if (strncmp(argv[*i], name, len) != 0 || (argv[*i][len] != '\0' && argv[*i][len] != '='))
		return 0;
	if (argv[*i][len] == '=') {
		*value = argv[*i] + len + 1;
		return 1;
	}
	if (argv[*i + 1] == NULL)
		return err_set(e, EINVAL, "'%s' needs a value; see %s --help", name, program);
	*value = argv[++*i];
	return 1;
}

int pooled_read_bytes(const char *program, const char *option, const char *text, uint64_t *bytes, struct err *e)
{
	if (text == NULL)
		return 0;
	if (strcmp(text, "auto") == 0)
		return err_set(e, EINVAL,
		               "%s auto: it is 'stressgen run' that measures what the programs need; give bytes "
		               "(%s 16M), or measure with %s --measure FILE",
		               option, option, program);
	if (units_parse_bytes(text, bytes) < 0 || *bytes == 0)
		return err_set(e, EINVAL, "%s: '%s' is no size above 0; write e.g. 512K or 16M", option, text);
	return 0;
}

int pooled_read_mark(const char *program, const char *text, unsigned *percent, struct err *e)
{
	uint64_t n;

	if (text == NULL)
		return 0;
	if (units_parse_percent(text, &n) < 0 || n < 1 || n > 99)
		return err_set(e, EINVAL, "--mark: '%s' is no percentage from 1 to 99; see %s --help", text,
		               program);
	*percent = (unsigned)n;
	return 0;
}

void pooled_list(void)
{
	const struct pool_policy *p;

	for (size_t i = 0; (p = pool_policy_at(i)) != NULL; i++)
		printf("%-15s %s\n", p->name, p->summary);
}

void pooled_print_exhausted(const char *what, const struct tele_pool *f, uint64_t used_bytes,
                            const char *trace_title)
{
	char used[32], capacity[32], request[32];

	fprintf(stderr, "%s: %s of %s in use, a request of %s was denied", what,
	        units_bytes(used, sizeof used, used_bytes), units_bytes(capacity, sizeof capacity, f->capacity),
	        units_bytes(request, sizeof request, f->request_bytes));
	if (f->depth > 0)
		fprintf(stderr, " at depth %llu", (unsigned long long)f->depth);
	fputs(")\n", stderr);
	if (f->text[0] != '\0')
		fprintf(stderr, "%s:\n", trace_title);
	for (const char *line = f->text; *line != '\0';) {
		int len = (int)strcspn(line, "\n");

		fprintf(stderr, "\t%.*s\n", len, line);
		line += line[len] == '\n' ? len + 1 : len;
	}
}
