#include "server/request/auth.h"
#include "server/acl/acl.h"
#include "server/acl/acl_check.h"
#include "server/services.h"

bool auth_is_asked_for(const struct services *services)
{
    return !acl_is_open(services->acl);
}

bool auth_login(struct services *services, struct session *session, struct slice command, struct slice user,
                struct slice password)
{
    struct acl_user *found = acl_authenticate(services->acl, user, password);

    if (found == NULL) {
        acl_note_login(services, session, command, user);
        return false;
    }
    session->flags |= SESSION_AUTHENTICATED;
    session->user = found;
    return true;
}

void auth_begin(const struct acl *acl, struct session *session)
{
    session->user = acl_default(acl);
    session->flags &= ~(uint32_t)SESSION_AUTHENTICATED;
    if (acl_is_open(acl)) {
        session->flags |= SESSION_AUTHENTICATED;
    }
}
