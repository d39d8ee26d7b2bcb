// Pages in headless Chromium, looked at by a probe (data/probe*.js) from the page around them.
#ifndef SG_BROWSER_H
#define SG_BROWSER_H

#include <stdbool.h>

#define BROWSER_DARK "--blink-settings=preferredColorScheme=0"

// Skips the case where there is no Chromium.
void browser_need(void);
void browser_write(const char *dir, const char *name, const char *before, const char *text);
// Puts the probe beside DIR/report.html, which is the page; `report` is what the probe may compare it with, as
// JSON.
void browser_prepare(const char *dir, const char *probe, const char *report);
// Opens DIR/NAME, lets it load and prints what has become of it into dom.html; console and complaints go to
// log.txt.
void browser_open(const char *dir, const char *name, const char *options);
void browser_silent(const char *dir); // the console said nothing
// The probe looked, found nothing wrong, and saw the dark (or light) page.
void browser_no_problems(const char *dir, bool dark);
// All of it on what browser_prepare made.
void browser_probe(const char *dir, const char *options, bool dark);

// Prints DIR/report.html and looks at the paper: every word of `words` (ends with NULL) is on it, and no word
// reaches over the edge of its page. Skips the case without poppler's pdftotext.
void browser_print(const char *dir, const char *const *words);

#endif
