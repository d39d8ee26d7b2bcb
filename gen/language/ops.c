// The operations of the kernel language, by number and by word.
#include "kernel.h"

#include <string.h>

static const char *const op_words[OP_COUNT] = {
#define X(name, word, signature) word,
	KERNEL_OPS(X)
#undef X
};

static const char *const op_signatures[OP_COUNT] = {
#define X(name, word, signature) signature,
	KERNEL_OPS(X)
#undef X
};

const char *op_word(enum op o)
{
	return op_words[o];
}

const char *op_signature(enum op o)
{
	return op_signatures[o];
}

bool op_find(const char *word, enum op *out)
{
	for (int i = 0; i < OP_COUNT; i++)
		if (strcmp(op_words[i], word) == 0) {
			*out = (enum op)i;
			return true;
		}
	return false;
}
