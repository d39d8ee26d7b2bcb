// A strict little XML parser: tests read what reports have written.
#ifndef SG_XML_H
#define SG_XML_H

#include <stdbool.h>
#include <stddef.h>

#define XML_MOST_ATTRIBUTES 16U

struct xml_element {
	char name[64];
	size_t count;
	char names[XML_MOST_ATTRIBUTES][64];
	char *values[XML_MOST_ATTRIBUTES]; // entities resolved
};

// Each may be NULL.
struct xml_hooks {
	void (*open)(void *arg, const struct xml_element *e);
	void (*text)(void *arg, const char *text); // entities resolved
	void (*close)(void *arg, const char *name);
	void *arg;
};

// NULL when `text` is well-formed: one root, elements nested and closed, attributes quoted and not repeated,
// entities known, only characters that XML 1.0 allows; else what is wrong, in a static buffer. With `html` a
// doctype may stand in front, <meta> and <link> are not closed, and what is in <style> is not looked at.
const char *xml_parse(const char *text, bool html, const struct xml_hooks *hooks);
// NULL when the element has no such attribute.
const char *xml_attribute(const struct xml_element *e, const char *name);

#endif
