#include "server/request/auth.h"
#include "server/config/config.h"
#include "server/net/session.h"

bool auth_is_open(const struct config *config)
{
    return config->require_password[0] == '\0';
}

/* Looks at as many bytes as were given, whatever they are, so that time tells nothing of the password. */
static bool is_same(struct slice given, struct slice wanted)
{
    unsigned char difference = given.len != wanted.len;

    for (size_t i = 0; i < given.len; i++) {
        char against = wanted.len == 0 ? '\0' : wanted.data[i % wanted.len];

        difference |= (unsigned char)(given.data[i] ^ against);
    }
    return difference == 0;
}

bool auth_login(const struct config *config, struct session *session, struct slice user, struct slice password)
{
    bool is_known = slice_equal(user, slice_of("default"));
    bool is_right = auth_is_open(config) || is_same(password, slice_of(config->require_password));

    if (!is_known || !is_right) {
        return false;
    }
    session->flags |= SESSION_AUTHENTICATED;
    session_set_text(&session->user, user);
    return true;
}

void auth_begin(const struct config *config, struct session *session)
{
    session->flags &= ~(uint32_t)SESSION_AUTHENTICATED;
    if (auth_is_open(config)) {
        session->flags |= SESSION_AUTHENTICATED;
    }
    session_set_text(&session->user, slice_of("default"));
}
