/* libevent's struct event, complete, so that it can be embedded in what it belongs to. Its header brings lists of its
 * own, whose LIST_ENTRY must not be ours. */
#ifndef SERVER_NET_EVENT_EMBED_H
#define SERVER_NET_EVENT_EMBED_H

#include <event2/event.h>

#pragma push_macro("LIST_ENTRY")
#undef LIST_ENTRY
#include <event2/event_struct.h>
#pragma pop_macro("LIST_ENTRY")

#endif
