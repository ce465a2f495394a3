/* The families of commands that this server has: one line here is all that a new family needs. */
#ifndef SERVER_REQUEST_FAMILIES_H
#define SERVER_REQUEST_FAMILIES_H

struct command;

/* Tables, each ended by a NULL name; ends with NULL. */
extern const struct command *const families[];

#endif
