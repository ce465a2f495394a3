/* What COMMAND DOCS tells of one command: its row's facts (command.h) and its page in the catalogue. */
#ifndef SERVER_CATALOGUE_COMMAND_DOCS_H
#define SERVER_CATALOGUE_COMMAND_DOCS_H

struct command_entry;
struct reply;

/* A map, with one inside it for each subcommand. */
void command_docs_reply(struct reply *reply, const struct command_entry *entry);

#endif
