/* What a fuzzer is: one function of bytes. A new fuzz_x.c with a corpus/x/ needs nothing else. */
#ifndef TEST_FUZZ_FUZZ_H
#define TEST_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Give `data` to what is fuzzed, and ASSERT what must hold for any bytes. Always returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#endif
