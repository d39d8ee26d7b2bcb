// The option table: what is accepted, what is refused and with which words.
#include "opt.h"

#include "harness.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { RUN = 1, GEN = 2 };

static const struct opt table[] = {
	{ "depth", 'd', OPT_U64, "N", "10000", 1, 1000, NULL, RUN | GEN, true, "How deep." },
	{ "memory", 0, OPT_BYTES, "SIZE", NULL, 4096, 0, NULL, RUN, true, "How much." },
	{ "grace", 0, OPT_DURATION, "TIME", "2s", 0, 0, NULL, RUN, true, "How long." },
	{ "target", 0, OPT_LIST, "NAME", NULL, 0, 0, NULL, RUN, true, "Where." },
	{ "only", 'o', OPT_LIST, "ID", NULL, 0, 0, NULL, RUN, false, "Which." },
	{ "color", 0, OPT_CHOICE, "WHEN", "auto", 0, 0, "auto,always,never", RUN, true, "When." },
	{ "preload", 'p', OPT_FLAG, NULL, "yes", 0, 1, NULL, RUN, true, "Whether." },
	{ "mark", 0, OPT_PERCENT, "PERCENT", NULL, 1, 99, NULL, RUN, true, "How full." },
	{ "patience", 0, OPT_DURATION, "TIME", "0", 0, 0, NULL, GEN, true, "How long gen waits." },
	{ "patience", 0, OPT_DURATION, "TIME", "3s", 0, 0, NULL, RUN, true, "How long run does." },
};

#define ROWS (sizeof table / sizeof table[0])
#define PARSE(s, e, ...) parse(s, e, (char *[]){ __VA_ARGS__, NULL })

static int parse(struct opt_set *s, struct err *e, char **argv)
{
	int argc = 0;

	while (argv[argc] != NULL)
		argc++;
	assert_int_equal(opt_init(s, table, ROWS), 0);
	return opt_parse(s, RUN, argc, argv, e);
}

CASE("opt: long, short, joined and negated forms are read when they are right")
{
	struct opt_set s;
	struct err e = { 0 };

	assert_int_equal(PARSE(&s, &e, "--depth=7", "--memory", "64K", "-oa", "-o", "b", "--no-preload", "file"),
	                 0);
	assert_int_equal(opt_defaults(&s, &e), 0);
	assert_int_equal(opt_number(&s, "depth"), 7);
	assert_int_equal(opt_number(&s, "memory"), 65536);
	assert_string_equal(opt_text(&s, "only"), "a\nb");
	assert_false(opt_flag(&s, "preload"));
	assert_int_equal(opt_number(&s, "grace"), 2000000000);
	assert_true(opt_given(&s, "depth"));
	assert_false(opt_given(&s, "grace"));
	assert_int_equal(s.arg_count, 1);
	opt_deinit(&s);
}

CASE("opt: of two rows of one name the command's own is read, given or not")
{
	for (unsigned given = 0; given < 2; given++) {
		struct opt_set s;
		struct err e = { 0 };

		assert_int_equal(PARSE(&s, &e, "--depth=7", given ? "--patience=1s" : "file"), 0);
		assert_int_equal(opt_defaults(&s, &e), 0);
		assert_int_equal(opt_number(&s, "patience"), given ? 1000000000 : UINT64_C(3000000000));
		assert_int_equal(opt_given(&s, "patience"), given);
		opt_deinit(&s);
	}
}

CASE("opt: a percentage is read with and without its sign")
{
	static char *const ways[] = { "--mark=75%", "--mark=75" };

	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
		struct opt_set s;
		struct err e = { 0 };

		assert_int_equal(PARSE(&s, &e, ways[i]), 0);
		assert_int_equal(opt_number(&s, "mark"), 75);
		opt_deinit(&s);
	}
}

CASE("opt: what follows -- is left alone when it looks like options")
{
	struct opt_set s;
	struct err e = { 0 };

	assert_int_equal(PARSE(&s, &e, "x", "--", "--depth", "-1"), 0);
	assert_int_equal(s.rest_count, 2);
	assert_string_equal(s.rest[0], "--depth");
	opt_deinit(&s);
}

static void assert_refused(char **argv, const char *words)
{
	struct opt_set s;
	struct err e = { 0 };

	assert_int_equal(parse(&s, &e, argv), -EINVAL);
	if (strstr(e.text, words) == NULL)
		fail_msg("'%s' is not in '%s'", words, e.text);
	opt_deinit(&s);
}

#define REFUSED(words, ...) assert_refused((char *[]){ __VA_ARGS__, NULL }, words)

CASE("opt: the reason is said in one line when a value is wrong")
{
	REFUSED("did you mean '--depth'", "--detph", "3");
	REFUSED("--help", "--zzzzzz");
	REFUSED("unknown option '-x'", "-x");
	REFUSED("needs a value", "--depth");
	REFUSED("not a whole number", "--depth", "ten");
	REFUSED("out of range; it may be 1 to 1000", "--depth", "1001");
	REFUSED("not a whole number", "--depth", "-1");
	REFUSED("not a percentage such as 75 or 75%; try another, within 1 to 99", "--mark", "75%%");
	REFUSED("not a percentage", "--mark", "3k");
	REFUSED("out of range; it may be 1 to 99", "--mark", "100%");
	REFUSED("not a size", "--memory", "lots");
	REFUSED("not a duration", "--grace", "soon");
	REFUSED("99999999h is out of range; it may be 0 ns to 876000 h 0 m", "--grace", "99999999h");
	REFUSED("876001h is out of range; it may be 0 ns to 876000 h 0 m", "--grace", "876001h");
	REFUSED("not one of auto,always,never", "--color", "blue");
	REFUSED("not yes or no", "--preload=maybe");
}

CASE("opt: an option of another command is refused when this one does not have it")
{
	struct opt_set s;
	struct err e = { 0 };
	char *argv[] = { "--memory", "1M" };

	assert_int_equal(opt_init(&s, table, ROWS), 0);
	assert_int_equal(opt_parse(&s, GEN, 2, argv, &e), -EINVAL);
	opt_deinit(&s);
}

CASE("opt: command line beats environment beats file beats default when all say something")
{
	struct opt_set s;
	struct err e = { 0 };

	setenv("STRESSGEN_DEPTH", "20", 1);
	setenv("STRESSGEN_GRACE", "20s", 1);
	assert_int_equal(PARSE(&s, &e, "--depth", "10"), 0);
	assert_int_equal(opt_environment(&s, &e), 0);
	assert_int_equal(opt_config(&s, "a.conf", "# mine\ndepth = 30\ngrace = 30s\n\nmemory = 1M\n", NULL, &e),
	                 0);
	assert_int_equal(opt_config(&s, "b.conf", "memory = 2M\n", NULL, &e), 0);
	assert_int_equal(opt_defaults(&s, &e), 0);
	assert_int_equal(opt_number(&s, "depth"), 10);
	assert_int_equal(opt_number(&s, "grace"), 20000000000);
	assert_int_equal(opt_number(&s, "memory"), 1 << 20);
	assert_string_equal(opt_get(&s, "memory")->source, "a.conf:5");
	assert_string_equal(opt_get(&s, "color")->source, "default");
	opt_deinit(&s);
}

static void assert_config_refused(const char *text, const char *words)
{
	struct opt_set s;
	struct err e = { 0 };

	assert_int_equal(opt_init(&s, table, ROWS), 0);
	assert_int_equal(opt_config(&s, "a.conf", text, NULL, &e), -EINVAL);
	if (strstr(e.text, words) == NULL)
		fail_msg("'%s' is not in '%s'", words, e.text);
	opt_deinit(&s);
}

CASE("opt: file and line are named when a config file is wrong")
{
	assert_config_refused("\ndetph = 3\n", "a.conf:2: unknown option 'detph'; did you mean 'depth'?");
	assert_config_refused("depth 3\n", "a.conf:1");
	assert_config_refused("depth = many\n", "a.conf:1: depth");
	assert_config_refused("[profile\n", "a.conf:1");
	assert_config_refused("only = x\n", "unknown option 'only'");
}

CASE("opt: lines of another section are skipped when a section was asked for")
{
	struct opt_set s;
	struct err e = { 0 };

	assert_int_equal(opt_init(&s, table, ROWS), 0);
	assert_int_equal(opt_config(&s, "a.conf", "depth = 1\n[night]\ndepth = 2\n", "night", &e), 0);
	assert_int_equal(opt_number(&s, "depth"), 2);
	opt_deinit(&s);
}

CASE("opt: help shows name, default and range when a row has them")
{
	struct buf text = { 0 };

	opt_help_row(&table[0], 80, &text);
	assert_non_null(strstr(buf_text(&text), "-d, --depth N"));
	assert_non_null(strstr(buf_text(&text), "From 1 to 1000. Default: 10000."));
	buf_deinit(&text);
}

CASE("opt: a list may take several lines of one config file, and none of a second")
{
	struct opt_set s;
	struct err e = { 0 };

	assert_int_equal(PARSE(&s, &e, "file"), 0);
	assert_int_equal(opt_config(&s, "a.conf", "target = lua\n\ntarget = python\n", NULL, &e), 0);
	assert_int_equal(opt_config(&s, "b.conf", "target = ruby\n", NULL, &e), 0);
	assert_string_equal(opt_text(&s, "target"), "lua\npython");
	opt_deinit(&s);
}

CASE("opt: the line of a mistake is named however long the config file's path is")
{
	struct opt_set s;
	struct err e = { 0 };
	char path[400];

	memset(path, 'd', sizeof path - 1);
	memcpy(path + sizeof path - 8, "/a.conf", 8);
	assert_int_equal(PARSE(&s, &e, "file"), 0);
	assert_int_equal(opt_config(&s, path, "\ndepth = many\n", NULL, &e), -EINVAL);
	assert_non_null(strstr(e.text, "dd/a.conf:2: depth"));
	opt_deinit(&s);
}

CASE("opt: help wraps between words and leaves no blank at a line's end")
{
	static const struct opt row = { "long",
		                        0,
		                        OPT_TEXT,
		                        "X",
		                        NULL,
		                        0,
		                        0,
		                        NULL,
		                        RUN,
		                        true,
		                        "One two three four five six seven eight nine ten eleven twelve." };
	struct buf out = { 0 };

	opt_help_row(&row, 50, &out);
	assert_null(strstr(buf_text(&out), " \n"));
	assert_non_null(strstr(buf_text(&out), "One two three four\n"));
	for (const char *line = buf_text(&out); line != NULL && *line != '\0';) {
		const char *end = strchr(line, '\n');

		assert_true((end != NULL ? (size_t)(end - line) : strlen(line)) <= 50);
		line = end != NULL ? end + 1 : NULL;
	}
	buf_deinit(&out);
}
