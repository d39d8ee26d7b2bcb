// The journal reader: the bytes as they are; then every line with a checksum that is right, so that the fuzzer
// gets past it to the records (results among them).
#include "buf.h"
#include "journal.h"
#include "result.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void must_be_text(const struct result *r, const json_t *as_json)
{
	struct buf text = { 0 };
	json_t *read;

	buf_addc(&text, '{');
	must(result_to_text(r, &text) == 0);
	text.data[1] = ' '; // the comma, since it was not the first
	buf_addc(&text, '}');
	read = json_loads(buf_text(&text), 0, NULL);
	must(read != NULL && json_equal(read, as_json));
	json_decref(read);
	buf_deinit(&text);
}

static int on_record(void *arg, const char *type, json_t *record)
{
	uint64_t *calls = arg;
	struct result r = { 0 };
	json_t *again;

	++*calls;
	must(type != NULL && json_is_object(record));
	if (result_from_json(record, &r, NULL) == 0) {
		again = result_to_json(&r);
		must(again != NULL);
		must_be_text(&r, again);
		json_decref(again);
	}
	result_deinit(&r);
	return 0;
}

static void read_it(const char *text, size_t len)
{
	struct journal_stats stats;
	uint64_t calls = 0;

	must(journal_read_text(text, len, on_record, &calls, &stats) == 0);
	must(calls == stats.records);
	must(stats.good_bytes <= len);
	must(stats.torn_tail == (stats.good_bytes < len));
	must((stats.bad_lines > 0) == (stats.first_bad_line > 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf signed_text = { 0 };
	const char *at = (const char *)data;
	const char *end = at + size;

	read_it((const char *)data, size);
	while (at < end) { // each line is taken for what stands behind the checksum's comma
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((newline != NULL ? newline : end) - at);

		buf_addf(&signed_text, "{\"crc\":\"%08lx\",", crc32(0, (const Bytef *)at, (uInt)len));
		buf_add(&signed_text, at, len);
		buf_addc(&signed_text, '\n');
		at += len + 1;
	}
	read_it(buf_text(&signed_text), signed_text.len);
	buf_deinit(&signed_text);
	return 0;
}
