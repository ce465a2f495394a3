/* Which of a request's words are keys: by the specifications in the command's table. */
#ifndef SERVER_REQUEST_COMMAND_KEYS_H
#define SERVER_REQUEST_COMMAND_KEYS_H

#include "server/request/command.h"

/* Call `visit` for each word that is a key, with the flags of its specification. Words that a specification marks
 * KEY_NOT_KEY (channels) are left out. Returns how many were visited. */
size_t command_keys_visit(const struct command *command, const struct slice *argv, size_t argc,
                          command_key_visit *visit, void *context);

/* Whether every specification finds the keys that it promises. Redis' COMMAND GETKEYS tells of all keys or of none;
 * command_keys_visit() visits what there is. */
bool command_keys_are_whole(const struct command *command, const struct slice *argv, size_t argc);

/* The single range that COMMAND INFO tells old clients: all 0 if there is none. */
struct command_key_range {
    int first;
    int last;
    int step;
};
struct command_key_range command_keys_range(const struct command *command);
/* Whether that range does not tell all. */
bool command_keys_are_movable(const struct command *command);

#endif
