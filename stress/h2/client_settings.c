// A client's SETTINGS.
#include "client_settings.h"

size_t h2_client_entries(const struct h2_client_settings *s, nghttp2_settings_entry entries[H2_CLIENT_ENTRIES])
{
	size_t n = 0;
	entries[n++] = (nghttp2_settings_entry){ NGHTTP2_SETTINGS_ENABLE_PUSH, 0 };
	entries[n++] = (nghttp2_settings_entry){ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, s->window };
	entries[n++] = (nghttp2_settings_entry){ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, H2_CLIENT_HEADER_LIST };
	if (s->table != NGHTTP2_DEFAULT_HEADER_TABLE_SIZE)
		entries[n++] = (nghttp2_settings_entry){ NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, s->table };
	if (s->frame != WIRE_MAX_FRAME)
		entries[n++] = (nghttp2_settings_entry){ NGHTTP2_SETTINGS_MAX_FRAME_SIZE, s->frame };
	return n;
}
