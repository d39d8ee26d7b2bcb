// Packet captures: libpcap's classic format, with TCP/IP headers made up around the bytes (RFC 791, 8200, 9293).
#include "tap_parts.h"

#include "clock.h"

#include <arpa/inet.h>
#include <string.h>

#define MAGIC 0xa1b2c3d4U // times in microseconds
#define LINK_RAW_IP 101U  // each packet begins with its IP header
#define SNAP_BYTES 65535U
#define SEGMENT 32768U
#define TCP_BYTES 20U
#define V4_BYTES 20U
#define V6_BYTES 40U

enum { FIN = 1, SYN = 2, PSH = 8, ACK = 16 };

static void add16(struct buf *out, uint32_t n)
{
	buf_addc(out, (char)(n >> 8));
	buf_addc(out, (char)n);
}

static void add32(struct buf *out, uint32_t n)
{
	add16(out, n >> 16);
	add16(out, n & 0xffff);
}

// The capture's own numbers are in this machine's order: the magic tells which.
static void add_host32(struct buf *out, uint32_t n)
{
	buf_add(out, &n, sizeof(n));
}

static void add_host16(struct buf *out, uint16_t n)
{
	buf_add(out, &n, sizeof(n));
}

void tap_pcap_header(struct buf *out)
{
	add_host32(out, MAGIC);
	add_host16(out, 2);
	add_host16(out, 4);
	add_host32(out, 0); // time zone and accuracy: always 0
	add_host32(out, 0);
	add_host32(out, SNAP_BYTES);
	add_host32(out, LINK_RAW_IP);
}

// ---- checksums (RFC 1071) -----------------------------------------------------------------------------------

static uint32_t sum(uint32_t so_far, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		so_far += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	return so_far;
}

static uint32_t folded(uint32_t n)
{
	while (n >> 16)
		n = (n & 0xffff) + (n >> 16);
	return ~n & 0xffff;
}

static void put16(struct buf *out, size_t at, uint32_t n)
{
	if (out->failed)
		return;
	out->data[at] = (char)(n >> 8);
	out->data[at + 1] = (char)n;
}

// ---- packets ------------------------------------------------------------------------------------------------

struct packet {
	const union tap_address *from, *to;
	uint32_t seq, ack;
	uint8_t flags;
	const uint8_t *bytes;
	size_t len;
	uint64_t at_ns;
};

static void add_v4(const struct packet *p, struct buf *out)
{
	const size_t at = out->len;
	add16(out, 0x4500);
	add16(out, (uint32_t)(V4_BYTES + TCP_BYTES + p->len));
	add32(out, 0x4000); // no id, not to be fragmented
	add16(out, 0x4006); // 64 hops, TCP
	add16(out, 0);      // the checksum
	buf_add(out, &p->from->v4.sin_addr, 4);
	buf_add(out, &p->to->v4.sin_addr, 4);
	if (!out->failed)
		put16(out, at + 10, folded(sum(0, (const uint8_t *)out->data + at, V4_BYTES)));
}

static void add_v6(const struct packet *p, struct buf *out)
{
	add32(out, 0x60000000);
	add16(out, (uint32_t)(TCP_BYTES + p->len));
	add16(out, 0x0640); // TCP, 64 hops
	buf_add(out, &p->from->v6.sin6_addr, 16);
	buf_add(out, &p->to->v6.sin6_addr, 16);
}

// Ports are at the same place in both kinds of addresses.
static uint16_t port_of(const union tap_address *a)
{
	return ntohs(a->v4.sin_port);
}

static void add_tcp(const struct packet *p, size_t addresses, struct buf *out)
{
	const size_t at = out->len;
	add16(out, port_of(p->from));
	add16(out, port_of(p->to));
	add32(out, p->seq);
	add32(out, p->ack);
	add16(out, 5U << 12 | p->flags);
	add16(out, 0xffff); // window
	add32(out, 0);      // checksum, urgent pointer
	if (p->len > 0)
		buf_add(out, p->bytes, p->len);
	if (out->failed)
		return;
	uint32_t n = sum(0, (const uint8_t *)out->data + at - addresses, addresses);
	n += 6 + (uint32_t)(TCP_BYTES + p->len);
	put16(out, at + 16, folded(sum(n, (const uint8_t *)out->data + at, TCP_BYTES + p->len)));
}

static void add_packet(const struct packet *p, struct buf *out)
{
	const bool v6 = p->from->any.sa_family == AF_INET6;
	const uint32_t len = (uint32_t)((v6 ? V6_BYTES : V4_BYTES) + TCP_BYTES + p->len);
	add_host32(out, (uint32_t)(p->at_ns / SG_NS_PER_S));
	add_host32(out, (uint32_t)(p->at_ns % SG_NS_PER_S / SG_NS_PER_US));
	add_host32(out, len);
	add_host32(out, len);
	if (v6)
		add_v6(p, out);
	else
		add_v4(p, out);
	add_tcp(p, v6 ? 32 : 8, out);
}

static void add(struct tap_packets *t, bool sent, uint8_t flags, const uint8_t *bytes, size_t len, uint64_t at_ns,
                struct buf *out)
{
	uint32_t *seq = sent ? &t->own_seq : &t->peer_seq;
	const struct packet p = {
		.from = sent ? &t->own : &t->peer,
		.to = sent ? &t->peer : &t->own,
		.seq = *seq,
		.ack = flags & ACK ? (sent ? t->peer_seq : t->own_seq) : 0,
		.flags = flags,
		.bytes = bytes,
		.len = len,
		.at_ns = at_ns,
	};
	add_packet(&p, out);
	*seq += (uint32_t)len + (flags & (SYN | FIN) ? 1 : 0);
}

void tap_pcap_begin(struct tap_packets *t, uint64_t at_ns, struct buf *out)
{
	const bool client = t->we_are_client;
	add(t, client, SYN, NULL, 0, at_ns, out);
	add(t, !client, SYN | ACK, NULL, 0, at_ns, out);
	add(t, client, ACK, NULL, 0, at_ns, out);
}

void tap_pcap_bytes(struct tap_packets *t, bool sent, const uint8_t *bytes, size_t len, uint64_t at_ns,
                    struct buf *out)
{
	while (len > 0) {
		const size_t n = len < SEGMENT ? len : SEGMENT;
		add(t, sent, PSH | ACK, bytes, n, at_ns, out);
		bytes += n;
		len -= n;
	}
}

void tap_pcap_end(struct tap_packets *t, uint64_t at_ns, struct buf *out)
{
	add(t, true, FIN | ACK, NULL, 0, at_ns, out);
	add(t, false, FIN | ACK, NULL, 0, at_ns, out);
	add(t, true, ACK, NULL, 0, at_ns, out);
}
