/* Lines of words: of our small files, and of a master's answers. Pure. */
#ifndef REPLICATION_WORDS_H
#define REPLICATION_WORDS_H

#include "base/slice.h"

/* Cut a line at blanks, any number of which stand between two words, into at most `room`. Returns how many there are,
 * and `room` + 1 for more than that. */
size_t words_split(struct slice line, struct slice *words, size_t room);
/* The same, but the last of `room` words is all that is left, blanks and all. */
size_t words_split_first(struct slice line, struct slice *words, size_t room);
/* Copy a word with a NUL behind it. False, and nothing copied, if there is no room for it. */
bool words_copy(char *to, size_t room, struct slice word);

#endif
