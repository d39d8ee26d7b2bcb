// Header fields for nghttp2.
#ifndef SG_H2_NV_H
#define SG_H2_NV_H

#include <nghttp2/nghttp2.h>
#include <stddef.h>

// A field whose name and value are borrowed until its frame is sent or dropped. nghttp2 takes them as uint8_t *,
// and does not write through that.
static inline nghttp2_nv h2_nv(const char *name, size_t name_len, const char *value, size_t value_len)
{
	union {
		const char *in;
		uint8_t *out;
	} n = { name }, v = { value };
	return (nghttp2_nv){ n.out, v.out, name_len, value_len,
		             NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE };
}

#endif
