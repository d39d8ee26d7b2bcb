// Allocation traces: whatever is accepted can be performed. An input that begins with '!' is what stands inside
// the header's and the blocks' checksums: the first byte behind it says how many lanes share the rest.
#include "trace.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
	if (!holds)
		abort();
}

static void put_u32(uint8_t *at, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(v >> 8U * i);
}

static uint64_t count_events(const uint8_t *data, size_t len)
{
	struct trace_cursor c = { data, data + len, 0 };
	struct trace_event v;
	uint64_t n = 0;

	while (trace_next(&c, &v))
		n++;
	return n;
}

static void add_block(struct buf *out, uint32_t lane, const uint8_t *data, size_t len)
{
	uLongf packed = compressBound(len);
	uint8_t *bytes = malloc(16 + packed);

	must(bytes != NULL && compress(bytes + 16, &packed, data, len) == Z_OK);
	put_u32(bytes, lane);
	put_u32(bytes + 4, (uint32_t)len);
	put_u32(bytes + 8, (uint32_t)packed);
	put_u32(bytes + 12, (uint32_t)crc32(0, bytes + 16, (uInt)packed));
	buf_add(out, bytes, 16 + packed);
	free(bytes);
}

static void wrap(const uint8_t *data, size_t size, struct buf *out)
{
	const uint32_t lanes = size > 0 ? data[0] % 4U + 1 : 1;
	const size_t share = size > 1 ? (size - 1) / lanes : 0;
	uint8_t head[64];
	uint64_t events = 0;
	size_t n = 16;

	for (uint32_t i = 0; share > 0 && i < lanes; i++)
		events += count_events(data + 1 + i * share, share);
	head[n++] = 0;
	n += trace_put_varint(head + n, lanes);
	n += trace_put_varint(head + n, events < 64 ? events : 64);
	n += trace_put_varint(head + n, events);
	memset(head + n, 0, 3);
	n += 3;
	memcpy(head, SG_TRACE_MAGIC, 8);
	put_u32(head + 8, (uint32_t)(n - 16));
	put_u32(head + 12, (uint32_t)crc32(0, head + 16, (uInt)(n - 16)));
	buf_add(out, head, n);
	for (uint32_t i = 0; share > 0 && share <= SG_TRACE_BLOCK && i < lanes; i++)
		add_block(out, i, data + 1 + i * share, share);
}

static void check_sound(const struct trace *t)
{
	uint64_t events = 0;

	for (uint32_t i = 0; i < t->lane_count; i++) {
		struct trace_cursor c = trace_begin(t, i);
		struct trace_event v;

		for (; trace_next(&c, &v); events++)
			must(v.op < TRACE_OPS && v.slot < t->slots && v.align < 64);
	}
	must(events == t->events);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf file = { 0 };
	struct trace t;
	struct err e = { 0 };

	if (size > 0 && data[0] == '!')
		wrap(data + 1, size - 1, &file);
	else
		buf_add(&file, data, size);
	if (trace_parse("fuzz", (const uint8_t *)buf_text(&file), file.len, &t, &e) == 0)
		check_sound(&t);
	else
		must(e.text[0] != '\0');
	trace_deinit(&t);
	buf_deinit(&file);
	return 0;
}
