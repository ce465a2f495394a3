#include "server/http/status_page.h"
#include "server/http/html.h"
#include "server/http/status_view.h"
#include "server/http/topology.h"
#include <time.h>

static const char style[] =
    ":root{color-scheme:light dark;--ink:#1c2733;--soft:#5d6b7a;--paper:#f5f7f9;--card:#fff;--edge:#dde3e9;"
    "--good:#1f8a55;--late:#b7791f;--bad:#c53030;--self:#2b6cb0}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e4e9ee;--soft:#94a3b3;--paper:#12181f;--card:#1b242e;"
    "--edge:#2f3b48;--good:#48bb78;--late:#ecc94b;--bad:#fc8181;--self:#63b3ed}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;max-width:1020px;padding:28px 20px;background:var(--paper);color:var(--ink);"
    "font:15px/1.5 system-ui,sans-serif}\n"
    "header{display:flex;flex-wrap:wrap;align-items:baseline;gap:6px 16px;margin-bottom:20px}\n"
    "h1{font-size:24px;margin:0}h2{font-size:13px;font-weight:600;margin:0 0 12px;color:var(--soft);"
    "text-transform:uppercase;letter-spacing:.06em}\n"
    ".soft{color:var(--soft)}.badge{padding:2px 12px;border-radius:99px;color:#fff;font-weight:600}\n"
    ".badge.good{background:#1f8a55}.badge.late{background:#9c6510}.badge.bad{background:#c53030}\n"
    ".id{font:12.5px ui-monospace,monospace}\n"
    "section{background:var(--card);border:1px solid var(--edge);border-radius:12px;padding:18px 20px;"
    "margin-bottom:16px}\n"
    ".pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(320px,1fr));gap:0 16px}\n"
    "dl{display:grid;grid-template-columns:auto 1fr;gap:5px 18px;margin:0}dt{color:var(--soft)}\n"
    "dd{margin:0;text-align:right;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}\n"
    "svg{max-width:100%;height:auto;display:block;margin:0 auto;overflow:visible}\n"
    ".box{fill:var(--card);stroke-width:2}.line{fill:none;stroke-width:2}\n"
    ".good{stroke:var(--good)}.late{stroke:var(--late)}.bad{stroke:var(--bad)}.self{stroke:var(--self)}\n"
    ".line.late,.line.bad{stroke-dasharray:6 5}\n"
    ".head{stroke:none}.head.good{fill:var(--good)}.head.late{fill:var(--late)}.head.bad{fill:var(--bad)}\n"
    "text{fill:var(--ink);font:13px system-ui,sans-serif}.role{fill:var(--soft)}\n"
    ".title{font-weight:600;font-size:14px}.words{fill:var(--soft);font-size:12px;text-anchor:end}\n"
    "ol{margin:0;padding:0;list-style:none}li{display:flex;gap:14px;padding:3px 0}\n"
    "li time{color:var(--soft);white-space:nowrap;font-variant-numeric:tabular-nums}\n"
    "footer{color:var(--soft);font-size:13px}a{color:inherit}\n";

static void put_time(struct buf *out, uint64_t wall_ms)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc;
    char text[32] = "";

    (void)gmtime_r(&seconds, &utc);
    (void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &utc);
    buf_put_text(out, text);
}

/* --- Rows of a list --- */

static void begin_row(struct buf *out, const char *name)
{
    buf_put_format(out, "<dt>%s</dt><dd>", name);
}

static void end_row(struct buf *out)
{
    buf_put_text(out, "</dd>\n");
}

static void row_text(struct buf *out, const char *name, const char *text)
{
    begin_row(out, name);
    html_put_text(out, text);
    end_row(out);
}

static void row_count(struct buf *out, const char *name, uint64_t count)
{
    begin_row(out, name);
    html_put_count(out, count);
    end_row(out);
}

static void row_bytes(struct buf *out, const char *name, uint64_t bytes)
{
    begin_row(out, name);
    html_put_bytes(out, bytes);
    end_row(out);
}

/* --- Sections --- */

static void write_header(const struct status_view *view, struct buf *out)
{
    buf_put_format(out, "<header><h1>Hearth</h1><span class=\"soft\">%s, port %u, up ", view->version, view->port);
    html_put_seconds(out, view->uptime_s);
    buf_put_format(out, "</span><span class=\"badge %s\">",
                   !view->is_healthy                       ? "bad"
                   : view->is_replica && !view->link.is_up ? "late"
                                                           : "good");
    html_put_text(out, view->health);
    buf_put_text(out, "</span></header>\n");
}

static void write_topology(const struct status_view *view, struct buf *out)
{
    buf_put_text(out, "<section><h2>Replication</h2>\n");
    topology_draw(view, out);
    if (view->replica_total > view->replica_count) {
        buf_put_format(out, "<p class=\"soft\">and %zu more replicas</p>\n", view->replica_total - view->replica_count);
    }
    if (view->is_replica && !view->link.is_up && view->link.problem[0] != '\0') {
        buf_put_text(out, "<p class=\"soft\">");
        html_put_text(out, view->link.problem);
        buf_put_text(out, "</p>\n");
    }
    buf_put_text(out, "</section>\n");
}

static void write_durability(const struct status_view *view, struct buf *out)
{
    buf_put_text(out, "<section><h2>Durability</h2><dl>\n");
    row_text(out, "appendfsync", view->sync_policy);
    row_count(out, "log's end, offset", view->log_end);
    row_bytes(out, "not on disk yet", view->log_end - view->log_durable);
    row_bytes(out, "held back from replies", view->log_end - view->log_released);
    row_bytes(out, "log on disk", view->log_disk_bytes);
    begin_row(out, "sync of the log, last and mean");
    html_put_microseconds(out, view->last_sync_us);
    buf_put_text(out, ", ");
    html_put_microseconds(out, view->mean_sync_us);
    end_row(out);
    buf_put_text(out, "</dl></section>\n");
}

static void write_checkpoints(const struct status_view *view, struct buf *out)
{
    buf_put_text(out, "<section><h2>Checkpoints and disk</h2><dl>\n");
    begin_row(out, "last checkpoint");
    if (view->checkpoint_wall_ms == 0) {
        buf_put_text(out, "none since the start");
    } else {
        html_put_seconds(out, view->now_ms > view->checkpoint_wall_ms ? (view->now_ms - view->checkpoint_wall_ms) / 1000
                                                                      : 0);
        buf_put_text(out, " ago, took ");
        html_put_microseconds(out, view->checkpoint_us);
    }
    end_row(out);
    row_count(out, "changes since then", view->changes_since_checkpoint);
    begin_row(out, "checkpoints, failed");
    html_put_count(out, view->checkpoint_count);
    buf_put_text(out, ", ");
    html_put_count(out, view->checkpoint_failures);
    end_row(out);
    row_bytes(out, "data file", view->data_file_bytes);
    begin_row(out, "disk free");
    html_put_bytes(out, view->disk_free_bytes);
    buf_put_text(out, " of ");
    html_put_bytes(out, view->disk_total_bytes);
    end_row(out);
    buf_put_text(out, "</dl></section>\n");
}

static void write_load(const struct status_view *view, struct buf *out)
{
    buf_put_text(out, "<section><h2>Load</h2><dl>\n");
    row_count(out, "clients", view->client_count);
    row_count(out, "commands a second", view->commands_per_second);
    row_count(out, "keys", view->key_count);
    row_bytes(out, "memory, files apart", view->memory_bytes);
    buf_put_text(out, "</dl></section>\n");
}

static void write_history(const struct status_view *view, struct buf *out)
{
    buf_put_text(out, "<section><h2>History</h2><dl>\n");
    buf_put_format(out, "<dt>id</dt><dd class=\"id\">%s</dd>\n", view->history);
    row_count(out, "replicas", view->replica_total);
    buf_put_text(out, "</dl></section>\n");
}

static void write_events(const struct status_view *view, struct buf *out)
{
    if (view->event_count == 0) {
        return;
    }
    buf_put_text(out, "<section><h2>What happened lately</h2><ol>\n");
    for (size_t i = view->event_count; i-- > 0;) {
        buf_put_text(out, "<li><time>");
        put_time(out, view->events[i].wall_ms);
        buf_put_text(out, "</time><span>");
        html_put_text(out, view->events[i].text);
        buf_put_text(out, "</span></li>\n");
    }
    buf_put_text(out, "</ol></section>\n");
}

void status_page_write(const struct status_view *view, struct buf *out)
{
    buf_put_format(out,
                   "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                   "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                   "<meta http-equiv=\"refresh\" content=\"%d\">\n<title>Hearth on port %u: %s</title>\n<style>\n",
                   STATUS_PAGE_REFRESH_S, view->port, view->is_replica ? "replica" : "master");
    buf_put_text(out, style);
    buf_put_text(out, "</style></head><body>\n");
    write_header(view, out);
    write_topology(view, out);
    buf_put_text(out, "<div class=\"pair\">\n");
    write_durability(view, out);
    write_checkpoints(view, out);
    write_load(view, out);
    write_history(view, out);
    buf_put_text(out, "</div>\n");
    write_events(view, out);
    buf_put_text(out, "<footer>");
    put_time(out, view->now_ms);
    buf_put_format(out,
                   " UTC, every %d s &middot; <a href=\"/metrics\">metrics</a> &middot; "
                   "<a href=\"/healthz\">healthz</a></footer>\n</body></html>\n",
                   STATUS_PAGE_REFRESH_S);
}
