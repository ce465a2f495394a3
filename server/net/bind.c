#include "server/net/bind.h"
#include "base/memory.h"
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Bind and listen on one resolved address; -1 with errno set. */
static int bind_address(const struct addrinfo *address, int backlog)
{
    int on = 1;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int failure;

    if (fd < 0) {
        return -1;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (address->ai_family == AF_INET6) {
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    }
    if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, backlog) == 0) {
        return fd;
    }
    failure = errno;
    (void)close(fd);
    errno = failure;
    return -1;
}

/* Open one word: -1, with a reason, if it cannot be. */
static int open_word(const struct bind_request *request, const char *word, const char **reason)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    const char *host = word;
    struct addrinfo *addresses;
    char port[8];
    int outcome;
    int fd;

    if (strcmp(word, "*") == 0) {
        hints.ai_family = AF_INET;
        host = NULL;
    } else if (strcmp(word, "::*") == 0) {
        hints.ai_family = AF_INET6;
        host = NULL;
    }
    (void)snprintf(port, sizeof(port), "%u", request->port);
    outcome = getaddrinfo(host, port, &hints, &addresses);
    if (outcome != 0) {
        *reason = gai_strerror(outcome);
        return -1;
    }
    fd = bind_address(addresses, request->backlog);
    freeaddrinfo(addresses);
    *reason = fd < 0 ? strerror(errno) : NULL;
    return fd;
}

/* An optional address may be one that this machine does not have, but not one that is taken. */
static bool may_be_missing(bool is_optional)
{
    return is_optional && (errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT || errno == EPROTONOSUPPORT);
}

/* Open one word of the list behind those that are open already. */
static enum status add_word(const struct bind_request *request, const char *word, int *fds, size_t *count,
                            const char **reason)
{
    bool is_optional = word[0] == '-';
    int fd;

    if (*count == BIND_SOCKETS_MAX) {
        *reason = "too many addresses";
        return STATUS_INVALID;
    }
    errno = 0;
    fd = open_word(request, word + is_optional, reason);
    if (fd >= 0) {
        fds[(*count)++] = fd;
        return STATUS_OK;
    }
    return may_be_missing(is_optional) ? STATUS_OK : STATUS_INVALID;
}

enum status bind_sockets(const struct bind_request *request, int fds[BIND_SOCKETS_MAX], size_t *count, char *error,
                         size_t error_bytes)
{
    char *words = memory_copy_text(request->words);
    enum status status = STATUS_OK;
    char *rest;

    *count = 0;
    for (char *word = strtok_r(words, " \t", &rest); word != NULL && status == STATUS_OK;
         word = strtok_r(NULL, " \t", &rest)) {
        const char *reason;

        status = add_word(request, word, fds, count, &reason);
        if (status != STATUS_OK) {
            (void)snprintf(error, error_bytes, "cannot listen on %s port %u: %s", word + (word[0] == '-'),
                           request->port, reason);
        }
    }
    memory_free(words);
    if (status == STATUS_OK && *count == 0 && request->words[0] != '\0') {
        (void)snprintf(error, error_bytes, "no address of \"%s\" can be listened on", request->words);
        status = STATUS_INVALID;
    }
    while (status != STATUS_OK && *count > 0) {
        (void)close(fds[--*count]);
    }
    return status;
}
