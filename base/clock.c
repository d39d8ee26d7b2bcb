// Wall time, for names only.
#include "clock.h"

void clock_wall_text(char *text, size_t size)
{
	struct tm parts;
	time_t now = time(NULL);

	if (size == 0)
		return;
	text[0] = '\0';
	if (gmtime_r(&now, &parts) != NULL && strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
		text[0] = '\0';
}
