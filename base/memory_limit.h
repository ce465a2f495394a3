/* How much memory this process may come to use: what the machine has, or less by its control groups. */
#ifndef BASE_MEMORY_LIMIT_H
#define BASE_MEMORY_LIMIT_H

#include <stdint.h>

/* In bytes, page cache included; UINT64_MAX if nothing tells. It may change while the process runs; asking reads a few
 * small files of the kernel. */
uint64_t memory_limit_bytes(void);

/* The limit that control groups set, by the text of /proc/self/cgroup and the folder where they are mounted
 * (/sys/fs/cgroup): the least of the process' group and all above it, in version 1 and 2. UINT64_MAX if there is none.
 */
uint64_t memory_limit_of_groups(const char *groups, const char *mount);

#endif
