#include "server/request/admission.h"
#include "replication/replication.h"
#include "server/acl/acl_check.h"
#include "server/request/args.h"
#include "server/request/auth.h"
#include "server/request/registry.h"
#include "server/request/transaction.h"
#include "server/services.h"
#include <ctype.h>

#define SHOWN_BYTES 128 /* Of a client's words in an error. */

static bool refuse(struct buf *refusal, const char *text)
{
    buf_put_text(refusal, text);
    return false;
}

/* Append at most `limit` bytes of `word`, up to its first NUL. */
static size_t put_word(struct buf *text, struct slice word, size_t limit)
{
    size_t len = word.len < limit ? word.len : limit;

    len = strnlen(word.data, len);
    buf_put(text, slice_make(word.data, len));
    return len;
}

static bool refuse_unknown_command(const struct request *request, struct buf *refusal)
{
    size_t shown = 0;

    buf_put_text(refusal, "ERR unknown command '");
    (void)put_word(refusal, request->argv[0], SHOWN_BYTES);
    buf_put_text(refusal, "', with args beginning with: ");
    for (size_t i = 1; i < request->argc && shown < SHOWN_BYTES; i++) {
        buf_put_byte(refusal, '\'');
        shown += put_word(refusal, request->argv[i], SHOWN_BYTES - shown) + 3;
        buf_put_text(refusal, "' ");
    }
    return false;
}

static bool refuse_unknown_subcommand(const struct request *request, struct buf *refusal)
{
    buf_put_text(refusal, "ERR unknown subcommand '");
    (void)put_word(refusal, request->argv[1], SHOWN_BYTES);
    buf_put_text(refusal, "'. Try ");
    for (size_t i = 0; i < request->argv[0].len; i++) {
        buf_put_byte(refusal, (char)toupper((unsigned char)request->argv[0].data[i]));
    }
    return refuse(refusal, " HELP.");
}

bool admission_takes_words(const struct command_entry *entry, size_t argc)
{
    int arity = entry->command->arity;

    return arity > 0 ? argc == (size_t)arity : argc >= (size_t)-arity;
}

bool admission_is_known(const struct command_entry *entry, const struct command_entry *container,
                        const struct request *request, struct buf *refusal)
{
    if (entry == NULL) {
        return container == NULL ? refuse_unknown_command(request, refusal)
                                 : refuse_unknown_subcommand(request, refusal);
    }
    if (!admission_takes_words(entry, request->argc)) {
        buf_put_format(refusal, "ERR wrong number of arguments for '%s' command", entry->full_name);
        return false;
    }
    return true;
}

bool admission_is_attack(const struct request *request)
{
    return args_is(request->argv[0], "post") || args_is(request->argv[0], "host:");
}

/* Checks of who asks. */
static bool is_caller_allowed(const struct admission_request *admission, struct buf *refusal)
{
    const struct session *session = admission->session;
    uint32_t flags = admission->entry->command->flags;

    if ((flags & COMMAND_PROTECTED) && !admission->gate->allows_debug) {
        if (!admission->gate->allows_debug_local || !session_is_local(session)) {
            return refuse(refusal,
                          "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", "
                          "you can run it from a local connection, otherwise you need to set this option in the "
                          "configuration file, and then restart the server.");
        }
    }
    if (!(flags & COMMAND_NO_AUTH) && auth_is_required(admission->services, session)) {
        return refuse(refusal, "NOAUTH Authentication required.");
    }
    if ((session->flags & SESSION_IN_TRANSACTION) && (flags & COMMAND_NO_MULTI) && !admission->was_queued) {
        return refuse(refusal, "ERR Command not allowed inside a transaction");
    }
    return true;
}

/* Whether the session's user may do it. */
static bool is_allowed(const struct admission_request *admission, const struct request *request, struct buf *refusal)
{
    const struct session *session = admission->session;
    struct acl_request asked = {.entry = admission->entry, .argv = request->argv, .argc = request->argc};
    bool is_grouped = (session->flags & SESSION_IN_TRANSACTION) != 0;
    struct acl_denial denial;

    if (acl_is_unrestricted(session) || acl_check(session, &asked, &denial) == ACL_ALLOWED) {
        return true;
    }
    acl_note_denial(admission->services, session, &asked, &denial, is_grouped ? ACL_CONTEXT_MULTI : ACL_CONTEXT_TOP);
    if (admission->was_queued) {
        acl_write_late_refusal(&denial, refusal);
    } else {
        acl_write_refusal(&asked, &denial, refusal);
    }
    return false;
}

/* Whether the command has the flag, and, for EXEC, all that is queued: the state may have changed since. */
static bool is_all(const struct admission_request *admission, uint32_t flag)
{
    uint32_t flags = admission->flags;

    return (flags & flag) && !((flags & COMMAND_RUNS_QUEUED) && transaction_lacks(admission->session, flag));
}

bool admission_lacks_replicas(const struct dispatch_gate *gate, const struct services *services)
{
    struct replication_statistics statistics;

    if (gate->min_replicas == 0) {
        return false;
    }
    replication_get_statistics(services->replication, &statistics);
    return statistics.good_replicas < gate->min_replicas;
}

/* Checks of what state the server is in. */
static bool is_time_right(const struct admission_request *admission, struct buf *refusal)
{
    const struct dispatch_gate *gate = admission->gate;
    const struct session *session = admission->session;
    uint32_t flags = admission->flags;

    if ((flags & COMMAND_WRITE) && admission_lacks_replicas(gate, admission->services)) {
        return refuse(refusal, ADMISSION_NO_REPLICAS);
    }
    if (gate->is_replica && (flags & COMMAND_WRITE)) {
        return refuse(refusal, ADMISSION_READONLY);
    }
    if (session->subscription_count != 0 && session->protocol == 2 && !(flags & COMMAND_IN_SUBSCRIPTION) &&
        !admission->was_queued) {
        buf_put_format(
            refusal,
            "ERR Can't execute '%s': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed "
            "in this context",
            admission->entry->full_name);
        return false;
    }
    if (gate->is_master_down && !is_all(admission, COMMAND_STALE)) {
        return refuse(refusal, "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.");
    }
    if (gate->is_loading && !is_all(admission, COMMAND_LOADING)) {
        return refuse(refusal, "LOADING Redis is loading the dataset in memory");
    }
    if (gate->busy != DISPATCH_BUSY_NOT && !(flags & COMMAND_ALLOW_BUSY)) {
        return refuse(refusal, gate->busy == DISPATCH_BUSY_FUNCTION ? ADMISSION_BUSY_FUNCTION : ADMISSION_BUSY_SCRIPT);
    }
    if ((session->flags & (SESSION_REPLICA | SESSION_MONITOR)) &&
        (flags & (COMMAND_READONLY | COMMAND_WRITE | COMMAND_MAY_REPLICATE))) {
        return refuse(refusal, "ERR Replica can't interact with the keyspace");
    }
    return true;
}

bool admission_is_open(const struct admission_request *admission, const struct request *request, struct buf *refusal)
{
    struct command_entry *container;

    if (admission->entry == NULL) {
        struct command_entry *entry =
            commands_resolve(admission->services->commands, request->argv, request->argc, &container);

        return admission_is_known(entry, container, request, refusal);
    }
    return admission_is_known(admission->entry, NULL, request, refusal) && is_caller_allowed(admission, refusal) &&
           is_allowed(admission, request, refusal) && is_time_right(admission, refusal);
}
