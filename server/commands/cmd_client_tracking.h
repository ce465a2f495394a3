/* CLIENT's subcommands about client-side caching; cmd_client.c has their facts. */
#ifndef SERVER_COMMANDS_CMD_CLIENT_TRACKING_H
#define SERVER_COMMANDS_CMD_CLIENT_TRACKING_H

#include "server/request/command.h"

enum status run_client_tracking(struct call *call, struct reply *reply);
enum status run_client_caching(struct call *call, struct reply *reply);
enum status run_client_trackinginfo(struct call *call, struct reply *reply);
enum status run_client_getredir(struct call *call, struct reply *reply);

#endif
