// What holds for every page.
#include "page_check.h"

#include "harness.h"

#include "fixture.h"
#include "xml.h"

#include <stdlib.h>
#include <string.h>

static void on_open(void *arg, const struct xml_element *e)
{
	struct seen *s = arg;
	const char *id = xml_attribute(e, "id");

	if (id != NULL && s->id_count < sizeof s->ids / sizeof s->ids[0])
		s->ids[s->id_count++] = strdup(id);
	s->figures += strcmp(e->name, "figure") == 0;
	s->svgs += strcmp(e->name, "svg") == 0 && xml_attribute(e, "role") != NULL;
	s->titles += strcmp(e->name, "title") == 0 && id != NULL;
	s->descriptions += strcmp(e->name, "desc") == 0;
	s->details += strcmp(e->name, "details") == 0;
	s->sections += strcmp(e->name, "section") == 0;
	s->rows += strcmp(e->name, "tr") == 0 && xml_attribute(e, "data-test") != NULL;
	s->scripts +=
	        strcmp(e->name, "script") == 0 || strcmp(e->name, "iframe") == 0 || strcmp(e->name, "img") == 0;
	for (size_t i = 0; i < e->count; i++) {
		if (strncmp(e->names[i], "on", 2) == 0 || strcmp(e->names[i], "style") == 0)
			fail_msg("<%s %s>: a content security policy would drop it", e->name, e->names[i]);
		if (strcmp(e->names[i], "href") == 0 && strchr(e->values[i], ':') != NULL &&
		    strcmp(e->values[i], "data:,") != 0)
			fail_msg("a link to elsewhere: %s", e->values[i]);
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char *page_check(const char *path, struct seen *s)
{
	const struct xml_hooks hooks = { .open = on_open, .arg = s };
	char *text = fixture_read(path);
	const char *problem;

	*s = (struct seen){ 0 };
	problem = xml_parse(text, true, &hooks);
	if (problem != NULL)
		fail_msg("%s", problem);
	if (s->id_count > 0)
		qsort(s->ids, s->id_count, sizeof s->ids[0], by_text);
	for (size_t i = 1; i < s->id_count; i++)
		if (strcmp(s->ids[i - 1], s->ids[i]) == 0)
			fail_msg("the id %s twice", s->ids[i]);
	for (size_t i = 0; i < s->id_count; i++)
		free(s->ids[i]);
	assert_int_equal(s->scripts, 1);    // the page's own
	assert_true(s->svgs >= s->figures); // the axis of a forest plot stands in its table
	assert_int_equal(s->svgs, s->titles);
	assert_int_equal(s->svgs, s->descriptions);
	assert_true(s->details >= s->figures);
	assert_null(strstr(text, "http://"));
	assert_null(strstr(text, "https://"));
	assert_null(strstr(text, "@import"));
	assert_null(strstr(text, "url("));
	assert_null(strstr(text, "(null)"));
	assert_null(strstr(text, "=\"nan\""));
	assert_null(strstr(text, "=\"-nan\""));
	assert_null(strstr(text, "=\"inf\""));
	return text;
}
