/* A folder of its own for a test that needs the real disk. */
#ifndef TEST_SUPPORT_SCRATCH_H
#define TEST_SUPPORT_SCRATCH_H

/* A new empty folder under $TMPDIR or /tmp; free the path by scratch_remove(). */
char *scratch_create(void);
/* Remove the folder and all in it, and free `path`. */
void scratch_remove(char *path);
/* How many names the folder at `path` holds; -1 if it is not there. */
int scratch_count(const char *path);

#endif
