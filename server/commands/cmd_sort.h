/* SORT and SORT_RO: the elements of a list, set or sorted set in an order, by themselves or by what other keys say. */
#ifndef SERVER_COMMANDS_CMD_SORT_H
#define SERVER_COMMANDS_CMD_SORT_H

#include "server/request/command.h"

/* Ends with a NULL name. */
extern const struct command sort_commands[];

#endif
