// nghttp2's result codes as errno, and its frames as one stream of bytes.
#include "session_shared.h"

#include <errno.h>
#include <string.h>

int h2_session_errno(int code)
{
	switch (code) {
	case 0:
		return 0;
	case NGHTTP2_ERR_NOMEM:
		return -ENOMEM;
	case NGHTTP2_ERR_INVALID_ARGUMENT:
		return -EINVAL;
	case NGHTTP2_ERR_STREAM_ID_NOT_AVAILABLE:
		return -ENOSPC;
	case NGHTTP2_ERR_FLOODED:
		return -ENOBUFS;
	default:
		return -EPROTO;
	}
}

ssize_t h2_session_pull(nghttp2_session *session, struct h2_held *held, uint8_t *to, size_t room)
{
	size_t used = 0;
	while (used < room) {
		if (held->len == 0) {
			ssize_t n = nghttp2_session_mem_send(session, &held->bytes);
			if (n < 0)
				return h2_session_errno((int)n);
			if (n == 0)
				break;
			size_t len = (size_t)n;
			if (held->change)
				held->bytes = held->change(held->arg, held->bytes, &len);
			if (!held->bytes)
				return -ENOMEM;
			held->len = len;
		}
		size_t n = held->len < room - used ? held->len : room - used;
		memcpy(to + used, held->bytes, n);
		used += n;
		held->bytes += n;
		held->len -= n;
	}
	return (ssize_t)used;
}
