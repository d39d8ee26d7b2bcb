// A program with a malloc of its own, which no preloaded library gets in front of.
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static _Alignas(16) char heap[1 << 20];
static size_t used;

void *malloc(size_t bytes);
void *calloc(size_t count, size_t bytes);
void *realloc(void *p, size_t bytes);
void free(void *p);

void *malloc(size_t bytes)
{
	size_t at = used;

	used += (bytes + 15) & ~(size_t)15;
	return used <= sizeof heap ? heap + at : NULL;
}

void *calloc(size_t count, size_t bytes)
{
	return malloc(count * bytes); // zero: never given out twice
}

void *realloc(void *p, size_t bytes)
{
	void *fresh = malloc(bytes);

	if (p != NULL && fresh != NULL)
		memmove(fresh, p, bytes);
	return fresh;
}

void free(void *p)
{
	(void)p;
}

int main(void)
{
	void *volatile p = malloc(100);

	free(p);
	return p == NULL;
}
