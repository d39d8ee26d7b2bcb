// The session engine of the server: answers given again say the same whatever became of HPACK's tables meanwhile.
#include "harness.h"
#include "server_engine.h"
#include "wire_frame.h"
#include "wire_hpack.h"

#include <stdio.h>
#include <string.h>

#define TABLE_ENTRIES 200U
#define TABLE_BYTES 4096U
#define MOST_BODY (1U << 20)

// A field that the server knows by its index.
struct entry {
	unsigned name; // in the static table
	char value[1200];
	size_t bytes; // as HPACK counts them
};

struct rig {
	struct h2_counters counters;
	struct h2_server_shared shared;
	struct h2_session *session;
	struct wire_reader reader;
	struct entry table[TABLE_ENTRIES]; // of HPACK's, as the server has it; the newest first
	unsigned entries;
	struct wire_decoder decoder;
	uint32_t next_id;
	char fields[4096];  // of the last field section, as "name: value\n"
	size_t section_len; // its bytes
	unsigned answers;
	bool failed;
};

static void setup(struct rig *r)
{
	memset(r, 0, sizeof(*r));
	r->shared = (struct h2_server_shared){ .pool = h2_pool_new(),
		                               .counters = &r->counters,
		                               .limits = { .max_streams = 100,
		                                           .max_header_bytes = 4000,
		                                           .max_body_bytes = MOST_BODY,
		                                           .max_held_bytes = MOST_BODY,
		                                           .window_bytes = MOST_BODY } };
	h2_counters_init(&r->counters, NULL);
	assert_non_null(r->shared.pool);
	wire_reader_init(&r->reader, r->shared.pool);
	assert_int_equal(wire_decoder_init(&r->decoder, r->shared.pool), 0);
	assert_int_equal(h2_session_server.open(&r->shared, NULL, &r->session), 0);
	r->next_id = 1;
}

static void teardown(struct rig *r)
{
	h2_session_server.close(r->session);
	wire_reader_deinit(&r->reader);
	wire_decoder_deinit(&r->decoder);
	assert_int_equal(h2_pool_live(r->shared.pool), 0);
	h2_pool_free(r->shared.pool);
}

static void add_field(void *arg, const nghttp2_nv *nv)
{
	struct rig *r = arg;
	const size_t used = strlen(r->fields);
	snprintf(r->fields + used, sizeof(r->fields) - used, "%.*s: %.*s\n", (int)nv->namelen,
	         (const char *)nv->name, (int)nv->valuelen, (const char *)nv->value);
}

static void take(struct rig *r, const struct wire_event *e)
{
	assert_int_not_equal(e->kind, WIRE_FAULT);
	if (e->kind != WIRE_WHOLE || e->frame.type != NGHTTP2_HEADERS)
		return;
	assert_true(e->frame.flags & NGHTTP2_FLAG_END_HEADERS);
	r->fields[0] = '\0';
	r->section_len = e->len;
	r->answers++;
	assert_int_equal(wire_decode(&r->decoder, e->bytes, e->len, add_field, r), 0);
}

// Reads at most `room` bytes of what the server has to say. False when that is nothing.
static bool pull(struct rig *r, size_t room)
{
	static uint8_t out[64 * 1024];
	const ssize_t n = h2_session_server.pull(r->session, out, room);
	assert_true(n >= 0);
	for (size_t at = 0; at < (size_t)n;) {
		struct wire_event e;
		at += wire_read(&r->reader, out + at, (size_t)n - at, &e);
		take(r, &e);
	}
	return n > 0;
}

static void drain(struct rig *r, size_t room)
{
	while (pull(r, room))
		;
}

static void send_out(struct rig *r, struct wire_out *o)
{
	assert_false(o->bytes.failed);
	assert_int_equal(h2_session_server.receive(r->session, (const uint8_t *)o->bytes.data, o->bytes.len), 0);
	wire_out_deinit(o);
}

#define PATH 4U // their names' places in the static table,
#define AUTHORITY 1U

// A field that is put into the table, where it is not there: then its index alone goes out.
static void put_field(struct rig *r, struct buf *block, unsigned name, size_t name_len, const char *value)
{
	const size_t len = strlen(value);
	for (unsigned i = 0; i < r->entries; i++)
		if (r->table[i].name == name && strcmp(r->table[i].value, value) == 0) {
			const uint8_t index[] = { (uint8_t)(0x80 | (62 + i < 127 ? 62 + i : 127)),
				                  (uint8_t)(62 + i - 127) };
			buf_add(block, index, 62 + i < 127 ? 1 : 2);
			return;
		}
	const uint8_t head[] = { (uint8_t)(0x40 | name), (uint8_t)(len < 127 ? len : 127),
		                 (uint8_t)((len - 127) | 0x80), (uint8_t)((len - 127) >> 7) };
	buf_add(block, head, len < 127 ? 2 : 4);
	buf_add(block, value, len);
	memmove(r->table + 1, r->table, r->entries * sizeof(r->table[0]));
	r->table[0] = (struct entry){ .name = name, .bytes = 32 + name_len + len };
	memcpy(r->table[0].value, value, len);
	r->entries++;
	size_t sum = 0, kept = 0;
	while (kept < r->entries && (sum += r->table[kept].bytes) <= TABLE_BYTES)
		kept++;
	r->entries = (unsigned)kept;
}

// Fields that come by the same references each time.
static void put_request(struct rig *r, struct wire_out *o, const char *path)
{
	struct buf block = { 0 };
	buf_add(&block, "\x82\x86", 2); // GET, http
	put_field(r, &block, PATH, 5, path);
	put_field(r, &block, AUTHORITY, 10, "a.example");
	assert_false(block.failed);
	wire_out_block(o, NGHTTP2_FLAG_END_STREAM, r->next_id, (const uint8_t *)block.data, block.len,
	               WIRE_MAX_FRAME);
	buf_deinit(&block);
	r->next_id += 2;
}

// GET `path`, answered whole.
static void get(struct rig *r, const char *path)
{
	struct wire_out o = { 0 };
	const unsigned before = r->answers;
	put_request(r, &o, path);
	send_out(r, &o);
	drain(r, 64 * 1024);
	assert_int_equal(r->answers, before + 1);
}

static void greet(struct rig *r, uint32_t window)
{
	struct wire_out o = { 0 };
	const nghttp2_settings_entry settings = { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window };
	buf_add(&o.bytes, WIRE_PREFACE, WIRE_PREFACE_BYTES);
	wire_out_settings(&o, &settings, 1);
	send_out(r, &o);
	drain(r, 64 * 1024);
}

// A connection on which `path` is answered from memory: the first is new, the second one's fields are kept, the
// third one's bytes.
static void warm_up(struct rig *r, const char *path)
{
	setup(r);
	greet(r, WIRE_WINDOW);
	for (unsigned i = 0; i < 4; i++)
		get(r, path);
}

static void expect(const struct rig *r, const char *path)
{
	char line[2048];
	snprintf(line, sizeof(line), "x-path: %s\n", path);
	if (strncmp(r->fields, ":status: 200\nserver: stressgen-h2\n", 34) != 0 || !strstr(r->fields, line) ||
	    !strstr(r->fields, "x-method: GET\n") || !strstr(r->fields, "x-authority: a.example\n") ||
	    !strstr(r->fields, "x-header-count: 0\n") || !strstr(r->fields, "x-header-hash: cbf29ce484222325\n"))
		fail_msg("not the answer to %s:\n%s", path, r->fields);
}

CASE("h2 spelling: an answer given again is as short as nghttp2's, and says all that it said")
{
	struct rig r;
	char first[sizeof(r.fields)];
	setup(&r);
	greet(&r, WIRE_WINDOW);
	get(&r, "/bytes/7");
	expect(&r, "/bytes/7");
	memcpy(first, r.fields, sizeof(first));
	get(&r, "/bytes/7"); // by nghttp2: most of them by their index
	const size_t shortest = r.section_len;
	assert_true(shortest < 20);
	for (unsigned i = 0; i < 20; i++) {
		get(&r, "/bytes/7");
		assert_string_equal(r.fields, first);
		assert_int_equal(r.section_len, shortest);
	}
	teardown(&r);
	warm_up(&r, "/status/200"); // without a body the header ends the stream
	expect(&r, "/status/200");
	assert_true(r.section_len < 20);
	teardown(&r);
}

CASE("h2 spelling: other answers in between change the tables, and each is read as what it is")
{
	struct rig r;
	char path[64];
	warm_up(&r, "/bytes/7");
	for (unsigned i = 0; i < 300; i++) { // enough to throw out of the table what was in it
		snprintf(path, sizeof(path), "/bytes/%u", i);
		get(&r, path);
		expect(&r, path);
		for (unsigned n = i % 6; n > 0; n--) {
			get(&r, "/bytes/7");
			expect(&r, "/bytes/7");
		}
	}
	teardown(&r);
}

// The table's size changes while answers that refer to it are about to be made.
static void resize(size_t room, uint32_t bytes)
{
	struct rig r;
	struct wire_out o = { 0 };
	const nghttp2_settings_entry table = { NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, bytes };
	warm_up(&r, "/bytes/7");
	const size_t spelled = r.section_len;
	const unsigned before = r.answers;
	put_request(&r, &o, "/bytes/7");
	wire_out_settings(&o, &table, 1);
	for (unsigned i = 0; i < 3; i++)
		put_request(&r, &o, "/bytes/7");
	send_out(&r, &o);
	drain(&r, room);
	assert_int_equal(r.answers, before + 4);
	expect(&r, "/bytes/7");
	for (unsigned i = 0; i < 4; i++) {
		get(&r, "/bytes/7");
		expect(&r, "/bytes/7");
	}
	assert_true(bytes == 0 ? r.section_len > spelled : r.section_len <= spelled);
	teardown(&r);
}

CASE("h2 spelling: a table that the client makes smaller is not referred to")
{
	for (size_t room = 1; room <= 64U * 1024U; room *= 7) {
		resize(room, 0);
		resize(room, 4096);
	}
}

CASE("h2 spelling: trailers that change the table between an answer and its frame do not make it another")
{
	struct rig r;
	struct wire_out o = { 0 };
	setup(&r);
	greet(&r, 0);
	get(&r, "/trailers"); // on stream 1: its body waits for a window
	for (unsigned i = 0; i < 4; i++)
		get(&r, "/status/200");
	const size_t spelled = r.section_len;
	const unsigned before = r.answers;
	wire_out_u32(&o, NGHTTP2_WINDOW_UPDATE, 1, 1000);
	send_out(&r, &o);
	assert_true(pull(&r, 1)); // the body is out, but for what is held, and the trailers come next
	assert_int_equal(r.answers, before);
	put_request(&r, &o, "/status/200");
	send_out(&r, &o);
	drain(&r, 64 * 1024);
	assert_int_equal(r.answers, before + 2);
	expect(&r, "/status/200");
	assert_true(r.section_len > spelled);
	get(&r, "/status/200");
	expect(&r, "/status/200");
	teardown(&r);
}

CASE("h2 spelling: fields that are longer than a length's first byte are written out right")
{
	static const unsigned lengths[] = { 100, 126, 127, 128, 200, 254, 255, 256, 700, 1100 };
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		struct rig r;
		struct wire_out o = { 0 };
		char path[1200] = "/bytes/7?";
		const nghttp2_settings_entry table = { NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, 0 };
		memset(path + 9, 'q', lengths[i] - 9);
		warm_up(&r, path);
		wire_out_settings(&o, &table, 1);
		put_request(&r, &o, path);
		send_out(&r, &o);
		drain(&r, 64 * 1024);
		expect(&r, path);
		teardown(&r);
	}
}
