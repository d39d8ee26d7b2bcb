// A bisection's file.
#include "bisect_state.h"

#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define STATE_NAME "stressgen-bisect.json"

static int save(const struct bisect_state *s, struct err *e)
{
	char *text = json_dumps(s->json, JSON_INDENT(1));
	int rc = text != NULL ? io_replace_file(s->path, text, strlen(text), e)
	                      : err_set(e, ENOMEM, "out of memory");

	free(text);
	return rc;
}

static int read_begun(struct bisect_state *s, const json_t *key, struct err *e)
{
	json_error_t error;

	if (access(s->path, F_OK) < 0)
		return err_set(e, EINVAL,
		               "there is no bisection to resume in this repository; begin one without --resume");
	s->json = json_load_file(s->path, 0, &error);
	if (!json_is_array(json_object_get(s->json, "log")))
		return err_set(e, EINVAL, "%s:%d: this is no bisection's file; begin anew without --resume",
		               s->path, s->json != NULL ? 1 : error.line);
	if (!json_equal(json_object_get(s->json, "key"), key))
		return err_set(e, EINVAL,
		               "the bisection that was begun here compares something else; resume it with its own "
		               "words, or begin anew without --resume");
	return 0;
}

int bisect_state_open(struct bisect_state *s, const char *git_dir, const json_t *key, bool resume, struct err *e)
{
	s->lock = open(git_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->lock < 0)
		return err_set(e, errno, "%s: %s", git_dir, strerror(errno));
	if (flock(s->lock, LOCK_EX | LOCK_NB) < 0)
		return err_set(e, EINVAL, "another stressgen bisect is under way in this repository");
	s->path = io_join(git_dir, STATE_NAME);
	if (s->path == NULL)
		return err_set(e, ENOMEM, "out of memory");
	if (resume)
		return read_begun(s, key, e);
	s->json = json_pack("{s:i, s:O, s:[]}", "version", 1, "key", key, "log");
	return s->json != NULL ? save(s, e) : err_set(e, ENOMEM, "out of memory");
}

void bisect_state_close(struct bisect_state *s, bool done)
{
	if (done && s->json != NULL)
		unlink(s->path);
	if (s->lock >= 0)
		close(s->lock);
	json_decref(s->json);
	free(s->path);
	*s = (struct bisect_state){ .lock = -1 };
}

const char *bisect_state_left(const struct bisect_state *s)
{
	return json_string_value(json_object_get(s->json, "dir"));
}

int bisect_state_set_dir(struct bisect_state *s, const char *dir, struct err *e)
{
	json_object_set_new(s->json, "dir", json_string(dir));
	return save(s, e);
}

static json_t *write_outcome(const struct bisect_outcome *o)
{
	return json_pack("{s:s, s:f, s:f, s:f}", "commit", o->commit, "ratio", o->ratio, "low", o->low, "high",
	                 o->high);
}

static bool read_outcome(const json_t *j, struct bisect_outcome *o)
{
	const char *commit = json_string_value(json_object_get(j, "commit"));

	if (commit == NULL)
		return false;
	snprintf(o->commit, sizeof o->commit, "%s", commit);
	o->ratio = json_number_value(json_object_get(j, "ratio"));
	o->low = json_number_value(json_object_get(j, "low"));
	o->high = json_number_value(json_object_get(j, "high"));
	return true;
}

bool bisect_state_difference(const struct bisect_state *s, struct bisect_outcome *o)
{
	return read_outcome(json_object_get(s->json, "difference"), o);
}

int bisect_state_set_difference(struct bisect_state *s, const struct bisect_outcome *o, struct err *e)
{
	json_object_set_new(s->json, "difference", write_outcome(o));
	return save(s, e);
}

const char *bisect_state_verdict(const struct bisect_state *s, size_t i, struct bisect_outcome *o)
{
	const json_t *one = json_array_get(json_object_get(s->json, "log"), i);

	return read_outcome(one, o) ? json_string_value(json_object_get(one, "verdict")) : NULL;
}

int bisect_state_add(struct bisect_state *s, const char *verdict, const struct bisect_outcome *o, struct err *e)
{
	json_t *one = write_outcome(o);

	json_object_set_new(one, "verdict", json_string(verdict));
	json_array_append_new(json_object_get(s->json, "log"), one);
	return save(s, e);
}
