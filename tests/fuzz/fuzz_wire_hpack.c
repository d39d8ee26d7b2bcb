// Field sections: what our encoder sends, with blocks kept and sent again, nghttp2's decoder reads as what was
// meant; and the decoder with blocks recalled keeps its table as the encoder has it. The input chooses fields and
// keys.
#include "wire_hpack.h"

#include <stdlib.h>
#include <string.h>

#define KEYS 8U
#define FIELDS 4U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

// The fields of one key: the same each time.
struct message {
	char text[FIELDS][2][24];
	nghttp2_nv fields[FIELDS];
};

static void make(struct message *m, unsigned key)
{
	static const char *const names[FIELDS] = { ":path", "x-common", "x-key", "cookie" };
	for (unsigned i = 0; i < FIELDS; i++) {
		strcpy(m->text[i][0], names[i]);
		memset(m->text[i][1], 'a' + (int)(i == 1 ? 0 : key), i == 3 ? 20 : 5);
		m->text[i][1][i == 3 ? 20 : 5] = '\0';
		m->fields[i] = (nghttp2_nv){ (uint8_t *)m->text[i][0], (uint8_t *)m->text[i][1],
			                     strlen(m->text[i][0]), strlen(m->text[i][1]),
			                     i == 3 && key % 2 ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE };
	}
}

struct compare {
	const struct message *expected;
	size_t seen;
};

static void take(void *arg, const nghttp2_nv *nv)
{
	struct compare *c = arg;
	must(c->seen < FIELDS);
	const nghttp2_nv *want = &c->expected->fields[c->seen++];
	must(nv->namelen == want->namelen && memcmp(nv->name, want->name, nv->namelen) == 0);
	must(nv->valuelen == want->valuelen && memcmp(nv->value, want->value, nv->valuelen) == 0);
}

static void send_one(struct wire_encoder *e, struct wire_decoder *d, const struct message *m, bool keyed)
{
	const uint8_t *block;
	struct compare c = { m, 0 };
	const ssize_t n = wire_encode(e, keyed ? m : NULL, m->fields, FIELDS, &block);
	must(n > 0 && wire_decode(d, block, (size_t)n, take, &c) == 0 && c.seen == FIELDS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct message messages[KEYS];
	struct h2_pool *pool = h2_pool_new();
	struct wire_encoder e;
	struct wire_decoder d;
	must(pool && wire_encoder_init(&e, pool, 4096) == 0 && wire_decoder_init(&d, pool) == 0);
	for (unsigned i = 0; i < KEYS; i++)
		make(&messages[i], i);
	for (size_t i = 0; i < size; i++) {
		if (data[i] >= 0xf0)
			must(wire_encoder_resize(&e, (data[i] & 15U) * 40U) == 0);
		else
			send_one(&e, &d, &messages[data[i] % KEYS], data[i] & 0x40);
	}
	wire_encoder_deinit(&e);
	wire_decoder_deinit(&d);
	must(h2_pool_live(pool) == 0);
	h2_pool_free(pool);
	return 0;
}
