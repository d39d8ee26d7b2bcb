// A test that has ended, made up for the judge.
#include "judged.h"

#include "lab.h"

struct ended *judged_new(void)
{
	struct ended *s = calloc(1, sizeof *s);

	assert_non_null(s);
	assert_int_equal(capture_init(&s->out, 4096), 0);
	assert_int_equal(capture_init(&s->err, 4096), 0);
	s->out.error = s->err.error = -1; // no files
	measure_begin(&s->measure, &s->result);
	s->facts = (struct facts){ .test = &s->test, .out = &s->out, .err = &s->err, .measure = &s->measure };
	return s;
}

void judged_say(struct capture *c, const char *text)
{
	capture_feed(c, text, strlen(text));
}

void judged_expect(struct ended *s, enum verdict v, bool clean, const char *evidence)
{
	assert_int_equal(judge(&s->facts, &s->result), 0);
	if (s->result.verdict != v || strcmp(s->result.evidence, evidence) != 0)
		fail_msg("%s: %s", verdict_name(s->result.verdict), s->result.evidence);
	assert_int_equal(s->result.clean, clean);
	result_deinit(&s->result);
	capture_deinit(&s->out);
	capture_deinit(&s->err);
	measure_deinit(&s->measure);
	test_meta_deinit(&s->test.meta);
	free(s);
}

void judged_lines(struct ended *s, const char *const *lines, size_t count)
{
	const struct sample_sink sink = measure_sink(&s->measure);

	for (size_t i = 0; i < count; i++)
		sample_parse_line(lines[i], strlen(lines[i]), i + 1, &sink);
}
