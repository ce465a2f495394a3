/* Glob patterns by Redis' rules: ? * [abc] [^a] [a-z] and backslash.
 *
 * As there, a class without its ] reaches to the end of the pattern, bytes are compared as signed chars, and case is
 * ASCII's. Unlike there, stars match an empty text, and no pattern costs more than its length times the text's. */
#ifndef BASE_GLOB_H
#define BASE_GLOB_H

#include "base/slice.h"

bool glob_match(struct slice pattern, struct slice text, bool ignore_case);

/* The literal bytes with which every match must begin: "user:" for "user:*". Written unescaped to `prefix`, which has
 * room for pattern.len bytes; returns their count. */
size_t glob_literal_prefix(struct slice pattern, char *prefix);

#endif
