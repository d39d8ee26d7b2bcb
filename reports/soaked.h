// What a soak says in the end: its verdict, and what drifted.
#ifndef SG_SOAKED_H
#define SG_SOAKED_H

#include "table.h"
#include "view.h"

#include <jansson.h>
#include <stdio.h>

// What drifted, a line each, then the verdict; NULL behind that, and where the run was no soak.
const char *soaked_line(struct view *v, size_t i);
void soaked_print(struct view *v, const struct term_style *style, FILE *out);
// {passes, duration_ms, verdict: "drift" | "steady" | "too short", drifts: [{id, figure, unit, slope, low, high,
// before, after}], tests: [{id, figures: [...]}]}; NULL where the run was no soak, or without memory.
json_t *soaked_to_json(const struct run *r);

#endif
