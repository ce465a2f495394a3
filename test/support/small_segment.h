/* Files with segments' names, of 10 bytes, for tests of what is done with whole segments. */
#ifndef TEST_SUPPORT_SMALL_SEGMENT_H
#define TEST_SUPPORT_SMALL_SEGMENT_H

#include "base/file.h"

/* Make one in "/log". */
void segment_put(struct file_system *files, uint64_t start);
/* The size of the one in `directory`, or -1. */
int64_t segment_measure(struct file_system *files, const char *directory, uint64_t start);

#endif
