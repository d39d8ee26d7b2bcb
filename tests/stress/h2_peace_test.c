// The scenarios that are no attacks, and those that the documentation shows: performed as they stand.
#include "buf.h"
#include "h2_support.h"
#include "harness.h"
#include "io.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void perform(const char *engine, const char *path, const char *args)
{
	struct h2_output o;
	h2_sh(&o, "%s run --h2-engine %s --h2-server-engine %s %s %s", H2_PROGRAM, engine, engine, path, args);
	if (o.code != 0 || strstr(o.out, " bad ") || !strstr(o.out, "@@ done\n"))
		fail_msg("%s, %s: exit %d\n%s%s", path, engine, o.code, o.out, o.err);
	h2_output_deinit(&o);
}

static void perform_all(const char *engine)
{
	glob_t found;
	unsigned peaceful = 0;
	assert_int_equal(glob(SG_SOURCE_DIR "/gen/scenarios/*.h2", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		if (strstr(found.gl_pathv[i], "/attack-"))
			continue;
		perform(engine, found.gl_pathv[i], "");
		peaceful++;
	}
	assert_true(peaceful >= 20);
	globfree(&found);
}

CASE("h2 peace: each scenario of the suite that is no attack goes well [wire]")
{
	perform_all("wire");
}

CASE("h2 peace: each scenario of the suite that is no attack goes well [session]")
{
	perform_all("session");
}

CASE("h2 peace: parameters and the seed change what is performed, and wrong ones are one clear line")
{
	static const char file[] = SG_SOURCE_DIR "/gen/scenarios/bodies-random.h2";
	struct h2_output a, b;
	perform("wire", file, "seed=7 streams=1 up=10");
	h2_sh(&a, "%s run %s seed=7 down=5 | grep '@@ check down'", H2_PROGRAM, file);
	h2_sh(&b, "%s run %s seed=8 | grep '@@ check down'", H2_PROGRAM, file);
	assert_non_null(strstr(a.out, "GET /bytes/5,"));
	assert_null(strstr(b.out, "GET /bytes/5,"));
	assert_null(strstr(b.out, "$"));
	h2_output_deinit(&a);
	h2_output_deinit(&b);
	h2_sh(&a, "%s run %s size=7", H2_PROGRAM, file);
	assert_int_equal(a.code, 2);
	assert_non_null(strstr(a.err, "it has no parameter 'size'; write NAME=VALUE"));
	assert_ptr_equal(strchr(a.err, '\n'), strrchr(a.err, '\n'));
	h2_output_deinit(&a);
}

CASE("h2 peace: frames that are not answered as they must be have failed")
{
	struct h2_output o;
	const char *path = h2_file("t.h2", "(scenario t (frames (answers 2) (time 500ms)"
	                                   " (send (frame HEADERS (flags END_STREAM END_HEADERS) (stream next)"
	                                   " (hex \"82 86 84 01 01 68\")))) (request r))");
	h2_sh(&o, "%s run %s", H2_PROGRAM, path);
	if (o.code != 1 || !strstr(o.out, "@@ check frames bad ") ||
	    !strstr(o.out, "1 of 2 answers with 13 of 0 bytes"))
		fail_msg("%d %s%s", o.code, o.out, o.err);
	h2_output_deinit(&o);
}

// ---- the documentation --------------------------------------------------------------------------------------

// The next block of the page that begins with `first`, without its indentation; where it ends, or NULL.
static const char *next_block(const char *at, const char *first, struct buf *out)
{
	char head[64];
	snprintf(head, sizeof(head), "\n\n    %s", first);
	at = strstr(at, head);
	buf_clear(out);
	if (!at)
		return NULL;
	at += 2;
	while (strncmp(at, "    ", 4) == 0) {
		const char *end = strchr(at, '\n');
		buf_add(out, at + 4, (size_t)(end + 1 - at) - 4);
		at = end + 1;
	}
	return at - 1;
}

CASE("h2 peace: the scenarios and hostile servers that the documentation shows do what it says")
{
	struct buf page = { 0 }, block = { 0 };
	struct err e = { "" };
	static const char *const kinds[] = { "; @Test", "(scenario", "(hostile" };
	unsigned found[3] = { 0 };
	assert_true(io_read_file(SG_SOURCE_DIR "/docs/http2.md", 1U << 20, &page, &e) >= 0);
	for (size_t k = 0; k < 3; k++)
		for (const char *at = buf_text(&page); (at = next_block(at, kinds[k], &block)); found[k]++) {
			struct h2_output o;
			const char *path = h2_file(k == 2 ? "doc.hostile" : "doc.h2", buf_text(&block));
			if (k < 2) {
				perform("wire", path, "");
				continue;
			}
			h2_need("curl");
			h2_sh(&o, "%s client %s -- curl -sS -m 5 --http2-prior-knowledge", H2_PROGRAM, path);
			if (o.code != 0)
				fail_msg("%s\n%s%s", buf_text(&block), o.out, o.err);
			h2_output_deinit(&o);
		}
	assert_true(found[0] >= 2 && found[1] >= 1 && found[2] >= 1);
	buf_deinit(&page);
	buf_deinit(&block);
}
