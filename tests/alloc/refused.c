// A program with six requests for memory, of which it looks at all but the second: `refused`. With `refused all`
// at the second too.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int all;

__attribute__((noinline)) static char *careless(const char *text)
{
	char *p = malloc(strlen(text) + 1);

	if (p == NULL && all)
		exit(5);
	return strcpy(p, text);
}

__attribute__((noinline)) static void *careful(void *old, size_t bytes)
{
	void *p = old == NULL ? calloc(1, bytes) : realloc(old, bytes);

	if (p == NULL) {
		fputs("refused: no memory\n", stderr);
		exit(3);
	}
	return p;
}

int main(int argc, char **argv)
{
	char *first, *second;

	(void)argv;
	all = argc > 1;
	first = careful(NULL, 100);
	second = careless("hello");
	for (int i = 0; i < 3; i++)
		free(careful(NULL, 50));
	first = careful(first, 1000);
	free(first);
	free(second);
	return 0;
}
