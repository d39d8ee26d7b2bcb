// Calls malloc and free until a trace of a megabyte is full.
#include <stdlib.h>

int main(void)
{
	for (int i = 0; i < 500000; i++) {
		void *volatile p = malloc(16);

		free(p);
	}
	return 0;
}
