/* How a fallible function ends.
 *
 * Three kinds of failure, kept apart. The client's mistakes are statuses that one table in server/request/reply.c turns
 * into Redis' exact text. The world's failures (disk, memory, peer) travel up and are reported by diag once, by whoever
 * stops them. Our own bugs are ASSERTs and never a status. */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#define MUST_CHECK __attribute__((warn_unused_result))

enum status {
    STATUS_OK = 0,

    /* The world. */
    STATUS_IO,          /* The disk failed; errno says how. Never retried. */
    STATUS_NO_SPACE,    /* The disk or the quota is full; heals when space returns. */
    STATUS_NO_MEMORY,   /* An allocation of a size that a peer chose was refused. */
    STATUS_CORRUPT,     /* Bytes on disk or on the wire fail their checksum or their format. */
    STATUS_UNSUPPORTED, /* A format version or a feature that this build does not know. */
    STATUS_EXISTS,      /* What is to be created is there already. */
    STATUS_NOT_FOUND,   /* What is asked for is not there. */
    STATUS_BUSY,        /* Somebody else holds it, or it is already under way. */
    STATUS_END,         /* Nothing more to read, now. */
    STATUS_TOO_BIG,     /* Longer than its stated limit. */
    STATUS_CLOSED,      /* The peer went away, or the object was shut down. */
    STATUS_PROTOCOL,    /* The peer broke the protocol. */
    STATUS_INVALID,     /* An argument, option or configuration value that means nothing. */

    /* The client: texts in server/request/reply.c. */
    STATUS_WRONG_TYPE,      /* -WRONGTYPE */
    STATUS_SYNTAX,          /* -ERR syntax error */
    STATUS_NOT_INTEGER,     /* -ERR value is not an integer or out of range */
    STATUS_NOT_FLOAT,       /* -ERR value is not a valid float */
    STATUS_OVERFLOW,        /* -ERR increment or decrement would overflow */
    STATUS_NAN_OR_INFINITY, /* -ERR increment would produce NaN or Infinity */
    STATUS_NO_SUCH_KEY,     /* -ERR no such key */
    STATUS_SAME_OBJECT,     /* -ERR source and destination objects are the same */
    STATUS_INDEX_RANGE,     /* -ERR index out of range */
    STATUS_OFFSET_RANGE,    /* -ERR offset is out of range */
    STATUS_DB_RANGE,        /* -ERR DB index is out of range */
    STATUS_STRING_TOO_LONG, /* -ERR string exceeds maximum allowed size (proto-max-bulk-len) */
    STATUS_NEGATIVE,        /* -ERR value is out of range, must be positive */
    STATUS_REPLIED,         /* The handler has written its own error reply. */
    STATUS_COUNT
};

/* The status' name in lower case words, for diag: "no space". Static storage. */
const char *status_name(enum status status);

#endif
