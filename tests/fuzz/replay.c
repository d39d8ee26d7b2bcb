// Feeds every file of the directory named on the command line to a fuzz target: what the fuzzer once found, or was
// given to begin with, stays mended.
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	long size = -1;
	uint8_t *data = NULL;
	int rc = 1;

	if (f != NULL && fseek(f, 0, SEEK_END) == 0)
		size = ftell(f);
	if (size >= 0 && fseek(f, 0, SEEK_SET) == 0)
		data = malloc((size_t)size +
		              (size == 0)); // exactly as large: reading past the end is an error seen
	if (data != NULL && fread(data, 1, (size_t)size, f) == (size_t)size)
		rc = LLVMFuzzerTestOneInput(data, (size_t)size);
	else
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
	free(data);
	if (f != NULL)
		fclose(f);
	return rc;
}

int main(int argc, char **argv)
{
	DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
	struct dirent *entry;
	unsigned files = 0;
	int failed = 0;

	if (dir == NULL) {
		fprintf(stderr, "usage: %s CORPUS_DIRECTORY\n", argv[0]);
		return 2;
	}
	while ((entry = readdir(dir)) != NULL) {
		char path[4096];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
		fprintf(stderr, "%s\n", path); // before it is fed: a crash ends the program here
		failed |= replay_file(path) != 0;
		files++;
	}
	closedir(dir);
	if (files == 0)
		fprintf(stderr, "%s: no files: nothing was tested\n", argv[1]);
	return failed || files == 0;
}
