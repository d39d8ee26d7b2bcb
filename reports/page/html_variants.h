// What the page of `stressgen ab` has beside that of any comparison: memory over time, a line for each variant.
#ifndef SG_HTML_VARIANTS_H
#define SG_HTML_VARIANTS_H

#include "html.h"
#include "samples.h"

// The section; nothing where no test ran long enough to be sampled.
void html_variant_courses(struct page *p, const struct samples *s);

#endif
