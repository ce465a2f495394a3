/* Three columns: master, this node, replicas. A column that has nothing to show is not there, so that a lone master is
 * one box and not one box between two gaps. Colours are classes of the page's style. */
#include "server/http/topology.h"
#include "server/http/html.h"
#include "server/http/status_view.h"
#include <stdio.h>
#include <string.h>

#define BOX_WIDTH        210
#define BOX_HEIGHT       62
#define GAP_WIDTH        160 /* Between columns: for the line and its words. */
#define ROW_HEIGHT       86
#define MARGIN           12
#define TITLE_CHARACTERS 26 /* Of a box: what fits. */

/* Beyond either a replica that streams counts as late. */
#define LATE_BYTES (1024u * 1024)
#define LATE_S     3

struct box {
    int x; /* Its upper left corner. */
    int y;
    const char *class;
    const char *role;
    char title[64]; /* Escaped when written. */
};

static void draw_text(struct buf *out, int x, int y, const char *class, const char *text)
{
    buf_put_format(out, "<text x=\"%d\" y=\"%d\" class=\"%s\">", x, y, class);
    html_put_text(out, text);
    buf_put_text(out, "</text>");
}

static void draw_box(const struct box *box, struct buf *out)
{
    buf_put_format(out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"10\" class=\"box %s\"/>", box->x,
                   box->y, BOX_WIDTH, BOX_HEIGHT, box->class);
    draw_text(out, box->x + 16, box->y + 25, "role", box->role);
    draw_text(out, box->x + 16, box->y + 47, "title", box->title);
}

/* A line from the right side of one box to the left side of another; words stand above its right end. */
static void draw_line(const struct box *from, const struct box *to, const char *class, struct buf *out)
{
    int x1 = from->x + BOX_WIDTH;
    int y1 = from->y + BOX_HEIGHT / 2;
    int x2 = to->x;
    int y2 = to->y + BOX_HEIGHT / 2;
    int bend = x1 + (x2 - x1) / 5;

    buf_put_format(out,
                   "<path d=\"M%d %d C%d %d %d %d %d %d L%d %d\" class=\"line %s\"/>"
                   "<path d=\"M%d %d l-9 -5 v10 z\" class=\"head %s\"/>",
                   x1, y1, bend, y1, x1, y2, bend, y2, x2 - 8, y2, class, x2, y2, class);
}

/* Two short lines beside the line to `to`, above and below it. */
static void draw_words(const struct box *to, struct slice above, struct slice below, struct buf *out)
{
    int x = to->x - 14;
    int y = to->y + BOX_HEIGHT / 2;

    buf_put_format(out, "<text x=\"%d\" y=\"%d\" class=\"words\">%.*s</text>", x, y - 7, (int)above.len, above.data);
    buf_put_format(out, "<text x=\"%d\" y=\"%d\" class=\"words\">%.*s</text>", x, y + 17, (int)below.len, below.data);
}

static void set_title(struct box *box, const char *host, uint16_t port)
{
    bool is_long = strlen(host) > TITLE_CHARACTERS - 6;

    (void)snprintf(box->title, sizeof(box->title), "%.*s%s:%u", TITLE_CHARACTERS - 6, host, is_long ? "..." : "", port);
}

static void draw_master(const struct status_view *view, const struct box *node, struct buf *out)
{
    struct box master = {.x = MARGIN, .y = node->y, .role = "master"};
    const struct replication_link *link = &view->link;
    struct buf below;

    master.class = link->is_up ? "good" : link->is_syncing ? "late" : "bad";
    set_title(&master, view->master_host, view->master_port);
    draw_line(&master, node, master.class, out);
    draw_box(&master, out);
    buf_init(&below, BUF_NO_CEILING);
    if (link->is_up) {
        buf_put_text(&below, "heard ");
        html_put_seconds(&below, (uint64_t)link->heard_s);
        buf_put_text(&below, " ago");
    } else if (link->is_syncing) {
        html_put_bytes(&below, link->done_bytes);
        buf_put_text(&below, " of ");
        html_put_bytes(&below, link->total_bytes);
    } else if (link->down_s >= 0) {
        buf_put_text(&below, "for ");
        html_put_seconds(&below, (uint64_t)link->down_s);
    }
    draw_words(node,
               slice_of(link->is_up        ? "link up"
                        : link->is_syncing ? "full sync"
                                           : "link down"),
               buf_slice(&below), out);
    buf_release(&below);
}

static void draw_replica(const struct replication_peer *peer, const struct box *node, struct box *box, struct buf *out)
{
    bool is_online = strcmp(peer->state, "online") == 0;
    struct buf above;
    struct buf below;

    box->class = is_online && peer->lag_bytes < LATE_BYTES && peer->lag_s < LATE_S ? "good" : "late";
    box->role = "replica";
    set_title(box, peer->ip, peer->port);
    draw_line(node, box, box->class, out);
    draw_box(box, out);
    buf_init(&above, BUF_NO_CEILING);
    buf_init(&below, BUF_NO_CEILING);
    if (is_online) {
        html_put_bytes(&above, peer->lag_bytes);
        buf_put_text(&above, " behind");
        html_put_seconds(&below, peer->lag_s);
        buf_put_text(&below, " ago");
    } else {
        buf_put_text(&above, "full sync");
        html_put_bytes(&below, peer->sent_bytes);
        buf_put_text(&below, " of ");
        html_put_bytes(&below, peer->payload_bytes);
    }
    draw_words(box, buf_slice(&above), buf_slice(&below), out);
    buf_release(&above);
    buf_release(&below);
}

void topology_draw(const struct status_view *view, struct buf *out)
{
    size_t row_count = view->replica_count == 0 ? 1 : view->replica_count;
    int height = (int)row_count * ROW_HEIGHT - (ROW_HEIGHT - BOX_HEIGHT) + 2 * MARGIN;
    int column_count = 1 + view->is_replica + (view->replica_count != 0);
    int width = column_count * BOX_WIDTH + (column_count - 1) * GAP_WIDTH + 2 * MARGIN;
    struct box node = {.x = MARGIN + (view->is_replica ? BOX_WIDTH + GAP_WIDTH : 0),
                       .y = (height - BOX_HEIGHT) / 2,
                       .class = view->is_healthy ? "self" : "bad",
                       .role = view->is_replica ? "this node, a replica" : "this node, a master"};

    (void)snprintf(node.title, sizeof(node.title), "port %u", view->port);
    buf_put_format(out,
                   "<svg viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" "
                   "aria-label=\"replication topology\">",
                   width, height, width, height);
    if (view->is_replica) {
        draw_master(view, &node, out);
    }
    for (size_t i = 0; i < view->replica_count; i++) {
        struct box box = {.x = node.x + BOX_WIDTH + GAP_WIDTH, .y = MARGIN + (int)i * ROW_HEIGHT};

        draw_replica(&view->replicas[i], &node, &box, out);
    }
    draw_box(&node, out);
    buf_put_text(out, "</svg>\n");
}
