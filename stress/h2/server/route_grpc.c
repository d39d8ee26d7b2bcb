// gRPC's answers.
#include "route_grpc.h"

#include "buf.h"

#include <stdlib.h>
#include <string.h>

#define SERVICE "/stressgen.Echo/"
#define PREFIX 5U // of a message: a flag and its length
#define REPEATS 10U

// Codes of gRPC.
enum { OK = 0, INVALID_ARGUMENT = 3, RESOURCE_EXHAUSTED = 8, FAILED_PRECONDITION = 9, UNIMPLEMENTED = 12 };

static void fail(struct h2_answer *a, unsigned status, const char *message)
{
	*a = (struct h2_answer){ .status = 200,
		                 .type = H2_GRPC_TYPE,
		                 .trailing = H2_TRAILING_ALONE,
		                 .grpc_status = status,
		                 .grpc_message = message };
}

static void answer(struct h2_answer *a, const char *bytes, size_t len)
{
	*a = (struct h2_answer){
		.status = 200, .type = H2_GRPC_TYPE, .body = { bytes, len }, .trailing = H2_TRAILING_GRPC
	};
}

static void answer_owned(struct h2_answer *a, struct buf *b)
{
	const size_t len = b->len;
	char *bytes = b->failed ? NULL : buf_take(b);
	if (bytes) {
		answer(a, bytes, len);
		a->owned = bytes;
		return;
	}
	buf_deinit(b);
	fail(a, RESOURCE_EXHAUSTED, "out of memory");
}

// How many messages the body is made of, and the length of the first with its prefix; -1 when it is not.
static int64_t count_messages(struct h2_text body, size_t *first)
{
	int64_t count = 0;
	const unsigned char *at = (const unsigned char *)body.text;
	*first = 0;
	for (size_t left = body.len; left > 0; count++) {
		size_t len = PREFIX;
		if (left < PREFIX || at[0] != 0)
			return -1;
		len += (size_t)at[1] << 24 | (size_t)at[2] << 16 | (size_t)at[3] << 8 | at[4];
		if (left < len)
			return -1;
		*first = count == 0 ? len : *first;
		at += len;
		left -= len;
	}
	return count;
}

static void say(const struct h2_incoming *in, struct h2_answer *a)
{
	answer(a, in->body.len ? in->body.text : "", in->body.len);
}

static void repeat(const struct h2_incoming *in, struct h2_answer *a)
{
	struct buf b = { 0 };
	size_t first;
	if (count_messages(in->body, &first) < 1) {
		fail(a, INVALID_ARGUMENT, "Repeat takes a message");
		return;
	}
	for (unsigned i = 0; i < REPEATS; i++)
		buf_add(&b, in->body.text, first);
	answer_owned(a, &b);
}

static void count(const struct h2_incoming *in, struct h2_answer *a)
{
	struct buf b = { 0 };
	size_t first;
	buf_add(&b, "\0\0\0\0\0\10", PREFIX + 1); // the prefix, filled in below, and field 1, a varint
	for (uint64_t n = (uint64_t)count_messages(in->body, &first);; n >>= 7) {
		buf_addc(&b, (char)(n >= 0x80 ? n | 0x80 : n));
		if (n < 0x80)
			break;
	}
	if (!b.failed)
		b.data[PREFIX - 1] = (char)(b.len - PREFIX);
	answer_owned(a, &b);
}

static void refuse(__attribute__((unused)) const struct h2_incoming *in, struct h2_answer *a)
{
	fail(a, FAILED_PRECONDITION, "as asked");
}

bool h2_route_grpc(const struct h2_incoming *in, struct h2_answer *a)
{
	static const struct {
		const char *name;
		void (*answer)(const struct h2_incoming *in, struct h2_answer *a);
	} methods[] = {
		{ "Say", say }, { "Chat", say }, { "Repeat", repeat }, { "Count", count }, { "Fail", refuse }
	};
	const size_t service = sizeof(SERVICE) - 1;
	size_t first;
	if (in->path.len < service || memcmp(in->path.text, SERVICE, service) != 0)
		return false;
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		const char *name = methods[i].name;
		if (in->path.len != service + strlen(name) ||
		    memcmp(in->path.text + service, name, strlen(name)) != 0)
			continue;
		if (count_messages(in->body, &first) < 0)
			fail(a, INVALID_ARGUMENT, "the body is not made of gRPC's messages");
		else
			methods[i].answer(in, a);
		return true;
	}
	fail(a, UNIMPLEMENTED, "stressgen.Echo has Say, Chat, Repeat, Count and Fail");
	return true;
}
