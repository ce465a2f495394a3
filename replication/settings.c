#include "replication/settings.h"

#include "base/memory.h"

static char *copy_text(const char *text)
{
    return text == NULL || text[0] == '\0' ? NULL : memory_copy_text(text);
}

void settings_copy(struct replication_settings *to, const struct replication_settings *from)
{
    *to = *from;
    to->master_user = copy_text(from->master_user);
    to->master_password = copy_text(from->master_password);
    to->announce_ip = copy_text(from->announce_ip);
    to->source_address = copy_text(from->source_address);
}

void settings_release(struct replication_settings *settings)
{
    memory_free((char *)settings->master_user);
    memory_free((char *)settings->master_password);
    memory_free((char *)settings->announce_ip);
    memory_free((char *)settings->source_address);
    settings->master_user = NULL;
    settings->master_password = NULL;
    settings->announce_ip = NULL;
    settings->source_address = NULL;
}
