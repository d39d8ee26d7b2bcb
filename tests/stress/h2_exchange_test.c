// Judging responses: a wrong one is never counted as right.
#include "exchange.h"
#include "harness.h"

#include <string.h>

struct fixture {
	struct h2_request request;
	struct h2_prepared prepared;
	struct h2_tally tally;
	struct exchange x;
};

static void setup(struct fixture *f, bool reflects)
{
	*f = (struct fixture){ 0 };
	f->request =
	        (struct h2_request){ .name = "r", .method = "GET", .scheme = "http", .path = "/p", .weight = 1 };
	f->request.expect = (struct h2_expect){
		.status = 200, .kind = EXPECT_BODY, .body = { "hello", 5 }, .header_count = 1
	};
	f->request.expect.headers[0] = (struct h2_header){ "x-a", "1", 3, 1, false };
	assert_int_equal(h2_prepare(&f->prepared, &f->request, "host:1", reflects), 0);
	exchange_begin(&f->x, &f->prepared, &f->tally, 16);
}

static void field(struct fixture *f, const char *name, const char *value)
{
	exchange_field(&f->x, (const uint8_t *)name, strlen(name), (const uint8_t *)value, strlen(value));
}

static void data(struct fixture *f, const char *text)
{
	exchange_data(&f->x, (const uint8_t *)text, strlen(text));
}

static void head(struct fixture *f, const char *status)
{
	exchange_fields(&f->x);
	field(f, ":status", status);
}

static void expect_fault(struct fixture *f, enum h2_fault fault, const char *words)
{
	f->x.ended = true;
	assert_int_equal(exchange_end(&f->x, 0, false), fault);
	assert_string_equal(f->tally.first, words);
	h2_prepared_deinit(&f->prepared);
}

CASE("h2 exchange: a response that is as expected is right, in whatever pieces it comes")
{
	struct fixture f;
	setup(&f, false);
	head(&f, "200");
	field(&f, "x-other", "z");
	field(&f, "x-a", "1");
	data(&f, "he");
	data(&f, "");
	data(&f, "llo");
	expect_fault(&f, H2_FAULT_NONE, "");
}

CASE("h2 exchange: another status is wrong")
{
	struct fixture f;
	setup(&f, false);
	head(&f, "404");
	data(&f, "not here");
	expect_fault(&f, H2_FAULT_STATUS, "request 17: status 404, expected 200");
}

CASE("h2 exchange: a header with another value is wrong")
{
	struct fixture f;
	setup(&f, false);
	head(&f, "200");
	field(&f, "x-a", "2");
	data(&f, "hello");
	expect_fault(&f, H2_FAULT_HEADER, "request 17: header x-a: \"2\", expected \"1\"");
}

CASE("h2 exchange: a header that is missing is wrong")
{
	struct fixture f;
	setup(&f, false);
	head(&f, "200");
	field(&f, "x-ab", "1");
	data(&f, "hello");
	expect_fault(&f, H2_FAULT_HEADER, "request 17: header x-a is missing");
}

CASE("h2 exchange: a header among the trailers is not one among the headers")
{
	struct fixture f;
	setup(&f, false);
	head(&f, "200");
	data(&f, "hello");
	exchange_fields(&f.x);
	field(&f, "x-a", "1");
	expect_fault(&f, H2_FAULT_HEADER, "request 17: header x-a is missing");
}

CASE("h2 exchange: an interim response does not count")
{
	struct fixture f;
	setup(&f, false);
	head(&f, "103");
	field(&f, "x-a", "1");
	head(&f, "200");
	data(&f, "hello");
	expect_fault(&f, H2_FAULT_HEADER, "request 17: header x-a is missing");
	setup(&f, false);
	head(&f, "103");
	head(&f, "200");
	field(&f, "x-a", "1");
	data(&f, "hello");
	expect_fault(&f, H2_FAULT_NONE, "");
}

CASE("h2 exchange: other bytes, fewer and more are wrong")
{
	struct fixture f;
	setup(&f, false);
	head(&f, "200");
	field(&f, "x-a", "1");
	data(&f, "hel");
	data(&f, "LO");
	expect_fault(&f, H2_FAULT_BODY, "request 17: the body differs from byte 3 on");
	setup(&f, false);
	head(&f, "200");
	field(&f, "x-a", "1");
	data(&f, "hell");
	expect_fault(&f, H2_FAULT_LENGTH, "request 17: 4 bytes of body, expected 5");
	setup(&f, false);
	head(&f, "200");
	field(&f, "x-a", "1");
	data(&f, "hello!");
	expect_fault(&f, H2_FAULT_LENGTH, "request 17: 6 bytes of body, expected 5");
}

CASE("h2 exchange: no response at all, a reset and a refusal are told apart")
{
	struct fixture f;
	setup(&f, false);
	assert_int_equal(exchange_end(&f.x, NGHTTP2_INTERNAL_ERROR, false), H2_FAULT_RESET);
	assert_string_equal(f.tally.first, "request 17: the server reset the stream with INTERNAL_ERROR");
	h2_prepared_deinit(&f.prepared);
	setup(&f, false);
	assert_int_equal(exchange_end(&f.x, NGHTTP2_REFUSED_STREAM, false), H2_FAULT_REFUSED);
	h2_prepared_deinit(&f.prepared);
	setup(&f, false);
	assert_int_equal(exchange_end(&f.x, NGHTTP2_PROTOCOL_ERROR, true), H2_FAULT_MALFORMED);
	h2_prepared_deinit(&f.prepared);
	setup(&f, false); // closed without END_STREAM and without an error
	head(&f, "200");
	field(&f, "x-a", "1");
	data(&f, "hello");
	assert_int_equal(exchange_end(&f.x, 0, false), H2_FAULT_RESET);
	h2_prepared_deinit(&f.prepared);
}

CASE("h2 exchange: a request that is made again keeps its clock and forgets the refusal")
{
	struct fixture f;
	setup(&f, false);
	f.x.start_ns = 1234;
	f.x.attempts = 1;
	exchange_end(&f.x, NGHTTP2_REFUSED_STREAM, false);
	exchange_again(&f.x);
	assert_int_equal(f.x.start_ns, 1234);
	assert_int_equal(f.x.attempts, 1);
	head(&f, "200");
	field(&f, "x-a", "1");
	data(&f, "hello");
	expect_fault(&f, H2_FAULT_NONE, "");
}

CASE("h2 exchange: what the server says it saw is compared with what was sent")
{
	static const char *const names[] = { "x-method", "x-path", "x-authority", "x-header-count" };
	static const char *const right[] = { "GET", "/p", "host:1", "0" };
	for (size_t wrong = 0; wrong < 4; wrong++) {
		struct fixture f;
		setup(&f, true);
		head(&f, "200");
		field(&f, "x-a", "1");
		for (size_t i = 0; i < 4; i++)
			field(&f, names[i], i == wrong ? "other" : right[i]);
		field(&f, "x-header-hash", "cbf29ce484222325");
		data(&f, "hello");
		f.x.ended = true;
		assert_int_equal(exchange_end(&f.x, 0, false), H2_FAULT_HEADER);
		assert_non_null(strstr(f.tally.first, names[wrong]));
		h2_prepared_deinit(&f.prepared);
	}
}

CASE("h2 exchange: the hash of headers tells their order, names, values and borders")
{
	uint64_t a = h2_header_hash(H2_HASH_START, "ab", 2, "c", 1),
	         b = h2_header_hash(H2_HASH_START, "a", 1, "bc", 2);
	uint64_t c = h2_header_hash(h2_header_hash(H2_HASH_START, "x", 1, "1", 1), "y", 1, "2", 1);
	uint64_t d = h2_header_hash(h2_header_hash(H2_HASH_START, "y", 1, "2", 1), "x", 1, "1", 1);
	assert_int_not_equal(a, b);
	assert_int_not_equal(c, d);
}
