// Field sections judged by the rules of HTTP/2 (RFC 9113, 8.2 and 8.3), of requests and of responses.
#ifndef SG_H2_WIRE_FIELDS_H
#define SG_H2_WIRE_FIELDS_H

#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <stdint.h>

// Fields of one section; more are no honest message. With 32 bytes each they are far from 64 KiB of list.
#define WIRE_MAX_FIELDS 1024U

enum wire_section { WIRE_REQUEST, WIRE_RESPONSE, WIRE_TRAILERS };

struct wire_fields {
	enum wire_section section;
	uint64_t max_bytes; // name + value + 32 of each
	uint64_t bytes;
	uint32_t count;
	unsigned pseudo;        // bits of the pseudo-header fields that were there
	uint16_t status;        // WIRE_RESPONSE
	bool connect;           // WIRE_REQUEST: the method is CONNECT
	bool host;              // WIRE_REQUEST: there was a host
	bool regular;           // a regular field was there
	bool too_large;         // beyond max_bytes or WIRE_MAX_FIELDS; no fault by itself
	int64_t content_length; // -1: none
	const char *why;        // the first fault, static; NULL while all is right
};

void wire_fields_begin(struct wire_fields *f, enum wire_section section, uint64_t max_bytes);
// The next field. False when it is wrong, or when the section was wrong already.
bool wire_fields_take(struct wire_fields *f, const nghttp2_nv *nv);
// The section is whole. False when it is wrong.
bool wire_fields_end(struct wire_fields *f);
// Whether the final response of that status to that method has no content, whatever its content-length says.
bool wire_has_no_content(const char *method, unsigned status);

#endif
