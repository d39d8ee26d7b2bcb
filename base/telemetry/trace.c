// Reading allocation traces.
#include "trace.h"

#include "io.h"
#include "units.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "trace_format.h"

#define FILE_MAX ((size_t)4 << 30)

static uint32_t get_u32(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static int no_trace(const char *name, struct err *e)
{
	return err_set(e, EINVAL, "%s: is no allocation trace of this version; stressgen record makes one", name);
}

// ---- the header -----------------------------------------------------------------------------------------------

static int read_header(const char *name, const uint8_t *data, size_t len, struct trace *t, size_t *blocks,
                       struct err *e)
{
	struct trace_cursor c;
	uint64_t lanes, slots, text;
	uint32_t header;

	if (len < TRACE_PREFIX || memcmp(data, SG_TRACE_MAGIC, 8) != 0)
		return no_trace(name, e);
	header = get_u32(data + 8);
	if (header > len - TRACE_PREFIX || crc32(0, data + TRACE_PREFIX, header) != get_u32(data + 12))
		return err_set(e, EINVAL, "%s: its header is damaged", name);
	c = (struct trace_cursor){ data + TRACE_PREFIX, data + TRACE_PREFIX + header, 0 };
	t->stopped = (trace_varint(&c) & 1U) != 0;
	lanes = trace_varint(&c);
	slots = trace_varint(&c);
	t->events = trace_varint(&c);
	t->lost = trace_varint(&c);
	t->unknown = trace_varint(&c);
	text = trace_varint(&c);
	if (lanes > SG_TRACE_LANES || slots > SG_TRACE_SLOTS || text >= sizeof t->program ||
	    text > (uint64_t)(c.end - c.at))
		return err_set(e, EINVAL, "%s: its header has impossible figures", name);
	memcpy(t->program, c.at, (size_t)text);
	t->lane_count = (uint32_t)lanes;
	t->slots = (uint32_t)slots;
	*blocks = TRACE_PREFIX + header;
	return 0;
}

// ---- blocks ---------------------------------------------------------------------------------------------------

struct block {
	uint32_t lane, raw, packed, crc;
	const uint8_t *bytes;
};

// 1: there is one; 0: the end; -EINVAL.
static int next_block(const char *name, const struct trace *t, const uint8_t *data, size_t len, size_t *at,
                      struct block *b, struct err *e)
{
	if (*at == len)
		return 0;
	if (len - *at < TRACE_BLOCK_HEAD)
		return err_set(e, EINVAL, "%s: is cut off", name);
	b->lane = get_u32(data + *at);
	b->raw = get_u32(data + *at + 4);
	b->packed = get_u32(data + *at + 8);
	b->crc = get_u32(data + *at + 12);
	b->bytes = data + *at + TRACE_BLOCK_HEAD;
	*at += TRACE_BLOCK_HEAD;
	if (b->lane >= t->lane_count || b->raw > SG_TRACE_BLOCK || b->raw == 0 || b->packed > len - *at)
		return err_set(e, EINVAL, "%s: is cut off, or a block has impossible figures", name);
	*at += b->packed;
	return 1;
}

static int unpack(const char *name, const struct block *b, uint8_t *to, struct err *e)
{
	uLongf n = b->raw;

	if (crc32(0, b->bytes, b->packed) != b->crc || uncompress(to, &n, b->bytes, b->packed) != Z_OK ||
	    n != b->raw)
		return err_set(e, EINVAL, "%s: a block is damaged", name);
	return 0;
}

// Where each lane's bytes are in the map, from the blocks' heads.
static int place_lanes(const char *name, const uint8_t *data, size_t len, size_t at, struct trace *t,
                       struct err *e)
{
	struct block b;
	char size[32];
	size_t next = 0;
	int rc;

	while ((rc = next_block(name, t, data, len, &at, &b, e)) > 0)
		t->lanes[b.lane].len += b.raw;
	for (uint32_t i = 0; i < t->lane_count; i++)
		t->map_bytes += t->lanes[i].len;
	if (rc < 0 || t->map_bytes == 0)
		return rc;
	if (t->map_bytes > trace_memory() / 2)
		return err_set(e, EINVAL, "%s: is %s when it is unpacked, more than half of this machine's memory",
		               name, units_bytes(size, sizeof size, t->map_bytes));
	t->map = mmap(NULL, t->map_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (t->map == MAP_FAILED) {
		t->map = NULL;
		return err_set(e, ENOMEM, "%s: no memory for its %zu bytes", name, t->map_bytes);
	}
	for (uint32_t i = 0; i < t->lane_count; i++) {
		t->lanes[i].bytes = (uint8_t *)t->map + next;
		next += t->lanes[i].len;
		t->lanes[i].len = 0;
	}
	return 0;
}

static int read_blocks(const char *name, const uint8_t *data, size_t len, size_t at, struct trace *t,
                       struct err *e)
{
	struct block b;
	int rc = place_lanes(name, data, len, at, t, e);

	while (rc == 0 && (rc = next_block(name, t, data, len, &at, &b, e)) > 0) {
		struct trace_lane *l = &t->lanes[b.lane];
		size_t offset = (size_t)(l->bytes - (const uint8_t *)t->map) + l->len;

		rc = unpack(name, &b, (uint8_t *)t->map + offset, e);
		l->len += b.raw;
	}
	return rc;
}

// ---- all of it ------------------------------------------------------------------------------------------------

int trace_parse(const char *name, const uint8_t *data, size_t len, struct trace *t, struct err *e)
{
	size_t blocks = 0;
	int rc;

	*t = (struct trace){ 0 };
	rc = read_header(name, data, len, t, &blocks, e);
	if (rc == 0)
		rc = read_blocks(name, data, len, blocks, t, e);
	return rc < 0 ? rc : trace_check(name, t, e);
}

// Before all of it is read: /dev/zero, or a disk image. True where it cannot be told here.
static bool may_be_trace(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char magic[8];
	ssize_t n = fd < 0 ? -1 : read(fd, magic, sizeof magic);

	if (fd >= 0)
		close(fd);
	return n < 0 || (n == sizeof magic && memcmp(magic, SG_TRACE_MAGIC, sizeof magic) == 0);
}

int trace_load(const char *path, struct trace *t, struct err *e)
{
	struct buf file = { 0 };
	int rc = may_be_trace(path) ? io_read_file(path, FILE_MAX, &file, e) : no_trace(path, e);

	*t = (struct trace){ 0 };
	if (rc >= 0)
		rc = trace_parse(path, (const uint8_t *)buf_text(&file), file.len, t, e);
	buf_deinit(&file);
	return rc;
}

void trace_deinit(struct trace *t)
{
	if (t->map != NULL)
		munmap(t->map, t->map_bytes);
	*t = (struct trace){ 0 };
}
