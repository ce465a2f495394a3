"""Client-side caching: who is told of which changes, when, and in which form.

A line is a step: `name: command` (more than one, sent at once, parted by |), `name! command` for one that gets no reply,
`name closes`, `passes 30` for a time in milliseconds. The last letter of a name is the protocol of that client. @name
among the words is that client's id.
"""

SCRIPTS = {
    "options and what they do not go with": """
        a3: CLIENT TRACKING
        a3: CLIENT TRACKING maybe
        a3: CLIENT TRACKING maybe PREFIX a
        a3: CLIENT TRACKING ON REDIRECT
        a3: CLIENT TRACKING ON REDIRECT x
        a3: CLIENT TRACKING ON REDIRECT 0
        a3: CLIENT TRACKING ON REDIRECT -5
        a3: CLIENT TRACKING OFF REDIRECT 999
        a3: CLIENT TRACKING ON REDIRECT @a3 REDIRECT @a3
        a3: CLIENT TRACKING ON PREFIX a
        a3: CLIENT TRACKING ON BCAST OPTIN
        a3: CLIENT TRACKING ON OPTIN OPTOUT
        a3: CLIENT TRACKING ON BCAST PREFIX a PREFIX ab
        a3: CLIENT TRACKING ON BCAST PREFIX ab PREFIX a
        a3: CLIENT TRACKING ON BCAST PREFIX a PREFIX a
        a3: CLIENT TRACKINGINFO
        a3: CLIENT TRACKING ON BCAST PREFIX b PREFIX a NOLOOP
        a3: CLIENT TRACKING ON BCAST PREFIX bc
        a3: CLIENT TRACKING ON BCAST PREFIX c
        a3: CLIENT TRACKINGINFO
        a3: CLIENT TRACKING ON BCAST
        a3: CLIENT TRACKINGINFO
        a3: CLIENT TRACKING ON
        a3: CLIENT TRACKING OFF BCAST OPTIN
        a3: CLIENT TRACKINGINFO
        a3: CLIENT GETREDIR
        a3: CLIENT CACHING YES
        a3: CLIENT TRACKING ON
        a3: CLIENT TRACKING ON BCAST
        a3: CLIENT CACHING YES
        a3: CLIENT CACHING NO
        a3: CLIENT CACHING maybe
        a3: CLIENT TRACKING ON OPTIN
        a3: CLIENT TRACKING ON OPTOUT
        a3: CLIENT CACHING YES
        a3: CLIENT TRACKINGINFO
        a3: CLIENT CACHING NO
        a3: CLIENT TRACKING ON NOLOOP
        a3: CLIENT TRACKING ON OPTOUT NOLOOP
        a3: CLIENT CACHING NO
        a3: CLIENT TRACKINGINFO
        a3: CLIENT GETREDIR
    """,
    "a key is told once, to whom has read it": """
        a3: CLIENT TRACKING ON
        b3: CLIENT TRACKING ON
        a3: MGET k l missing
        b3: GET k
        w2: SET k 1
        w2: SET k 2
        w2: MSET l 1 missing 2 other 3
        a3: GET k
        w2: DEL k
        w2: SELECT 1
        a3: GET k
        w2: SET k 1
    """,
    "what a client changes itself is told behind the reply": """
        a3: CLIENT TRACKING ON
        a3: GET k
        a3: SET k 1
        a3: GET k | SET k 2 | GET k | INCR k
        a3: MULTI | GET k | SET k 5 | GET k | SET k 6 | EXEC
        a3: RPUSH list 1 2 3
        a3: LRANGE list 0 -1
        a3: LPOP list 2
        a3: CLIENT TRACKING ON NOLOOP
        a3: GET k
        a3: SET k 7
        w2: SET k 8
        a3: GET k
        w2: SET k 9
    """,
    "opting in and out": """
        a3: CLIENT TRACKING ON OPTIN
        a3: GET k
        w2: SET k 1
        a3: CLIENT CACHING YES
        a3: CLIENT ID
        a3: CLIENT TRACKINGINFO
        a3: GET k
        a3: GET l
        w2: MSET k 1 l 1
        a3: CLIENT CACHING YES | MULTI | GET k | GET l | EXEC | GET m
        w2: MSET k 1 l 1 m 1
        a3: MULTI | GET k | CLIENT CACHING YES | GET l | EXEC | GET m
        w2: MSET k 1 l 1 m 1
        a3: CLIENT CACHING YES | NOSUCH | GET k
        w2: SET k 1
        a3: CLIENT CACHING YES | CLIENT CACHING | GET k
        w2: SET k 1
        a3: CLIENT TRACKING OFF | CLIENT TRACKING ON OPTOUT
        a3: CLIENT CACHING NO
        a3: GET k
        a3: GET l
        w2: MSET k 1 l 1
    """,
    "prefixes": """
        a3: CLIENT TRACKING ON BCAST PREFIX user: PREFIX item:
        b3: CLIENT TRACKING ON BCAST
        a3: GET user:1
        w2: MSET user:2 1 user:1 1 item:1 1 other 1
        w2: SET user
        w2: SET user: 1
        w2: MULTI | SET item:9 1 | SET item:3 1 | SET item:9 2 | DEL user:1 | EXEC
        a3: SET user:5 1
        a3: MULTI | SET item:1 1 | GET item:1 | EXEC
        b3: CLIENT TRACKING ON BCAST NOLOOP
        b3: SET b 1
        w2: SET b 1
        a3: CLIENT TRACKING OFF
        w2: SET user:1 1
        w2: FLUSHDB
    """,
    "flushed databases": """
        a3: CLIENT TRACKING ON
        b3: CLIENT TRACKING ON BCAST PREFIX x
        r2: SUBSCRIBE __redis__:invalidate
        c2: CLIENT TRACKING ON REDIRECT @r2
        w2: FLUSHALL
        a3: GET k
        a3: FLUSHDB
        w2: SET k 1
        a3: GET k
        w2: MULTI | FLUSHDB | SET k 1 | FLUSHALL | EXEC
        a3: MULTI | FLUSHALL | PING | EXEC
    """,
    "redirected messages": """
        r2: CLIENT ID
        a2: CLIENT TRACKING ON REDIRECT @r2
        a2: CLIENT GETREDIR
        a2: GET k
        w2: SET k 1
        r2: SUBSCRIBE some
        a2: GET k
        w2: SET k 2
        a2: GET k
        a2: SET k 3
        r2: UNSUBSCRIBE some
        r2: PSUBSCRIBE x*
        a2: MGET k l
        w2: MSET k 1 l 1
        a2: GET k
        r2 closes
        a2: CLIENT TRACKINGINFO
        w2: SET k 1
        a2: CLIENT TRACKINGINFO
        a2: HELLO 3
        a2: GET k
        w2: SET k 2
        a2: GET k
        a2: SET k 3
        a2: CLIENT TRACKING ON
        a2: CLIENT TRACKINGINFO
        a2: GET k
        w2: SET k 4
    """,
    "messages redirected to RESP3, and to oneself": """
        r3: CLIENT ID
        a2: CLIENT TRACKING ON REDIRECT @r3
        b2: CLIENT TRACKING ON BCAST PREFIX k REDIRECT @r3
        a2: GET k
        w2: SET k 1
        c3: CLIENT TRACKING ON REDIRECT @c3
        c3: GET l
        w2: SET l 1
        c3: GET l
        c3: SET l 2
        d2: CLIENT TRACKING ON REDIRECT @d2
        d2: GET m
        d2: SUBSCRIBE x
        w2: SET m 1
    """,
    "without RESP3 and redirection there is nothing to hear": """
        a2: CLIENT TRACKING ON
        a2: GET k
        w2: SET k 1
        a2: CLIENT TRACKINGINFO
        a2: GET k
        a2: HELLO 3
        w2: SET k 2
        a2: GET k
        a2: HELLO 2
        w2: SET k 3
    """,
    "RESET ends it": """
        a3: CLIENT TRACKING ON BCAST PREFIX k
        a3: RESET
        a3: CLIENT TRACKINGINFO
        a3: HELLO 3
        w2: SET k 1
        a3: CLIENT TRACKING ON OPTIN
        a3: CLIENT TRACKINGINFO
    """,
    "tracking again after it was off": """
        a3: CLIENT TRACKING ON
        a3: MGET k l
        a3: CLIENT TRACKING OFF
        w2: SET k 1
        a3: CLIENT TRACKING ON
        w2: MSET k 1 l 1
        a3: MGET k l
        a3: CLIENT TRACKING OFF
        a3: CLIENT TRACKING ON BCAST PREFIX x
        w2: MSET k 1 l 1 x 1
    """,
    "expiry": """
        a3: CLIENT TRACKING ON
        b3: CLIENT TRACKING ON BCAST
        w2: SET k 1 PX 20
        a3: GET k
        passes 40
        w2: EXISTS k
        a3: GET k
        w2: SET k 1
        w2: SET k 1 PX 20
        a3: GET k
        passes 40
        a3: GET k
        a3: GET k
        a3: EXPIRE k 100
        w2: SET k 1
        a3: GET k
        w2: EXPIRE k 100
        a3: TTL k
        w2: PERSIST k
        a3: GET k
        w2: EXPIRE k -1
    """,
    "errors and reads that write": """
        a3: CLIENT TRACKING ON
        w2: SET k string
        a3: LRANGE k 0 -1
        w2: SET k 1
        a3: GETEX k
        w2: SET k 2
        a3: SORT k
        a3: SORT_RO list
        w2: RPUSH list 1
        a3: GET k extra
        a3: INCR k
        w2: SET k 3
        a3: TYPE k
        a3: OBJECT ENCODING k
        w2: SET k 4
        a3: KEYS k
        a3: SCAN 0 MATCH k
        w2: SET k 5
    """,
    "replies off": """
        a3: CLIENT TRACKING ON
        a3: GET k
        a3! CLIENT REPLY OFF
        w2: SET k 1
        a3! GET k
        a3! SET k 2
        a3: CLIENT REPLY ON
        a3: GET k
        a3: CLIENT REPLY SKIP | SET k 3 | PING
    """,
    "blocked clients": """
        a3: CLIENT TRACKING ON
        a3: LRANGE q 0 -1
        a3! BLPOP q 0
        w2: RPUSH q 1
        a3: LLEN q
        w2: RPUSH q 2
    """,
    "what CLIENT LIST and INFO tell": """
        a3: CLIENT TRACKING ON
        b2: CLIENT TRACKING ON BCAST PREFIX x PREFIX y
        c2: CLIENT TRACKING ON REDIRECT @a3
        tells
        a3: MGET k l m
        c2: GET k
        tells
        w2: SET k 1
        tells
        a3 closes
        c2: GET k
        w2: SET k 2
        tells
        b2: CLIENT TRACKING ON BCAST PREFIX x1
        b2: CLIENT TRACKING ON BCAST PREFIX z
        tells
        b2 closes
        tells
        w2: FLUSHALL
        tells
    """,
}
