/* A file system that passes all calls on to another one, but holds syncs back while its gate is shut: for looking at
 * what happens meanwhile. Any thread. */
#ifndef TEST_SUPPORT_GATE_FILE_H
#define TEST_SUPPORT_GATE_FILE_H

#include "base/file.h"

struct gate_file;

struct gate_file *gate_file_create(struct file_system *inner);
/* All files must be closed. */
void gate_file_free(struct gate_file *gate);
struct file_system *gate_file_system(struct gate_file *gate);

/* Hold syncs of files, or of folders, that begin from now on. */
void gate_file_shut(struct gate_file *gate);
void gate_file_shut_folders(struct gate_file *gate);
/* Let all go on. */
void gate_file_open(struct gate_file *gate);
/* Wait until `count` syncs are held. */
void gate_file_await(struct gate_file *gate, unsigned count);

#endif
