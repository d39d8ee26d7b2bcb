// A row of the table as help shows it.
#include "opt_parts.h"

#include "units.h"

#include <stdio.h>
#include <string.h>

void opt_range_text(const struct opt *o, char *text, size_t size)
{
	char low[32] = "", high[32] = "";

	if (o->type == OPT_BYTES) {
		units_bytes(low, sizeof low, o->min);
		units_bytes(high, sizeof high, o->max);
	} else if (o->type == OPT_DURATION) {
		units_duration(low, sizeof low, o->min);
		units_duration(high, sizeof high, o->max);
	} else {
		snprintf(low, sizeof low, "%llu", (unsigned long long)o->min);
		snprintf(high, sizeof high, "%llu", (unsigned long long)o->max);
	}
	if (o->max != 0)
		snprintf(text, size, "%s to %s", low, high);
	else
		snprintf(text, size, "%s or more", low);
}

bool opt_is_ranged(const struct opt *o)
{
	return o->type == OPT_U64 || o->type == OPT_COUNT || o->type == OPT_PERCENT || o->type == OPT_BYTES ||
	       o->type == OPT_DURATION;
}

#define HELP_INDENT 30U

static void add_wrapped(const char *text, unsigned columns, struct buf *out)
{
	size_t column = HELP_INDENT;

	while (*text != '\0') {
		size_t word = strcspn(text, " ");

		if (column > HELP_INDENT && column + word + 1 > columns) {
			buf_addf(out, "\n%*s", (int)HELP_INDENT, "");
			column = HELP_INDENT;
		} else if (column > HELP_INDENT) {
			buf_addc(out, ' ');
			column++;
		}
		buf_add(out, text, word);
		column += word;
		text += word;
		text += strspn(text, " ");
	}
}

void opt_help_row(const struct opt *o, unsigned columns, struct buf *out)
{
	char left[80];
	char range[80];
	struct buf help = { 0 };
	int n;

	n = o->short_name != 0 ? snprintf(left, sizeof left, "  -%c, ", o->short_name)
	                       : snprintf(left, sizeof left, "      ");
	snprintf(left + n, sizeof left - (size_t)n, "--%s%s%s", o->name, o->value != NULL ? " " : "",
	         o->value != NULL ? o->value : "");
	buf_addf(out, "%-*s", (int)HELP_INDENT, left);
	if (strlen(left) >= HELP_INDENT)
		buf_addf(out, "\n%*s", (int)HELP_INDENT, "");
	buf_adds(&help, o->help);
	if (o->type == OPT_CHOICE)
		buf_addf(&help, " One of %s.", o->choices);
	if (opt_is_ranged(o) && o->max != 0) {
		opt_range_text(o, range, sizeof range);
		buf_addf(&help, " From %s.", range);
	}
	if (o->def != NULL && o->type != OPT_FLAG)
		buf_addf(&help, " Default: %s.", o->def);
	if (o->def != NULL && o->type == OPT_FLAG && strcmp(o->def, "yes") == 0)
		buf_addf(&help, " On by default; --no-%s turns it off.", o->name);
	add_wrapped(buf_text(&help), columns, out);
	buf_addc(out, '\n');
	buf_deinit(&help);
}
