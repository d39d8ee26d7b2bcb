// Where runs are, below stressgen-runs/ unless said otherwise.
#ifndef SG_RUN_DIR_H
#define SG_RUN_DIR_H

#include "err.h"

#include <stdbool.h>

#define RUN_DIR_LINK 256U

// Where stressgen-runs/latest leads to; false when there is none.
bool run_dir_latest(char name[RUN_DIR_LINK]);
// Makes it lead there; "": it is removed.
void run_dir_link_latest(const char *name);
// Only runs in stressgen-runs/ are linked: this one's name there (borrowed from `run_dir`), or NULL.
const char *run_dir_name(const char *run_dir);
// --output's directory, else the latest run's. From malloc; NULL with `e` filled.
char *run_dir_resumed(const char *given, struct err *e);

#endif
