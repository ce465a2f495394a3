/* Assertions that stay on in release: our own bug stops the process, and recovery (P2) takes it from there. */
#ifndef BASE_ASSERT_H
#define BASE_ASSERT_H

#define ASSERT(condition)                                                                                              \
    do {                                                                                                               \
        if (__builtin_expect(!(condition), 0)) {                                                                       \
            assert_failed(__FILE__, __LINE__, #condition);                                                             \
        }                                                                                                              \
    } while (0)

/* For a place that is never reached, with the reason why it is not. */
#define ASSERT_NEVER(reason) assert_failed(__FILE__, __LINE__, reason)

/* Report the failed condition through diag and abort. */
_Noreturn void assert_failed(const char *file, int line, const char *condition);

#endif
