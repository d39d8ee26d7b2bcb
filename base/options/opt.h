// Options: one table of rows feeds the parser, --help, the man page, shell completion, the config file and the
// README's table.
#ifndef SG_OPT_H
#define SG_OPT_H

#include "buf.h"
#include "err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum opt_type {
	OPT_FLAG,     // yes/no; --name or --no-name
	OPT_U64,      // whole number within [min, max]
	OPT_COUNT,    // 1M, 10k, 250: by powers of 1000
	OPT_PERCENT,  // 75 or 75%
	OPT_BYTES,    // 64M
	OPT_DURATION, // 30s, in ns
	OPT_TEXT,
	OPT_CHOICE, // one of `choices`, comma-separated
	OPT_LIST,   // may be repeated; values joined by newlines
};

struct opt {
	const char *name; // long name without dashes
	char short_name;  // 0: none
	enum opt_type type;
	const char *value;   // what help calls the value, "N", "DIR"; "[N]": without one it is 1; NULL for flags
	const char *def;     // default as text; NULL: none
	uint64_t min, max;   // OPT_U64, OPT_COUNT, OPT_PERCENT, OPT_BYTES, OPT_DURATION; max 0: no limit
	const char *choices; // OPT_CHOICE
	uint32_t commands;   // bit mask of the subcommands it belongs to
	bool config;         // may stand in stressgen.conf
	const char *help;    // one sentence
};

struct opt_value {
	const char *text; // as given; NULL: not given and no default
	uint64_t number;  // parsed, for the numeric types and flags
	char source[160]; // "default", "command line", "STRESSGEN_DEPTH", "stressgen.conf:3"
	char *owned;      // backing of text, where we made it
};

// A word that users of another program know: it means one of our options, or is refused with the reason.
struct opt_alias {
	const char *name;  // long name
	char short_name;   // of what is refused; 0: none
	uint32_t commands; // as struct opt's
	const char *ours;  // long name; NULL: refused
	const char *why;   // of what is refused: one sentence, what to do instead
};

struct opt_set {
	const struct opt *table;
	size_t count;
	const struct opt_alias *aliases; // set behind opt_init; NULL: none
	size_t alias_count;
	struct opt_value *values; // one per row
	uint32_t command;         // bit of the one that was parsed for; 0 before opt_parse
	char **args;              // positional arguments (borrowed from argv)
	size_t arg_count;
	char **rest; // what followed "--"; NULL: no "--"
	size_t rest_count;
};

int opt_init(struct opt_set *s, const struct opt *table, size_t count);
void opt_deinit(struct opt_set *s);
// Parses argv[0..argc) (without the program's and the command's name) for the command with bit `command`.
// An unknown option is refused with the nearest one suggested.
int opt_parse(struct opt_set *s, uint32_t command, int argc, char **argv, struct err *e);
// STRESSGEN_NAME for every config row that the command line did not set.
int opt_environment(struct opt_set *s, struct err *e);
// "name = value" lines of one config file, for rows not set so far; an unknown name is an error at file:line.
// Lines of sections ("[profile x]") are skipped unless `section` names them.
int opt_config(struct opt_set *s, const char *path, const char *text, const char *section, struct err *e);
// Sets what the command line did not, as it was given earlier; `source` says when ("run.json"). -ENOENT: no such
// option; -EINVAL with `e` filled.
int opt_recall(struct opt_set *s, const char *name, const char *text, const char *source, struct err *e);
// Fills what is left from the table's defaults.
int opt_defaults(struct opt_set *s, struct err *e);
// By name; the name must be in the table. Of several rows of one name, which are of different commands, that of
// the command that was parsed for; where it has none, the first that has a value.
const struct opt_value *opt_get(const struct opt_set *s, const char *name);
bool opt_given(const struct opt_set *s, const char *name); // by anyone but the default
// By the person for this run alone: on the command line.
bool opt_by_flag(const struct opt_set *s, const char *name);
uint64_t opt_number(const struct opt_set *s, const char *name);
const char *opt_text(const struct opt_set *s, const char *name);
bool opt_flag(const struct opt_set *s, const char *name);
bool opt_is_flag(const struct opt_set *s, const char *name);
// The word of `words` (count of them) nearest to `word`, or NULL when none is near.
const char *opt_nearest(const char *word, const char *const *words, size_t count);
// One row as help shows it, wrapped to `columns`.
void opt_help_row(const struct opt *o, unsigned columns, struct buf *out);

#endif
