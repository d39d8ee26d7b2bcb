// What goes over the connections, written down: as frames, and as packets that other programs read.
#include "buf.h"
#include "h2_support.h"
#include "harness.h"
#include "io.h"
#include "tap.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

static const char *path_of(const char *name)
{
	static char path[512];
	snprintf(path, sizeof(path), "%s/%s", harness_tmpdir(), name);
	return path;
}

static struct sockaddr_in v4(uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		                     .sin_port = htons(port),
		                     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static struct h2_tap *open_tap(const char *path)
{
	struct err e = { "" };
	struct h2_tap *t;
	if (h2_tap_open(path, &t, &e) < 0)
		fail_msg("%s", e.text);
	return t;
}

static struct h2_tap_line *begin(struct h2_tap *t)
{
	const struct sockaddr_in own = v4(40001), peer = v4(8080);
	return h2_tap_begin(t, (const struct sockaddr *)&own, (const struct sockaddr *)&peer, true);
}

static void load(const char *path, struct buf *text)
{
	struct err e = { "" };
	buf_clear(text);
	if (io_read_file(path, 16U << 20, text, &e) < 0)
		fail_msg("%s", e.text);
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in:\n%s", part, text);
}

// ---- frames -------------------------------------------------------------------------------------------------

// A client's connection, in pieces of `step` bytes.
static void write_frames(const char *path, size_t step)
{
	static const char sent[] = PREFACE "\0\0\6\4\0\0\0\0\0\0\3\0\0\0\x64" // SETTINGS
	                                   "\0\0\2\1\1\0\0\0\1\x82\x86"       // HEADERS, begun
	                                   "\0\0\2\x9\4\0\0\0\1\x84\x41"      // CONTINUATION that ends in a field
	                                   "\0\0\4\x8\0\0\0\0\0\0\0\xff\xff"  // WINDOW_UPDATE
	                                   "\0\0\x8\6\0\0\0\0\0stress\"\n"    // PING
	                                   "\0\0\1\x77\x3\0\0\0\7!"           // an unknown type
	                                   "\0\0\4\3\0\0\0\0\1\0\0\0\x8"      // RST_STREAM
	                                   "\0\0\5\2\0\0\0\0\3\0\0\0\1\x0f"   // PRIORITY
	                                   "\0\0\1\1\5\0\0\0\5\x82"           // HEADERS, behind what was broken
	                                   "\0\0\x64\0\0\0\0\0\5half";        // DATA, cut off
	static const char received[] = "\0\0\7\1\4\0\0\0\1\x88\x40\1a\2\"z"   // HEADERS, with an insertion
	                               "\0\0\1\1\5\0\0\0\3\xbe"               // what was inserted
	                               "\0\0\4\0\1\0\0\0\1body"               // DATA
	                               "\0\0\xb\7\0\0\0\0\0\0\0\0\3\0\0\0\xb" // GOAWAY
	                               "off"
	                               "\0\0";
	struct err e = { "" };
	struct h2_tap *t = open_tap(path);
	struct h2_tap_line *l = begin(t);
	for (size_t at = 0; at < sizeof(sent) - 1; at += step)
		h2_tap_bytes(l, true, (const uint8_t *)sent + at,
		             sizeof(sent) - 1 - at < step ? sizeof(sent) - 1 - at : step);
	for (size_t at = 0; at < sizeof(received) - 1; at += step)
		h2_tap_bytes(l, false, (const uint8_t *)received + at,
		             sizeof(received) - 1 - at < step ? sizeof(received) - 1 - at : step);
	h2_tap_end(l, "by the peer");
	assert_int_equal(h2_tap_close(t, &e), 0);
}

// Without the times in front.
static void without_times(const struct buf *text, struct buf *out)
{
	for (const char *line = buf_text(text); *line; line = strchr(line, '\n') + 1) {
		const char *c = strstr(line, " c1 ");
		assert_non_null(c);
		assert_in_range(c - line, 12, 14); // seconds, a point, microseconds
		buf_add(out, c + 1, (size_t)(strchr(line, '\n') + 1 - c - 1));
	}
}

CASE("h2 tap: frames are lines when they come whole, and when they come byte by byte")
{
	static const char expected[] =
	        "c1 open 127.0.0.1:40001 connects to 127.0.0.1:8080\n"
	        "c1 -> preface\n"
	        "c1 -> SETTINGS stream 0 length 6 MAX_CONCURRENT_STREAMS=100\n"
	        "c1 -> HEADERS stream 1 length 2 END_STREAM :method=\"GET\" :scheme=\"http\"\n"
	        "c1 -> CONTINUATION stream 1 length 2 END_HEADERS :path=\"/\" HPACK: Header compression/decompression "
	        "error\n"
	        "c1 -> WINDOW_UPDATE stream 0 length 4 +65535\n"
	        "c1 -> PING stream 0 length 8 \"stress\\x22\\x0a\"\n"
	        "c1 -> type-0x77 stream 7 length 1 0x03\n"
	        "c1 -> RST_STREAM stream 1 length 4 CANCEL\n"
	        "c1 -> PRIORITY stream 3 length 5 behind 1 weight 16\n"
	        "c1 -> HEADERS stream 5 length 1 END_STREAM|END_HEADERS 1 bytes of HPACK, not decoded\n"
	        "c1 <- HEADERS stream 1 length 7 END_HEADERS :status=\"200\" a=\"\\x22z\"\n"
	        "c1 <- HEADERS stream 3 length 1 END_STREAM|END_HEADERS a=\"\\x22z\"\n"
	        "c1 <- DATA stream 1 length 4 END_STREAM\n"
	        "c1 <- GOAWAY stream 0 length 11 last 3 ENHANCE_YOUR_CALM \"off\"\n"
	        "c1 -> DATA stream 5 length 100 cut off after 4 bytes\n"
	        "c1 <- 2 bytes of a frame's head, cut off\n"
	        "c1 close: by the peer\n";
	for (size_t step = 1; step < 1000; step = step * 3 + 1) {
		struct buf text = { 0 }, plain = { 0 };
		write_frames(path_of("frames"), step);
		load(path_of("frames"), &text);
		without_times(&text, &plain);
		assert_string_equal(buf_text(&plain), expected);
		buf_deinit(&text);
		buf_deinit(&plain);
	}
}

CASE("h2 tap: a header bomb is counted, not written out")
{
	struct h2_tap *t = open_tap(path_of("bomb"));
	struct h2_tap_line *l = begin(t);
	struct buf block = { 0 }, text = { 0 };
	struct err e = { "" };
	uint8_t head[9] = { 0, 0, 0, 1, 5, 0, 0, 0, 1 };
	buf_add(&block, "\x40\1a\x7e", 4); // inserts 126 bytes
	for (unsigned i = 0; i < 126; i++)
		buf_addc(&block, 'x');
	for (unsigned i = 0; i < 10000; i++)
		buf_addc(&block, '\xbe'); // and refers to them
	head[1] = (uint8_t)(block.len >> 8);
	head[2] = (uint8_t)block.len;
	h2_tap_bytes(l, true, BYTES(PREFACE));
	h2_tap_bytes(l, true, head, sizeof(head));
	h2_tap_bytes(l, true, (const uint8_t *)block.data, block.len);
	h2_tap_end(l, "in order");
	assert_int_equal(h2_tap_close(t, &e), 0);
	load(path_of("bomb"), &text);
	assert_in_range(text.len, 4096, 6000);
	has(buf_text(&text), " more fields of ");
	buf_deinit(&block);
	buf_deinit(&text);
}

CASE("h2 tap: a run writes what its client sends and receives, an attack's frames too")
{
	struct h2_output o;
	struct buf text = { 0 };
	const char *path = h2_file("calm.h2", "(scenario my/calm (attack (right reset)"
	                                      " (send (frame HEADERS (flags END_STREAM END_HEADERS) (stream next)"
	                                      " (hex \"82 86 84 01 01 68\"))"
	                                      " (frame RST_STREAM (stream same) (hex \"00 00 00 08\"))))"
	                                      " (request r (path \"/bytes/10\")))");
	h2_sh(&o, "cd '%s' && STRESSGEN_FRAMES='{name}.txt' '%s' run '%s'", harness_tmpdir(), H2_PROGRAM, path);
	h2_output_deinit(&o);
	load(path_of("my%2Fcalm.txt"), &text);
	has(buf_text(&text),
	    "-> HEADERS stream 1 length 6 END_STREAM|END_HEADERS :method=\"GET\" :scheme=\"http\" "
	    ":path=\"/\" :authority=\"h\"\n");
	has(buf_text(&text), "-> RST_STREAM stream 1 length 4 CANCEL\n");
	has(buf_text(&text), ":path=\"/bytes/10\"");
	has(buf_text(&text), "<- DATA stream 1 length 10 END_STREAM\n");
	has(buf_text(&text), " c2 close: ");
	buf_deinit(&text);
}

CASE("h2 tap: the server writes what it receives and sends")
{
	struct h2_process p;
	struct h2_output o;
	char args[600], said[4096];
	struct buf text = { 0 };
	h2_need("curl");
	snprintf(args, sizeof(args), "--frames '%s'", path_of("served.txt"));
	h2_server(&p, args);
	h2_sh(&o, "curl -s --http2-prior-knowledge http://127.0.0.1:%u/bytes/7", p.port);
	assert_int_equal(o.code, 0);
	h2_output_deinit(&o);
	assert_int_equal(h2_server_stop(&p, said, sizeof(said)), 0);
	load(path_of("served.txt"), &text);
	has(buf_text(&text), " is connected by 127.0.0.1:");
	has(buf_text(&text), "<- preface\n");
	has(buf_text(&text), ":path=\"/bytes/7\"");
	has(buf_text(&text), "-> DATA stream 1 length 7 END_STREAM\n");
	buf_deinit(&text);
}

CASE("h2 tap: a file that cannot be written is one line and exit 2")
{
	struct h2_output o;
	h2_sh(&o, "'%s' run --frames /nowhere/x '%s'", H2_PROGRAM, h2_file("r.h2", "(scenario r (request r))"));
	assert_int_equal(o.code, 2);
	assert_string_equal(o.err,
	                    "stressgen-h2: frames cannot be written to /nowhere/x: No such file or directory\n");
	h2_output_deinit(&o);
}

// ---- packets ------------------------------------------------------------------------------------------------

static uint32_t host32(const char *b)
{
	uint32_t n;
	memcpy(&n, b, 4);
	return n;
}

static uint16_t net16(const char *b)
{
	return (uint16_t)((uint8_t)b[0] << 8 | (uint8_t)b[1]);
}

static uint32_t net32(const char *b)
{
	return (uint32_t)net16(b) << 16 | net16(b + 2);
}

// RFC 1071 over what includes its own checksum: nothing is left.
static uint32_t checksum(uint32_t n, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		n += i % 2 ? (uint8_t)b[i] : (uint32_t)(uint8_t)b[i] << 8;
	while (n >> 16)
		n = (n & 0xffff) + (n >> 16);
	return n;
}

// Reads a capture of one connection as anybody's program would, and puts the bytes of both directions together.
static unsigned read_packets(const struct buf *file, size_t ip_bytes, struct buf sent[2])
{
	const char *b = file->data + 24;
	unsigned packets = 0;
	uint32_t next[2] = { 0, 0 };
	assert_int_equal(host32(file->data), 0xa1b2c3d4);
	assert_int_equal(host32(file->data + 4), 4U << 16 | 2);
	assert_int_equal(host32(file->data + 16), 65535);
	assert_int_equal(host32(file->data + 20), 101);
	while (b < file->data + file->len) {
		const uint32_t len = host32(b + 8);
		const char *ip = b + 16, *tcp = ip + ip_bytes;
		const size_t tcp_bytes = len - ip_bytes, addresses = ip_bytes == 20 ? 8 : 32;
		assert_int_equal(host32(b + 12), len);
		assert_in_range(host32(b + 4), 0, 999999);
		assert_int_equal(ip_bytes == 20 ? net16(ip + 2) : net16(ip + 4) + 40, len);
		if (ip_bytes == 20)
			assert_int_equal(checksum(0, ip, 20), 0xffff);
		assert_int_equal(checksum(6 + (uint32_t)tcp_bytes + checksum(0, tcp - addresses, addresses), tcp,
		                          tcp_bytes),
		                 0xffff);
		const unsigned from = net16(tcp) == 8080;
		assert_int_equal(net16(tcp), from ? 8080 : 40001);
		assert_int_equal(net16(tcp + 2), from ? 40001 : 8080);
		assert_int_equal(net32(tcp + 4), next[from]);
		if (tcp[13] & 16)
			assert_int_equal(net32(tcp + 8), next[!from]);
		next[from] += (uint32_t)tcp_bytes - 20 + (tcp[13] & 3 ? 1 : 0);
		buf_add(&sent[from], tcp + 20, tcp_bytes - 20);
		packets++;
		b = ip + len;
	}
	return packets;
}

static void round_trip(const struct sockaddr *own, const struct sockaddr *peer, size_t ip_bytes)
{
	struct err e = { "" };
	struct buf file = { 0 }, sent[2] = { 0 };
	const size_t most = 100001;
	uint8_t *bytes = malloc(most);
	assert_non_null(bytes);
	for (size_t i = 0; i < most; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 251);
	struct h2_tap *t = open_tap(path_of("x.pcap"));
	struct h2_tap_line *l = h2_tap_begin(t, own, peer, true);
	h2_tap_bytes(l, true, bytes, most);
	h2_tap_bytes(l, false, bytes, 1);
	h2_tap_bytes(l, true, bytes, 2);
	h2_tap_end(l, "in order");
	assert_int_equal(h2_tap_close(t, &e), 0);
	load(path_of("x.pcap"), &file);
	assert_int_equal(read_packets(&file, ip_bytes, sent), 3 + 4 + 1 + 1 + 3);
	assert_int_equal(sent[0].len, most + 2);
	assert_memory_equal(sent[0].data, bytes, most);
	assert_memory_equal(sent[0].data + most, bytes, 2);
	assert_int_equal(sent[1].len, 1);
	free(bytes);
	buf_deinit(&file);
	buf_deinit(&sent[0]);
	buf_deinit(&sent[1]);
}

CASE("h2 tap: packets hold every byte once, with right checksums")
{
	const struct sockaddr_in own = v4(40001), peer = v4(8080);
	struct sockaddr_in6 own6 = { .sin6_family = AF_INET6,
		                     .sin6_port = htons(40001),
		                     .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in6 peer6 = own6;
	peer6.sin6_port = htons(8080);
	round_trip((const struct sockaddr *)&own, (const struct sockaddr *)&peer, 20);
	round_trip((const struct sockaddr *)&own6, (const struct sockaddr *)&peer6, 40);
}

CASE("h2 tap: tshark reads a run's capture as HTTP/2")
{
	struct h2_output o;
	h2_need("tshark");
	h2_file("r.h2", "(scenario r (load (requests 3)) (request r (path \"/bytes/40000\")))");
	h2_sh(&o,
	      "cd '%s' && '%s' run --frames r.pcap r.h2 >/dev/null && "
	      "port=$(tshark -r r.pcap -T fields -e tcp.dstport -c 1) && "
	      "tshark -r r.pcap -d tcp.port==$port,http2 -T fields -e http2.headers.path -Y http2.headers.path && "
	      "tshark -r r.pcap -o tcp.check_checksum:TRUE -o ip.check_checksum:TRUE "
	      "-Y 'tcp.checksum.status==0 || ip.checksum.status==0 || tcp.analysis.flags || _ws.malformed'",
	      harness_tmpdir(), H2_PROGRAM);
	if (o.code != 0)
		fail_msg("%s", o.err);
	assert_string_equal(o.out, "/bytes/40000\n/bytes/40000\n/bytes/40000\n");
	h2_output_deinit(&o);
}
