// Files of requests (`stressgen h2 -i FILE`), of any bytes: what is refused is one line that names the file; of
// what is accepted each URL can be taken apart, and forms are a scenario's requests or refused by the file's name.
#include "h2_input.h"
#include "h2_scenario.h"

#include "scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct opt options[] = {
	{ .name = "input-file", .short_name = 'i', .type = OPT_TEXT, .value = "FILE", .commands = 1 },
	{ .name = "base-uri", .short_name = 'B', .type = OPT_TEXT, .value = "URL", .commands = 1 },
};

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void must_be_one_line(int rc, const struct err *e)
{
	must((rc < 0) == (e->text[0] != '\0') && strchr(e->text, '\n') == NULL);
}

static char path[64];

static void remove_file(void)
{
	unlink(path);
}

// One file for all inputs: the reader takes a name.
static void write_file(const uint8_t *data, size_t size)
{
	static int fd = -1;
	if (fd < 0) {
		strcpy(path, "/tmp/fuzz-requests-XXXXXX");
		fd = mkstemp(path);
		atexit(remove_file);
	}
	must(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
}

// Forms are requests of a scenario that names the file.
static void read_forms(const struct h2_input *in)
{
	char text[200];
	struct err e = { "" };
	struct scenario s = { 0 };
	const int n = snprintf(text, sizeof(text), "(scenario load (requests \"%s\"))", in->requests);
	const int rc = scenario_parse("load.h2", text, (size_t)n, &s, &e);
	must_be_one_line(rc, &e);
	must(rc < 0 ? strncmp(e.text, path, strlen(path)) == 0 : s.count > 0);
	scenario_deinit(&s);
}

static void read_urls(const struct h2_input *in)
{
	must(in->count > 0);
	for (size_t i = 0; i < in->count; i++) {
		struct h2_url u;
		struct err e = { "" };
		char host[280];
		if (in->urls[i][0] == '/')
			continue;
		must(h2_url_parse(in->urls[i], &u, &e) == 0 && u.path[0] == '/' && u.authority[0] != '\0');
		h2_url_host(&u, host);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char url[] = "http://127.0.0.1:1/", option[] = "-i";
	char *argv[] = { url, option, path };
	struct opt_set o;
	struct err e = { "" };
	struct h2_input in = { 0 };
	write_file(data, size);
	must(opt_init(&o, options, 2) == 0 && opt_parse(&o, 1, 3, argv, &e) == 0);
	const int rc = h2_input_read(&o, &in, &e);
	must_be_one_line(rc, &e);
	must(rc == 0 || strncmp(e.text, path, strlen(path)) == 0);
	if (rc == 0)
		(in.requests ? read_forms : read_urls)(&in);
	h2_input_deinit(&in);
	opt_deinit(&o);
	return 0;
}
