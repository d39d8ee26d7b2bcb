// Bounded capture.
#include "capture.h"
#include "lab.h"

#include "io.h"

#include <errno.h>
#include <unistd.h>

static struct capture start(uint64_t limit, char *path)
{
	struct capture c;

	assert_int_equal(capture_init(&c, limit), 0);
	capture_begin(&c, path);
	return c;
}

static char *file_text(const char *path)
{
	struct buf b = { 0 };

	assert_int_equal(io_read_file(path, 1 << 20, &b, NULL), 0);
	return buf_take(&b);
}

static char *path_in_tmp(const char *name)
{
	return io_join(harness_tmpdir(), name);
}

CASE("capture: everything is kept when it fits, in directories made for it")
{
	char *path = path_in_tmp("a/b/stdout");
	struct capture c = start(20, path);
	char *text;

	capture_feed(&c, "0123456789", 10);
	capture_feed(&c, "abcdefghij", 10);
	capture_end(&c);
	text = file_text(path);
	assert_string_equal(text, "0123456789abcdefghij");
	assert_int_equal(c.error, 0);
	assert_int_equal(capture_left_out(&c), 0);
	capture_deinit(&c);
	free(text);
	free(path);
}

CASE("capture: head and tail are kept and the middle is counted when it does not fit")
{
	char *path = path_in_tmp("out");
	struct capture c = start(8, path);
	char *text;

	for (int i = 0; i < 1000; i++)
		capture_feed(&c, "abc", 3);
	capture_feed(&c, "WXYZ", 4);
	capture_end(&c);
	assert_int_equal(c.bytes, 3004);
	assert_int_equal(capture_left_out(&c), 2996);
	text = file_text(path);
	assert_string_equal(text, "abca\n[stressgen: 2996 bytes left out here]\nWXYZ");
	capture_deinit(&c);
	free(text);
	free(path);
}

CASE("capture: the tail is right wherever the ring begins")
{
	const char *alphabet = "abcdefghijklmnopqrstuvwxyz";

	for (size_t piece = 1; piece <= 26; piece++) {
		struct capture c = start(10, NULL);
		char tail[64];
		size_t len;

		c.error = -1; // no file
		for (size_t at = 0; at < 26; at += piece)
			capture_feed(&c, alphabet + at, at + piece <= 26 ? piece : 26 - at);
		len = capture_tail(&c, tail, 5);
		assert_int_equal(len, 5);
		assert_memory_equal(tail, "vwxyz", 5);
		capture_deinit(&c);
	}
}

CASE("capture: no file is made when nothing was printed")
{
	char *path = path_in_tmp("none");
	struct capture c = start(100, path);

	capture_end(&c);
	assert_int_equal(access(path, F_OK), -1);
	capture_deinit(&c);
	free(path);
}

CASE("capture: a disk that is full is an error of the capture, and the bytes are still counted")
{
	char full[] = "/dev/full";
	struct capture c = start(100, full);

	capture_feed(&c, "hello", 5);
	capture_end(&c);
	assert_int_equal(c.error, -ENOSPC);
	assert_int_equal(c.bytes, 5);
	capture_deinit(&c);
}

struct seen {
	char text[200];
};

static bool on_line(void *arg, char *text, size_t len)
{
	struct seen *s = arg;

	assert_int_equal(strlen(text), len);
	strcat(s->text, text);
	strcat(s->text, "|");
	return strcmp(text, "stop") == 0;
}

CASE("capture: lines are given one by one, a last one without newline too, until one is enough")
{
	struct capture c = start(1000, NULL);
	struct seen s = { "" };

	c.error = -1;
	capture_feed(&c, "one\n\ntwo\0x\nlast", 15);
	assert_false(capture_lines(&c, on_line, &s));
	assert_string_equal(s.text, "one||two x|last|");
	capture_feed(&c, "\nstop\nmore\n", 11);
	s.text[0] = '\0';
	assert_true(capture_lines(&c, on_line, &s));
	assert_string_equal(s.text, "one||two x|last|stop|");
	capture_deinit(&c);
}

CASE("capture: the tail begins with a whole line")
{
	struct capture c = start(1000, NULL);
	char tail[10];

	c.error = -1;
	capture_feed(&c, "a long line\nshort\nend\n", 22);
	assert_int_equal(capture_tail(&c, tail, sizeof tail), 10);
	assert_memory_equal(tail, "short\nend\n", 10);
	capture_deinit(&c);
}
