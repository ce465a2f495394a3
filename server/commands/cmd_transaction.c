#include "server/commands/cmd_transaction.h"
#include "server/request/change.h"
#include "server/request/parking.h"
#include "server/request/registry.h"
#include "server/request/reply.h"
#include "server/request/transaction.h"
#include "server/services.h"

static enum status run_multi(struct call *call, struct reply *reply)
{
    if (call->session->flags & SESSION_IN_TRANSACTION) {
        return reply_error(reply, "ERR MULTI calls can not be nested");
    }
    call->session->flags |= SESSION_IN_TRANSACTION;
    reply_ok(reply);
    return STATUS_OK;
}

static enum status run_discard(struct call *call, struct reply *reply)
{
    if (!(call->session->flags & SESSION_IN_TRANSACTION)) {
        return reply_error(reply, "ERR DISCARD without MULTI");
    }
    transaction_reset(call->session);
    reply_ok(reply);
    return STATUS_OK;
}

/* Why a queued command may not run now; NULL if it may. Rights may have been taken away since it was queued. What is
 * logged instead of the requests before it may be far longer than they, and the change is one record. */
static const char *refusal_of(struct call *call, const struct queued_command *queued, const struct request *request)
{
    if ((queued->entry->command->flags & COMMAND_WRITE) &&
        !change_has_room(call->change, parking_request_bytes(request))) {
        return "ERR the transaction changes more than one change may hold";
    }
    return dispatch_refusal(call->services->dispatch, call->session, queued->entry, request);
}

/* Run what was queued, one reply after the other. */
static void run_queued(struct call *call, struct reply *reply)
{
    struct session *session = call->session;
    struct dispatch *dispatch = call->services->dispatch;
    size_t count = transaction_len(session);

    reply_array(reply, count);
    for (size_t i = 0; i < count; i++) {
        const struct queued_command *queued = transaction_at(session, i);
        struct request request = {.argv = queued->argv, .argc = queued->argc};
        struct reply inner;
        const char *refusal;

        reply_init(&inner, reply->out, session->protocol); /* HELLO may have changed it. */
        refusal = refusal_of(call, queued, &request);
        if (refusal != NULL) {
            (void)reply_error(&inner, "%s", refusal);
        } else {
            dispatch_nested(dispatch, call, queued->entry, &request, &inner);
        }
    }
}

/* EXEC: all that was queued, as one change; null if a watched key was touched. */
static enum status run_exec(struct call *call, struct reply *reply)
{
    struct session *session = call->session;

    if (!(session->flags & SESSION_IN_TRANSACTION)) {
        return reply_error(reply, "ERR EXEC without MULTI");
    }
    if (session->flags & SESSION_EXEC_FAILS) {
        transaction_reset(session);
        return reply_error(reply, "EXECABORT Transaction discarded because of previous errors.");
    }
    transaction_check_due(call->services->transactions, session);
    if (session->flags & SESSION_IS_DIRTY) {
        transaction_reset(session);
        reply_null_array(reply);
        return STATUS_OK;
    }
    transaction_unwatch(session); /* Its own writes touch nothing any more. */
    run_queued(call, reply);
    transaction_reset(session);
    return STATUS_OK;
}

static enum status run_watch(struct call *call, struct reply *reply)
{
    if (call->session->flags & SESSION_IN_TRANSACTION) {
        return reply_error(reply, "ERR WATCH inside MULTI is not allowed");
    }
    for (size_t i = 1; i < call->argc; i++) {
        transaction_watch(call->services->transactions, call->session, call->db, call->argv[i]);
    }
    reply_ok(reply);
    return STATUS_OK;
}

static enum status run_unwatch(struct call *call, struct reply *reply)
{
    transaction_unwatch(call->session);
    reply_ok(reply);
    return STATUS_OK;
}

#define ANY_STATE (COMMAND_NOSCRIPT | COMMAND_LOADING | COMMAND_STALE)

const struct command transaction_commands[] = {
    {.name = "multi",
     .summary = "Mark the start of a transaction block",
     .since = "1.2.0",
     .complexity = "O(1)",
     .group = "transactions",
     .arity = 1,
     .flags = ANY_STATE | COMMAND_FAST | COMMAND_ALLOW_BUSY | COMMAND_NOT_QUEUED | COMMAND_REVEALS_NOTHING,
     .categories = CATEGORY_TRANSACTION,
     .run = run_multi},
    {.name = "exec",
     .summary = "Execute all commands issued after MULTI",
     .since = "1.2.0",
     .complexity = "Depends on commands in the transaction",
     .group = "transactions",
     .arity = 1,
     .flags = ANY_STATE | COMMAND_SKIP_SLOWLOG | COMMAND_NOT_QUEUED | COMMAND_RUNS_QUEUED,
     .categories = CATEGORY_TRANSACTION,
     .run = run_exec},
    {.name = "discard",
     .summary = "Discard all commands issued after MULTI",
     .since = "2.0.0",
     .complexity = "O(N), when N is the number of queued commands",
     .group = "transactions",
     .arity = 1,
     .flags = ANY_STATE | COMMAND_FAST | COMMAND_ALLOW_BUSY | COMMAND_NOT_QUEUED | COMMAND_REVEALS_NOTHING,
     .categories = CATEGORY_TRANSACTION,
     .run = run_discard},
    {.name = "watch",
     .summary = "Watch the given keys to determine execution of the MULTI/EXEC block",
     .since = "2.2.0",
     .complexity = "O(1) for every key.",
     .group = "transactions",
     .arity = -2,
     .flags = ANY_STATE | COMMAND_FAST | COMMAND_ALLOW_BUSY | COMMAND_NOT_QUEUED | COMMAND_REVEALS_NOTHING,
     .categories = CATEGORY_TRANSACTION,
     .keys = {KEY_RANGE(KEY_RO, 1, -1, 1)},
     .run = run_watch},
    {.name = "unwatch",
     .summary = "Forget about all watched keys",
     .since = "2.2.0",
     .complexity = "O(1)",
     .group = "transactions",
     .arity = 1,
     .flags = ANY_STATE | COMMAND_FAST | COMMAND_ALLOW_BUSY | COMMAND_REVEALS_NOTHING,
     .categories = CATEGORY_TRANSACTION,
     .run = run_unwatch},
    {.name = NULL},
};
