#include "support/fault_file.h"
#include "base/assert.h"
#include "base/memory.h"
#include <errno.h>
#include <pthread.h>

struct node;

struct name {
    char *text; /* Owned. */
    struct node *node;
};

/* The names of a folder, as readers see them or as they are on disk. */
struct names {
    struct name *items;
    size_t count;
    size_t capacity;
};

/* A file or a folder. Nodes live until sweep() finds that nothing leads to them. */
struct node {
    struct node *next; /* All nodes of the disk. */
    bool is_folder;
    bool is_reached; /* By the mark phase of sweep(). */
    struct fault_content content;
    struct names cached;
    struct names durable;
};

/* One change of names that no folder sync has made durable: `from` loses its name, `to` gets it. A creation has no
 * `from`, a removal no `to`. A rename is one change, so a crash keeps or drops both its sides. */
struct name_change {
    struct node *from_folder;
    char *from;
    struct node *to_folder;
    char *to;
    struct node *node; /* What `to` names then. */
    bool is_chosen;    /* By sync_directory(). */
};

struct handle {
    struct file base;
    struct fault_file *disk;
    struct handle *next;
    struct node *node;
    uint64_t epoch; /* Of its opening; older than the disk's after a crash. */
    bool is_writable;
};

struct fault_file {
    struct file_system system; /* First, so that the one is the other. */
    pthread_mutex_t mutex;     /* Guards all below. */
    struct node *nodes;
    struct node *root;
    struct handle *handles;
    struct name_change *changes;
    size_t change_count;
    size_t change_capacity;
    uint64_t epoch; /* Crashes so far. */
    uint64_t counts[FAULT_ANY + 1];
    enum fault_operation failing; /* With fail_at 0: none. */
    uint64_t fail_at;             /* The value of its count that fails. */
    enum status fail_status;
    bool fails_for_ever;
    bool has_failed;
    uint64_t free_bytes;
};

static struct fault_file *lock(struct file_system *system)
{
    struct fault_file *disk = (struct fault_file *)(void *)system;

    pthread_mutex_lock(&disk->mutex);
    return disk;
}

static enum status unlock(struct fault_file *disk, enum status status)
{
    pthread_mutex_unlock(&disk->mutex);
    switch (status) {
    case STATUS_OK:
        break;
    case STATUS_NO_SPACE:
        errno = ENOSPC;
        break;
    case STATUS_NOT_FOUND:
        errno = ENOENT;
        break;
    case STATUS_EXISTS:
        errno = EEXIST;
        break;
    default:
        errno = EIO;
        break;
    }
    return status;
}

/* Count the operation, and tell whether it is one that shall fail. */
static bool count_operation(struct fault_file *disk, enum fault_operation operation)
{
    bool fails;

    disk->counts[operation]++;
    disk->counts[FAULT_ANY]++;
    if (disk->fail_at == 0 || (disk->failing != operation && disk->failing != FAULT_ANY)) {
        return false;
    }
    fails = disk->counts[disk->failing] == disk->fail_at ||
            (disk->fails_for_ever && disk->counts[disk->failing] > disk->fail_at);
    disk->has_failed |= fails;
    return fails;
}

/* --- Names --- */

static struct name *find_name(struct names *names, const char *text)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->items[i].text, text) == 0) {
            return &names->items[i];
        }
    }
    return NULL;
}

static void clear_name(struct names *names, const char *text)
{
    struct name *name = find_name(names, text);

    if (name != NULL) {
        memory_free(name->text);
        *name = names->items[--names->count];
    }
}

static void set_name(struct names *names, const char *text, struct node *node)
{
    struct name *name = find_name(names, text);

    if (name != NULL) {
        name->node = node;
        return;
    }
    if (names->count == names->capacity) {
        names->capacity = names->capacity == 0 ? 8 : names->capacity * 2;
        names->items = memory_resize(names->items, names->capacity * sizeof(*names->items));
    }
    names->items[names->count++] = (struct name){.text = memory_copy_text(text), .node = node};
}

static void release_names(struct names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        memory_free(names->items[i].text);
    }
    memory_free(names->items);
    *names = (struct names){0};
}

static struct node *create_node(struct fault_file *disk, bool is_folder)
{
    struct node *node = memory_allocate_zeroed(sizeof(*node));

    node->is_folder = is_folder;
    node->next = disk->nodes;
    disk->nodes = node;
    return node;
}

/* Where a path leads: the folder and the last name in it, which may not be there yet. The root has no name. */
struct place {
    struct node *folder;
    char name[256];
    struct node *node; /* NULL if the name is not there. */
};

static enum status find_place(struct fault_file *disk, const char *path, struct place *place)
{
    *place = (struct place){.node = disk->root};
    for (;;) {
        struct name *name;
        size_t len;

        path += strspn(path, "/");
        len = strcspn(path, "/");
        if (len == 0) {
            return STATUS_OK;
        }
        if (len != 1 || path[0] != '.') {
            if (place->node == NULL || !place->node->is_folder) {
                return STATUS_NOT_FOUND;
            }
            ASSERT(len < sizeof(place->name));
            ASSERT(len != 2 || memcmp(path, "..", 2) != 0);
            place->folder = place->node;
            memcpy(place->name, path, len);
            place->name[len] = '\0';
            name = find_name(&place->folder->cached, place->name);
            place->node = name == NULL ? NULL : name->node;
        }
        path += len;
    }
}

static char *copy_name(const char *text)
{
    return text == NULL ? NULL : memory_copy_text(text);
}

static void apply_name_change(const struct name_change *change, bool is_durable)
{
    if (change->from != NULL) {
        clear_name(is_durable ? &change->from_folder->durable : &change->from_folder->cached, change->from);
    }
    if (change->to != NULL) {
        set_name(is_durable ? &change->to_folder->durable : &change->to_folder->cached, change->to, change->node);
    }
}

/* Take the name from `from` (or nobody) and give `node` to `to` (or nobody), for readers now and for the disk later. */
static void change_name(struct fault_file *disk, const struct place *from, const struct place *to, struct node *node)
{
    struct name_change change = {.node = node};

    if (from != NULL) {
        change.from_folder = from->folder;
        change.from = copy_name(from->name);
    }
    if (to != NULL) {
        change.to_folder = to->folder;
        change.to = copy_name(to->name);
    }
    if (disk->change_count == disk->change_capacity) {
        disk->change_capacity = disk->change_capacity == 0 ? 16 : disk->change_capacity * 2;
        disk->changes = memory_resize(disk->changes, disk->change_capacity * sizeof(change));
    }
    disk->changes[disk->change_count++] = change;
    apply_name_change(&change, false);
}

static void release_name_change(struct name_change *change)
{
    memory_free(change->from);
    memory_free(change->to);
}

static void give_space(struct fault_file *disk, const struct node *node)
{
    if (disk->free_bytes != UINT64_MAX && node != NULL) {
        disk->free_bytes += node->content.cached_len;
    }
}

/* --- Sweep --- */

static void mark(struct node *node)
{
    if (node == NULL || node->is_reached) {
        return;
    }
    node->is_reached = true;
    for (size_t i = 0; i < node->cached.count; i++) {
        mark(node->cached.items[i].node);
    }
    for (size_t i = 0; i < node->durable.count; i++) {
        mark(node->durable.items[i].node);
    }
}

static void free_node(struct node *node)
{
    fault_content_release(&node->content);
    release_names(&node->cached);
    release_names(&node->durable);
    memory_free(node);
}

/* Free the nodes that no name, pending change or open file leads to. */
static void sweep(struct fault_file *disk)
{
    struct node **link = &disk->nodes;

    mark(disk->root);
    for (struct handle *handle = disk->handles; handle != NULL; handle = handle->next) {
        mark(handle->node);
    }
    for (size_t i = 0; i < disk->change_count; i++) {
        mark(disk->changes[i].from_folder);
        mark(disk->changes[i].to_folder);
        mark(disk->changes[i].node);
    }
    while (*link != NULL) {
        struct node *node = *link;

        if (node->is_reached) {
            node->is_reached = false;
            link = &node->next;
        } else {
            *link = node->next;
            free_node(node);
        }
    }
}

/* --- Operations on paths --- */

static enum status find_or_create(struct fault_file *disk, const char *path, enum file_mode mode, struct node **node)
{
    struct place place;
    enum status status = find_place(disk, path, &place);

    if (status != STATUS_OK) {
        return status;
    }
    if (place.node != NULL) {
        if (mode == FILE_CREATE) {
            return STATUS_EXISTS;
        }
        if (place.node->is_folder && mode != FILE_READ) {
            return STATUS_IO;
        }
        if (mode == FILE_CREATE_OR_TRUNCATE && place.node->content.cached_len > 0) {
            give_space(disk, place.node);
            fault_content_truncate(&place.node->content, 0);
        }
        *node = place.node;
        return STATUS_OK;
    }
    if (mode == FILE_READ || mode == FILE_WRITE) {
        return STATUS_NOT_FOUND;
    }
    *node = create_node(disk, false);
    change_name(disk, NULL, &place, *node);
    return STATUS_OK;
}

static enum status open_file(struct file_system *system, const char *path, enum file_mode mode, struct file **file)
{
    struct fault_file *disk = lock(system);
    struct handle *handle;
    struct node *node;
    enum status status;

    if (count_operation(disk, FAULT_OPEN)) {
        return unlock(disk, disk->fail_status);
    }
    status = find_or_create(disk, path, mode, &node);
    if (status != STATUS_OK) {
        return unlock(disk, status);
    }
    handle = memory_allocate(sizeof(*handle));
    *handle = (struct handle){.base = {.system = system},
                              .disk = disk,
                              .next = disk->handles,
                              .node = node,
                              .epoch = disk->epoch,
                              .is_writable = mode != FILE_READ};
    disk->handles = handle;
    *file = &handle->base;
    return unlock(disk, STATUS_OK);
}

/* May what `to` names be replaced by `node`, by the rules of rename(2)? */
static enum status check_replacement(const struct node *node, const struct node *replaced)
{
    if (replaced == NULL || replaced == node) {
        return STATUS_OK;
    }
    if (replaced->is_folder != node->is_folder) {
        return STATUS_IO;
    }
    return replaced->cached.count > 0 ? STATUS_EXISTS : STATUS_OK;
}

static enum status rename_path(struct file_system *system, const char *from, const char *to)
{
    struct fault_file *disk = lock(system);
    struct place from_place;
    struct place to_place;
    enum status status;

    if (count_operation(disk, FAULT_RENAME)) {
        return unlock(disk, disk->fail_status);
    }
    status = find_place(disk, from, &from_place);
    if (status == STATUS_OK) {
        status = find_place(disk, to, &to_place);
    }
    if (status != STATUS_OK || from_place.node == NULL) {
        return unlock(disk, STATUS_NOT_FOUND);
    }
    status = check_replacement(from_place.node, to_place.node);
    if (status == STATUS_OK && to_place.node != from_place.node) {
        give_space(disk, to_place.node);
        change_name(disk, &from_place, &to_place, from_place.node);
    }
    return unlock(disk, status);
}

static enum status remove_path(struct file_system *system, const char *path)
{
    struct fault_file *disk = lock(system);
    struct place place;

    if (count_operation(disk, FAULT_REMOVE)) {
        return unlock(disk, disk->fail_status);
    }
    if (find_place(disk, path, &place) != STATUS_OK || place.node == NULL) {
        return unlock(disk, STATUS_NOT_FOUND);
    }
    if (place.folder == NULL || place.node->cached.count > 0) {
        return unlock(disk, STATUS_EXISTS);
    }
    give_space(disk, place.node);
    change_name(disk, &place, NULL, NULL);
    return unlock(disk, STATUS_OK);
}

static enum status make_directory(struct file_system *system, const char *path)
{
    struct fault_file *disk = lock(system);
    struct place place;

    if (count_operation(disk, FAULT_MAKE_DIRECTORY)) {
        return unlock(disk, disk->fail_status);
    }
    if (find_place(disk, path, &place) != STATUS_OK) {
        return unlock(disk, STATUS_NOT_FOUND);
    }
    if (place.node != NULL) {
        return unlock(disk, STATUS_EXISTS);
    }
    change_name(disk, NULL, &place, create_node(disk, true));
    return unlock(disk, STATUS_OK);
}

/* Choose those of the first `count` pending changes that a sync of `folder` brings to the disk: its own, and, because a
 * rename between two folders is one, what came before it in the other. */
static void choose_changes(struct fault_file *disk, struct node *folder, size_t count)
{
    for (size_t i = count; i-- > 0;) {
        struct name_change *change = &disk->changes[i];

        if (change->is_chosen || (change->from_folder != folder && change->to_folder != folder)) {
            continue;
        }
        change->is_chosen = true;
        if (change->from_folder != NULL && change->from_folder != folder) {
            choose_changes(disk, change->from_folder, i);
        }
        if (change->to_folder != NULL && change->to_folder != folder) {
            choose_changes(disk, change->to_folder, i);
        }
    }
}

static enum status sync_directory(struct file_system *system, const char *path)
{
    struct fault_file *disk = lock(system);
    struct place place;
    size_t kept = 0;

    if (count_operation(disk, FAULT_SYNC_DIRECTORY)) {
        return unlock(disk, disk->fail_status);
    }
    if (find_place(disk, path, &place) != STATUS_OK || place.node == NULL || !place.node->is_folder) {
        return unlock(disk, STATUS_NOT_FOUND);
    }
    choose_changes(disk, place.node, disk->change_count);
    for (size_t i = 0; i < disk->change_count; i++) {
        if (disk->changes[i].is_chosen) {
            apply_name_change(&disk->changes[i], true);
            release_name_change(&disk->changes[i]);
        } else {
            disk->changes[kept++] = disk->changes[i];
        }
    }
    disk->change_count = kept;
    sweep(disk);
    return unlock(disk, STATUS_OK);
}

/* The visitor may use the disk, so it is called for a copy of the names, with the mutex free. */
static enum status list_directory(struct file_system *system, const char *path,
                                  void (*visit)(void *context, const char *name), void *context)
{
    struct fault_file *disk = lock(system);
    struct names copy = {0};
    struct place place;

    if (count_operation(disk, FAULT_LIST)) {
        return unlock(disk, disk->fail_status);
    }
    if (find_place(disk, path, &place) != STATUS_OK || place.node == NULL || !place.node->is_folder) {
        return unlock(disk, STATUS_NOT_FOUND);
    }
    for (size_t i = 0; i < place.node->cached.count; i++) {
        set_name(&copy, place.node->cached.items[i].text, NULL);
    }
    (void)unlock(disk, STATUS_OK);
    for (size_t i = 0; i < copy.count; i++) {
        visit(context, copy.items[i].text);
    }
    release_names(&copy);
    return STATUS_OK;
}

/* --- Operations on open files --- */

/* Lock the disk for an operation on `file`. With STATUS_OK it is held and so is `*handle`; else it is free. */
static enum status begin(struct file *file, enum fault_operation operation, struct handle **handle, bool *fails)
{
    struct fault_file *disk = lock(file->system);

    *handle = (struct handle *)(void *)file;
    *fails = count_operation(disk, operation);
    if ((*handle)->epoch != disk->epoch || (*handle)->node->is_folder) {
        return unlock(disk, STATUS_IO);
    }
    return STATUS_OK;
}

static void close_file(struct file *file)
{
    struct fault_file *disk = lock(file->system);
    struct handle **link = &disk->handles;

    while (&(*link)->base != file) {
        link = &(*link)->next;
    }
    *link = (*link)->next;
    memory_free(file);
    pthread_mutex_unlock(&disk->mutex);
}

static enum status read_file(struct file *file, uint64_t offset, char *to, size_t len, size_t *read_len)
{
    struct handle *handle;
    bool fails;
    enum status status = begin(file, FAULT_READ, &handle, &fails);
    const struct fault_content *content;
    uint64_t left;

    if (status != STATUS_OK || fails) {
        return status != STATUS_OK ? status : unlock(handle->disk, handle->disk->fail_status);
    }
    content = &handle->node->content;
    left = offset < content->cached_len ? content->cached_len - offset : 0;
    *read_len = len < left ? len : (size_t)left;
    if (*read_len > 0) {
        memcpy(to, content->cached + offset, *read_len);
    }
    return unlock(handle->disk, STATUS_OK);
}

/* Take from the free space what a write up to `end` needs, or what there is; returns where the write must stop. */
static uint64_t take_space(struct fault_file *disk, const struct fault_content *content, uint64_t end)
{
    uint64_t growth = end > content->cached_len ? end - content->cached_len : 0;

    if (disk->free_bytes == UINT64_MAX) {
        return end;
    }
    if (growth > disk->free_bytes) {
        growth = disk->free_bytes;
        end = content->cached_len + growth;
    }
    disk->free_bytes -= growth;
    return end;
}

static enum status write_file(struct file *file, uint64_t offset, const struct slice *pieces, size_t count)
{
    struct handle *handle;
    bool fails;
    enum status status = begin(file, FAULT_WRITE, &handle, &fails);
    struct fault_content *content;
    uint64_t len = 0;
    uint64_t wanted_end;
    uint64_t end;

    if (status != STATUS_OK) {
        return status;
    }
    ASSERT(handle->is_writable);
    content = &handle->node->content;
    for (size_t i = 0; i < count; i++) {
        len += pieces[i].len;
    }
    wanted_end = offset + (fails ? len / 2 : len);
    end = take_space(handle->disk, content, wanted_end);
    for (size_t i = 0; i < count && offset < end; i++) {
        struct slice piece = pieces[i];

        piece.len = piece.len < end - offset ? piece.len : (size_t)(end - offset);
        fault_content_write(content, offset, piece);
        offset += piece.len;
    }
    if (fails) {
        status = handle->disk->fail_status;
    } else if (end < wanted_end) {
        status = STATUS_NO_SPACE;
    }
    return unlock(handle->disk, status);
}

static enum status get_size(struct file *file, uint64_t *size_bytes)
{
    struct handle *handle;
    bool fails;
    enum status status = begin(file, FAULT_SIZE, &handle, &fails);

    if (status != STATUS_OK || fails) {
        return status != STATUS_OK ? status : unlock(handle->disk, handle->disk->fail_status);
    }
    *size_bytes = handle->node->content.cached_len;
    return unlock(handle->disk, STATUS_OK);
}

static enum status truncate_file(struct file *file, uint64_t size_bytes)
{
    struct handle *handle;
    bool fails;
    enum status status = begin(file, FAULT_TRUNCATE, &handle, &fails);
    struct fault_content *content;

    if (status != STATUS_OK || fails) {
        return status != STATUS_OK ? status : unlock(handle->disk, handle->disk->fail_status);
    }
    ASSERT(handle->is_writable);
    content = &handle->node->content;
    if (handle->disk->free_bytes != UINT64_MAX && size_bytes < content->cached_len) {
        handle->disk->free_bytes += content->cached_len - size_bytes;
    }
    fault_content_truncate(content, size_bytes); /* Growing leaves a hole, which takes no space. */
    return unlock(handle->disk, STATUS_OK);
}

static enum status sync_file(struct file *file)
{
    struct handle *handle;
    bool fails;
    enum status status = begin(file, FAULT_SYNC, &handle, &fails);

    if (status != STATUS_OK) {
        return status;
    }
    if (fails) {
        fault_content_fail_sync(&handle->node->content);
        return unlock(handle->disk, handle->disk->fail_status);
    }
    fault_content_sync(&handle->node->content);
    return unlock(handle->disk, STATUS_OK);
}

/* --- The test's side --- */

struct fault_file *fault_file_create(void)
{
    static const struct file_system_operations operations = {
        .open = open_file,
        .close = close_file,
        .read = read_file,
        .write = write_file,
        .size = get_size,
        .truncate = truncate_file,
        .sync = sync_file,
        .rename = rename_path,
        .remove = remove_path,
        .make_directory = make_directory,
        .sync_directory = sync_directory,
        .list = list_directory,
    };
    struct fault_file *disk = memory_allocate_zeroed(sizeof(*disk));

    disk->system.operations = &operations;
    pthread_mutex_init(&disk->mutex, NULL);
    disk->root = create_node(disk, true);
    disk->free_bytes = UINT64_MAX;
    return disk;
}

void fault_file_free(struct fault_file *disk)
{
    while (disk->handles != NULL) {
        close_file(&disk->handles->base);
    }
    for (size_t i = 0; i < disk->change_count; i++) {
        release_name_change(&disk->changes[i]);
    }
    memory_free(disk->changes);
    while (disk->nodes != NULL) {
        struct node *next = disk->nodes->next;

        free_node(disk->nodes);
        disk->nodes = next;
    }
    pthread_mutex_destroy(&disk->mutex);
    memory_free(disk);
}

struct file_system *fault_file_system(struct fault_file *disk)
{
    return &disk->system;
}

static bool survives(enum fault_survival survival, struct random *random)
{
    if (survival == FAULT_KEEP_NONE || survival == FAULT_KEEP_ALL) {
        return survival == FAULT_KEEP_ALL;
    }
    return random_below(random, 2) == 1;
}

static void crash_node(struct node *node, enum fault_survival survival, struct random *random)
{
    fault_content_crash(&node->content, survival, random);
    release_names(&node->cached);
    for (size_t i = 0; i < node->durable.count; i++) {
        set_name(&node->cached, node->durable.items[i].text, node->durable.items[i].node);
    }
}

void fault_file_crash(struct fault_file *disk, enum fault_survival survival, uint64_t seed)
{
    struct random random;

    random_init(&random, seed);
    pthread_mutex_lock(&disk->mutex);
    /* Each change of a name goes its own way, which is more than file systems with a journal do to us. */
    for (size_t i = 0; i < disk->change_count; i++) {
        if (survives(survival, &random)) {
            apply_name_change(&disk->changes[i], true);
        }
        release_name_change(&disk->changes[i]);
    }
    disk->change_count = 0;
    for (struct node *node = disk->nodes; node != NULL; node = node->next) {
        crash_node(node, survival, &random);
    }
    disk->epoch++;
    disk->fail_at = 0;
    disk->free_bytes = UINT64_MAX;
    sweep(disk);
    pthread_mutex_unlock(&disk->mutex);
}

void fault_file_fail(struct fault_file *disk, enum fault_operation operation, uint64_t nth, enum status status,
                     bool for_ever)
{
    ASSERT(nth > 0 && status != STATUS_OK);
    pthread_mutex_lock(&disk->mutex);
    disk->failing = operation;
    disk->fail_at = disk->counts[operation] + nth;
    disk->fail_status = status;
    disk->fails_for_ever = for_ever;
    disk->has_failed = false;
    pthread_mutex_unlock(&disk->mutex);
}

void fault_file_heal(struct fault_file *disk)
{
    pthread_mutex_lock(&disk->mutex);
    disk->fail_at = 0;
    disk->free_bytes = UINT64_MAX;
    pthread_mutex_unlock(&disk->mutex);
}

bool fault_file_has_failed(struct fault_file *disk)
{
    bool has_failed;

    pthread_mutex_lock(&disk->mutex);
    has_failed = disk->has_failed;
    pthread_mutex_unlock(&disk->mutex);
    return has_failed;
}

uint64_t fault_file_operation_count(struct fault_file *disk, enum fault_operation operation)
{
    uint64_t count;

    pthread_mutex_lock(&disk->mutex);
    count = disk->counts[operation];
    pthread_mutex_unlock(&disk->mutex);
    return count;
}

void fault_file_set_free_bytes(struct fault_file *disk, uint64_t free_bytes)
{
    pthread_mutex_lock(&disk->mutex);
    disk->free_bytes = free_bytes;
    pthread_mutex_unlock(&disk->mutex);
}
