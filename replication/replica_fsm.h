/* The replica's side of the handshake, as a pure machine.
 *
 * It gets what happened, with the time in it, and answers with what to send and what to do next. It knows no sockets,
 * files or clocks: replica_link.h does what it says. The chart of the states is in replication/README.md. */
#ifndef REPLICATION_REPLICA_FSM_H
#define REPLICATION_REPLICA_FSM_H

#include "base/buf.h"
#include "storage/history.h"

#define REPLICA_PROBLEM_BYTES 200
#define REPLICA_NAME_BYTES    40 /* A snapshot's name: 32 hex digits and NUL, rounded up. */
#define REPLICA_MARK_BYTES    40 /* Of the $EOF: form. */

enum replica_state {
    REPLICA_OFF,     /* We are a master. */
    REPLICA_WAITING, /* For the next try. */
    REPLICA_CONNECTING,
    REPLICA_PING, /* Each of these waits for the answer to what it is named after. */
    REPLICA_AUTH,
    REPLICA_CONF,
    REPLICA_PSYNC,
    REPLICA_PAYLOAD_LINE, /* +FULLRESYNC came: the line that announces the payload is next. */
    REPLICA_PAYLOAD,      /* The payload's bytes are coming. */
    REPLICA_INSTALLING,   /* It is whole: being verified and swapped in. */
    REPLICA_STREAMING,    /* The link is up. */
};

/* What the caller must do, after sending what is in `send`. */
enum replica_action {
    REPLICA_DO_NOTHING,
    REPLICA_DO_CONNECT,
    REPLICA_DO_DISCONNECT,           /* `problem` says why. The machine is waiting already. */
    REPLICA_DO_RECEIVE,              /* Take the payload that `payload` announces, then call replica_fsm_received(). */
    REPLICA_DO_INSTALL,              /* Verify and swap, then call replica_fsm_installed(). Read nothing meanwhile. */
    REPLICA_DO_INSTALL_DISCONNECTED, /* The same, and close the connection: the rest comes by PSYNC. */
    REPLICA_DO_STREAM, /* Apply what comes. If continue_id is another id than ours, our history is called so now. */
};

enum replica_payload_kind {
    REPLICA_PAYLOAD_SNAPSHOT, /* Ours. */
    REPLICA_PAYLOAD_RDB,      /* $<len> */
    REPLICA_PAYLOAD_RDB_MARK, /* $EOF:<mark> */
};

struct replica_payload {
    enum replica_payload_kind kind;
    char id[HISTORY_ID_LEN + 1];        /* History that the data belongs to. */
    uint64_t offset;                    /* The data is exact here. */
    char reason[REPLICA_PROBLEM_BYTES]; /* Why the master did not go on by partial sync; "" if it did not say. */
    char name[REPLICA_NAME_BYTES];      /* Snapshot only. */
    uint64_t total_bytes;               /* 0 for the mark form. */
    uint64_t from_byte;                 /* Snapshot only: where the master begins. */
    char mark[REPLICA_MARK_BYTES + 1];  /* Mark form only. */
};

/* What the master said to PSYNC ... FAILOVER. */
enum replica_verdict {
    REPLICA_VERDICT_NONE, /* It was not asked, or has not answered. */
    REPLICA_VERDICT_ACCEPTED,
    REPLICA_VERDICT_REFUSED,
    REPLICA_VERDICT_MISMATCHED, /* Refused: its history has another name. */
};

struct replica_fsm {
    enum replica_state state;
    uint64_t heard_ms;          /* When the master was last heard. */
    uint64_t retry_at_ms;       /* REPLICA_WAITING. */
    uint64_t said_ms;           /* When we last sent an ACK or a keepalive. */
    uint64_t down_since_ms;     /* When the link went down; 0 if it was never up. */
    uint32_t failed_count;      /* Tries since the link was last up for a while. */
    uint32_t uninstalled_count; /* Full syncs that could not be installed since then. */
    uint32_t replies_due;       /* REPLICA_CONF. */
    bool is_needless;           /* REPLICA_PSYNC: the target of the failover says that it is a master. */
    enum replica_verdict verdict;
    struct replica_payload payload;
    char continue_id[HISTORY_ID_LEN + 1]; /* REPLICA_DO_STREAM after +CONTINUE; "" if it named none. */
    char problem[REPLICA_PROBLEM_BYTES];  /* Why the last try ended; "" when up. */
};

/* What the machine must know to speak for the node; gathered anew for each event. All borrowed. */
struct replica_facts {
    /* Settings. */
    const char *user;
    const char *password;    /* NULL: no AUTH. */
    const char *announce_ip; /* NULL: not told. */
    uint16_t announce_port;
    uint32_t timeout_ms; /* repl-timeout. */
    /* What we have. */
    const struct history *history;
    struct history_position end; /* Its hash only where replica_fsm_tells_hash() says so. */
    bool wants_full;             /* Nothing else helps: ask for a full sync. */
    bool is_failover;            /* The master is a replica yet: ask it to take over. */
    uint64_t acknowledged;       /* Kept as far as our appendfsync promises. */
    uint64_t durable;            /* On our disk. */
    const char *resume_name;     /* Part of a snapshot is here; NULL if none. */
    uint64_t resume_from;
};

struct replica_turn {
    uint64_t now_ms; /* Monotonic. */
    const struct replica_facts *facts;
    struct buf *send; /* What to send is appended. */
};

void replica_fsm_init(struct replica_fsm *fsm);
/* A master was named: try at once, forgetting what was before. */
void replica_fsm_start(struct replica_fsm *fsm, uint64_t now_ms);
/* We are a master now. */
void replica_fsm_stop(struct replica_fsm *fsm);

/* Time passed: connect when it is due, give up on a silent master, acknowledge each second. */
enum replica_action replica_fsm_tick(struct replica_fsm *fsm, const struct replica_turn *turn);
enum replica_action replica_fsm_connected(struct replica_fsm *fsm, const struct replica_turn *turn);
/* Any bytes came, whatever they mean. */
void replica_fsm_heard(struct replica_fsm *fsm, uint64_t now_ms);
/* Whether the machine waits for lines (else the bytes are payload or stream). */
bool replica_fsm_wants_lines(const struct replica_fsm *fsm);
/* A line came, without its end. A bare "\n" is an empty line: a keepalive. */
enum replica_action replica_fsm_line(struct replica_fsm *fsm, const struct replica_turn *turn, struct slice line);
/* Whether the next event may have us tell our hash. */
bool replica_fsm_tells_hash(const struct replica_fsm *fsm);
/* The payload is whole. */
enum replica_action replica_fsm_received(struct replica_fsm *fsm, const struct replica_turn *turn);

enum replica_install_result {
    REPLICA_INSTALLED,
    REPLICA_INSTALL_FAILED,  /* Damaged, no room, or what cannot be stored here: try again, less often each time. */
    REPLICA_INSTALL_REFUSED, /* P7: the master is empty and we are not; ask again only now and then. */
};
/* `problem` says why it failed; "" otherwise. */
enum replica_action replica_fsm_installed(struct replica_fsm *fsm, const struct replica_turn *turn,
                                          enum replica_install_result result, const char *problem);
/* The stream asks for an acknowledgement (GETACK), or our disk has what it waited for. Sends one at once. */
void replica_fsm_acknowledge(struct replica_fsm *fsm, const struct replica_turn *turn);
/* The connection ended or must end, for the reason `problem`. */
void replica_fsm_closed(struct replica_fsm *fsm, uint64_t now_ms, const char *problem);

/* Words of ROLE for the state: "connect", "connecting", "handshake", "sync", "connected". */
const char *replica_fsm_role_word(const struct replica_fsm *fsm);

#endif
