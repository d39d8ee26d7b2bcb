// Options: parsing of the command line, the environment and the config file by one table of rows.
#include "clock.h"
#include "opt_parts.h"

#include "units.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOURCE_DEFAULT "default"
#define SOURCE_COMMAND_LINE "command line"

int opt_init(struct opt_set *s, const struct opt *table, size_t count)
{
	*s = (struct opt_set){ .table = table, .count = count };
	s->values = calloc(count, sizeof *s->values);
	return s->values == NULL ? -ENOMEM : 0;
}

void opt_deinit(struct opt_set *s)
{
	if (s->values != NULL)
		for (size_t i = 0; i < s->count; i++)
			free(s->values[i].owned);
	free(s->values);
	free(s->args);
	*s = (struct opt_set){ 0 };
}

static const char *nearest_option(const struct opt_set *s, uint32_t command, const char *word)
{
	const char *names[256];
	size_t n = 0;

	for (size_t i = 0; i < s->count && n < sizeof names / sizeof names[0]; i++)
		if ((s->table[i].commands & command) != 0)
			names[n++] = s->table[i].name;
	return opt_nearest(word, names, n);
}

// ---- values -------------------------------------------------------------------------------------------------

static bool choice_has(const char *choices, const char *text)
{
	size_t n = strlen(text);

	for (const char *p = choices; *p != '\0';) {
		size_t len = strcspn(p, ",");
		if (len == n && memcmp(p, text, n) == 0)
			return true;
		p += len;
		p += *p == ',';
	}
	return false;
}

static int parse_flag(const char *text, uint64_t *number)
{
	static const struct {
		const char *no, *yes;
	} words[] = { { "no", "yes" }, { "false", "true" }, { "off", "on" }, { "0", "1" } };

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		*number = strcmp(text, words[i].yes) == 0;
		if (*number == 1 || strcmp(text, words[i].no) == 0)
			return 0;
	}
	return -EINVAL;
}

static const char *type_words(enum opt_type type)
{
	switch (type) {
	case OPT_FLAG:
		return "yes or no";
	case OPT_U64:
		return "a whole number";
	case OPT_COUNT:
		return "a number such as 500, 10k or 1M";
	case OPT_PERCENT:
		return "a percentage such as 75 or 75%";
	case OPT_BYTES:
		return "a size such as 64M";
	case OPT_DURATION:
		return "a duration such as 500ms or 30s";
	default:
		return "text";
	}
}

static int parse_number(const struct opt *o, const char *text, uint64_t *number)
{
	switch (o->type) {
	case OPT_FLAG:
		return parse_flag(text, number);
	case OPT_U64:
		return units_parse_u64(text, number);
	case OPT_COUNT:
		return units_parse_count(text, number);
	case OPT_PERCENT:
		return units_parse_percent(text, number);
	case OPT_BYTES:
		return units_parse_bytes(text, number);
	case OPT_DURATION:
		return units_parse_duration(text, number);
	default:
		*number = 0;
		return 0;
	}
}

#define MOST_NS (UINT64_C(36500) * 86400U * SG_NS_PER_S)

// Where a row names no greatest value there is one all the same: results are written with signed numbers, and a
// time has others added to it.
static uint64_t most(const struct opt *o)
{
	if (o->max != 0)
		return o->max;
	return o->type == OPT_DURATION ? MOST_NS : o->type == OPT_BYTES ? (uint64_t)INT64_MAX : UINT64_MAX;
}

// `shown` is how the person wrote the option: "--depth", "stressgen.conf:3: depth".
static int check_value(const struct opt *o, const char *shown, const char *text, uint64_t *number, struct err *e)
{
	char range[80];
	int r = parse_number(o, text, number);

	if (o->type == OPT_CHOICE && !choice_has(o->choices, text))
		return err_set(e, EINVAL, "%s: '%s' is not one of %s", shown, text, o->choices);
	opt_range_text(o, range, sizeof range);
	if (r == -EINVAL && opt_is_ranged(o))
		return err_set(e, EINVAL, "%s: '%s' is not %s; try %s, within %s", shown, text,
		               type_words(o->type), o->def != NULL ? o->def : "another", range);
	if (r < 0 && !opt_is_ranged(o))
		return err_set(e, EINVAL, "%s: '%s' is not %s", shown, text, type_words(o->type));
	if (!opt_is_ranged(o) || (r == 0 && *number >= o->min && *number <= most(o)))
		return 0;
	if (r < 0 || *number > most(o)) {
		struct opt bounded = *o;

		bounded.max = most(o);
		opt_range_text(&bounded, range, sizeof range);
	}
	return err_set(e, EINVAL, "%s: %s is out of range; it may be %s", shown, text, range);
}

// Whether two sources are one: said alike, or two lines of one file ("FILE:3", "FILE:7").
static bool same_source(const char *a, const char *b)
{
	const char *end_a = strrchr(a, ':'), *end_b = strrchr(b, ':');

	if (end_a == NULL || end_b == NULL)
		return strcmp(a, b) == 0;
	return end_a - a == end_b - b && memcmp(a, b, (size_t)(end_a - a)) == 0;
}

static int set_value(struct opt_set *s, size_t i, const char *text, const char *source, const char *shown,
                     struct err *e)
{
	const struct opt *o = &s->table[i];
	struct opt_value *v = &s->values[i];
	uint64_t number = 0;
	char *copy;
	int r = check_value(o, shown, text, &number, e);

	if (r < 0)
		return r;
	if (o->type == OPT_LIST && v->text != NULL && same_source(v->source, source)) {
		if (asprintf(&copy, "%s\n%s", v->text, text) < 0)
			return err_set(e, ENOMEM, "out of memory");
	} else if ((copy = strdup(text)) == NULL) {
		return err_set(e, ENOMEM, "out of memory");
	}
	free(v->owned);
	v->owned = copy;
	v->text = copy;
	v->number = number;
	snprintf(v->source, sizeof v->source, "%s", source);
	return 0;
}

// ---- the command line ---------------------------------------------------------------------------------------

static long find_long(const struct opt_set *s, uint32_t command, const char *name, size_t len, bool *negated)
{
	*negated = false;
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < s->count; i++) {
			const struct opt *o = &s->table[i];
			if ((o->commands & command) == 0 || (pass == 1 && o->type != OPT_FLAG))
				continue;
			if (strlen(o->name) == len && memcmp(o->name, name, len) == 0) {
				*negated = pass == 1;
				return (long)i;
			}
		}
		if (len < 4 || memcmp(name, "no-", 3) != 0)
			break;
		name += 3;
		len -= 3;
	}
	return -1;
}

// The alias of that long or short name; NULL where there is none.
static const struct opt_alias *find_alias(const struct opt_set *s, uint32_t command, const char *name, size_t len,
                                          char short_name)
{
	for (size_t i = 0; i < s->alias_count; i++) {
		const struct opt_alias *a = &s->aliases[i];
		if ((a->commands & command) == 0)
			continue;
		if (name != NULL ? strlen(a->name) == len && memcmp(a->name, name, len) == 0
		                 : short_name != 0 && a->short_name == short_name)
			return a;
	}
	return NULL;
}

static int unknown_option(const struct opt_set *s, uint32_t command, const char *arg, struct err *e)
{
	char name[64];
	const char *near;
	bool negated;

	snprintf(name, sizeof name, "%.*s", (int)strcspn(arg + 2, "="), arg + 2);
	if (find_long(s, ~command, name, strlen(name), &negated) >= 0)
		return err_set(e, EINVAL, "--%s is not an option of this command; its --help lists what is", name);
	near = nearest_option(s, command, name);
	if (near != NULL)
		return err_set(e, EINVAL, "unknown option '%s'; did you mean '--%s'?", arg, near);
	return err_set(e, EINVAL, "unknown option '%s'; --help lists the options", arg);
}

// "--fail-fast" alone, or in front of something that is no number.
static bool lacks_value(const struct opt *o, const char *next)
{
	return o->value[0] == '[' && (next == NULL || *next == '\0' || next[strspn(next, "0123456789")] != '\0');
}

static int parse_long(struct opt_set *s, uint32_t command, int argc, char **argv, int *at, struct err *e)
{
	const char *arg = argv[*at];
	const char *equals = strchr(arg, '=');
	size_t len = equals != NULL ? (size_t)(equals - arg) - 2 : strlen(arg + 2);
	bool negated;
	long i = find_long(s, command, arg + 2, len, &negated);
	const struct opt_alias *alias = i < 0 ? find_alias(s, command, arg + 2, len, 0) : NULL;
	const char *value = equals != NULL ? equals + 1 : NULL;
	char shown[128];

	if (alias != NULL && alias->ours == NULL)
		return err_set(e, EINVAL, "--%s: %s", alias->name, alias->why);
	if (alias != NULL)
		i = find_long(s, command, alias->ours, strlen(alias->ours), &negated);
	if (i < 0)
		return unknown_option(s, command, arg, e);
	snprintf(shown, sizeof shown, "--%s", s->table[i].name);
	if (s->table[i].type == OPT_FLAG) {
		if (negated && value != NULL)
			return err_set(e, EINVAL, "--no-%s takes no value", s->table[i].name);
		value = negated ? "no" : (value != NULL ? value : "yes");
	} else if (value == NULL && lacks_value(&s->table[i], *at + 1 < argc ? argv[*at + 1] : NULL)) {
		value = "1";
	} else if (value == NULL) {
		if (*at + 1 >= argc)
			return err_set(e, EINVAL, "%s needs a value: %s %s", shown, shown, s->table[i].value);
		value = argv[++*at];
	}
	return set_value(s, (size_t)i, value, SOURCE_COMMAND_LINE, shown, e);
}

static long find_short(const struct opt_set *s, uint32_t command, char name)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->table[i].short_name == name && (s->table[i].commands & command) != 0)
			return (long)i;
	return -1;
}

static int parse_short(struct opt_set *s, uint32_t command, int argc, char **argv, int *at, struct err *e)
{
	for (const char *p = argv[*at] + 1; *p != '\0'; p++) {
		long i = find_short(s, command, *p);
		char shown[8];
		const char *value;

		snprintf(shown, sizeof shown, "-%c", *p);
		if (i < 0 && find_alias(s, command, NULL, 0, *p) != NULL)
			return err_set(e, EINVAL, "-%c: %s", *p, find_alias(s, command, NULL, 0, *p)->why);
		if (i < 0)
			return err_set(e, EINVAL,
			               find_short(s, ~command, *p) < 0
			                       ? "unknown option '-%c'; --help lists the options"
			                       : "-%c is not an option of this command; its --help "
			                         "lists what is",
			               *p);
		if (s->table[i].type == OPT_FLAG) {
			int r = set_value(s, (size_t)i, "yes", SOURCE_COMMAND_LINE, shown, e);
			if (r < 0)
				return r;
			continue;
		}
		value = p[1] != '\0' ? p + 1 : (*at + 1 < argc ? argv[++*at] : NULL);
		if (value == NULL)
			return err_set(e, EINVAL, "%s needs a value: %s %s", shown, shown, s->table[i].value);
		return set_value(s, (size_t)i, value, SOURCE_COMMAND_LINE, shown, e);
	}
	return 0;
}

int opt_parse(struct opt_set *s, uint32_t command, int argc, char **argv, struct err *e)
{
	s->command = command;
	s->args = calloc((size_t)argc + 1, sizeof *s->args);
	if (s->args == NULL)
		return err_set(e, ENOMEM, "out of memory");
	for (int i = 0; i < argc; i++) {
		int r = 0;
		if (strcmp(argv[i], "--") == 0) {
			s->rest = argv + i + 1;
			s->rest_count = (size_t)(argc - i - 1);
			break;
		}
		if (strncmp(argv[i], "--", 2) == 0)
			r = parse_long(s, command, argc, argv, &i, e);
		else if (argv[i][0] == '-' && argv[i][1] != '\0')
			r = parse_short(s, command, argc, argv, &i, e);
		else
			s->args[s->arg_count++] = argv[i];
		if (r < 0)
			return r;
	}
	return 0;
}

// ---- the environment and the config file --------------------------------------------------------------------

int opt_environment(struct opt_set *s, struct err *e)
{
	for (size_t i = 0; i < s->count; i++) {
		char name[96] = "STRESSGEN_";
		size_t n = strlen(name);
		const char *value;
		int r;

		if (!s->table[i].config || s->values[i].text != NULL)
			continue;
		for (const char *p = s->table[i].name; *p != '\0' && n < sizeof name - 1; p++)
			name[n++] = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
		name[n] = '\0';
		value = getenv(name);
		if (value == NULL)
			continue;
		r = set_value(s, i, value, name, name, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static long find_config(const struct opt_set *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->table[i].config && strcmp(s->table[i].name, name) == 0)
			return (long)i;
	return -1;
}

static int unknown_config(const struct opt_set *s, const char *where, const char *name, struct err *e)
{
	const char *names[256];
	size_t n = 0;
	const char *near;

	for (size_t i = 0; i < s->count && n < sizeof names / sizeof names[0]; i++)
		if (s->table[i].config)
			names[n++] = s->table[i].name;
	near = opt_nearest(name, names, n);
	return err_set(e, EINVAL, "%s: unknown option '%s'%s%s%s", where, name,
	               near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
	               near != NULL ? "'?" : "; stressgen --help lists them");
}

static int config_line(struct opt_set *s, const char *where, char *line, struct err *e)
{
	char *equals = strchr(line, '=');
	char shown[400];
	char *name;
	long i;

	if (equals == NULL)
		return err_set(e, EINVAL, "%s: '%s' has no '='; write 'name = value'", where, line);
	*equals = '\0';
	name = text_trim(line);
	i = find_config(s, name);
	if (i < 0)
		return unknown_config(s, where, name, e);
	// What was set nearer to the person wins; the same file may add to a list.
	if (s->values[i].text != NULL && !same_source(s->values[i].source, where))
		return 0;
	snprintf(shown, sizeof shown, "%s: %s", where, name);
	return set_value(s, (size_t)i, text_trim(equals + 1), where, shown, e);
}

#define WHERE_BYTES 144U // below those of opt_value.source
#define PATH_SHOWN 120U

int opt_config(struct opt_set *s, const char *path, const char *text, const char *section, struct err *e)
{
	char *copy = strdup(text);
	char *rest = copy;
	size_t path_len = strlen(path);
	bool here = true;
	unsigned number = 0;
	int r = 0;

	if (copy == NULL)
		return err_set(e, ENOMEM, "out of memory");
	while (r == 0 && rest != NULL) {
		char *line = text_trim(strsep(&rest, "\n"));
		char where[WHERE_BYTES];

		number++;
		// Of a long path the end is kept, and always the line.
		snprintf(where, sizeof where, "%s:%u", path_len > PATH_SHOWN ? path + path_len - PATH_SHOWN : path,
		         number);
		if (*line == '\0' || *line == '#')
			continue;
		if (*line == '[') {
			char *end = strchr(line, ']');
			if (end == NULL)
				r = err_set(e, EINVAL, "%s: a section's name ends with ']'", where);
			else
				*end = '\0';
			here = section != NULL && strcmp(line + 1, section) == 0;
		} else if (here) {
			r = config_line(s, where, line, e);
		}
	}
	free(copy);
	return r;
}

// By name, of several rows the command's own, then one that has a value; -1: none.
static long find_row(const struct opt_set *s, const char *name)
{
	long found = -1;

	for (size_t i = 0; i < s->count; i++) {
		if (strcmp(s->table[i].name, name) != 0)
			continue;
		if ((s->table[i].commands & s->command) != 0)
			return (long)i;
		if (found < 0 || s->values[found].text == NULL)
			found = (long)i;
	}
	return found;
}

int opt_recall(struct opt_set *s, const char *name, const char *text, const char *source, struct err *e)
{
	const long i = find_row(s, name);
	char shown[400];

	if (i < 0)
		return -ENOENT;
	if (s->values[i].text != NULL && strcmp(s->values[i].source, SOURCE_COMMAND_LINE) == 0)
		return 0;
	snprintf(shown, sizeof shown, "%s: %s", source, name);
	return set_value(s, (size_t)i, text, source, shown, e);
}

int opt_defaults(struct opt_set *s, struct err *e)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct opt *o = &s->table[i];
		const char *def = o->def != NULL ? o->def : (o->type == OPT_FLAG ? "no" : NULL);
		int r;

		if (s->values[i].text != NULL || def == NULL)
			continue;
		r = set_value(s, i, def, SOURCE_DEFAULT, o->name, e);
		if (r < 0)
			return r;
	}
	return 0;
}

// ---- reading ------------------------------------------------------------------------------------------------

const struct opt_value *opt_get(const struct opt_set *s, const char *name)
{
	static const struct opt_value none;
	const long i = find_row(s, name);

	assert(i >= 0 && "the name is in the table");
	return i >= 0 ? &s->values[i] : &none;
}

bool opt_given(const struct opt_set *s, const char *name)
{
	const struct opt_value *v = opt_get(s, name);
	return v->text != NULL && strcmp(v->source, SOURCE_DEFAULT) != 0;
}

bool opt_by_flag(const struct opt_set *s, const char *name)
{
	const struct opt_value *v = opt_get(s, name);

	return v->text != NULL && strcmp(v->source, SOURCE_COMMAND_LINE) == 0;
}

uint64_t opt_number(const struct opt_set *s, const char *name)
{
	return opt_get(s, name)->number;
}

const char *opt_text(const struct opt_set *s, const char *name)
{
	return opt_get(s, name)->text;
}

bool opt_is_flag(const struct opt_set *s, const char *name)
{
	return s->table[opt_get(s, name) - s->values].type == OPT_FLAG;
}

bool opt_flag(const struct opt_set *s, const char *name)
{
	return opt_get(s, name)->number != 0;
}
