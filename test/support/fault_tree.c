#include "support/fault_tree.h"
#include "base/assert.h"
#include "base/memory.h"

static struct fault_name *find_name(struct fault_names *names, const char *text)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->items[i].text, text) == 0) {
            return &names->items[i];
        }
    }
    return NULL;
}

static void clear_name(struct fault_names *names, const char *text)
{
    struct fault_name *name = find_name(names, text);

    if (name != NULL) {
        memory_free(name->text);
        *name = names->items[--names->count];
    }
}

static void set_name(struct fault_names *names, const char *text, struct fault_node *node)
{
    struct fault_name *name = find_name(names, text);

    if (name != NULL) {
        name->node = node;
        return;
    }
    if (names->count == names->capacity) {
        names->capacity = names->capacity == 0 ? 8 : names->capacity * 2;
        names->items = memory_resize(names->items, names->capacity * sizeof(*names->items));
    }
    names->items[names->count++] = (struct fault_name){.text = memory_copy_text(text), .node = node};
}

static void release_names(struct fault_names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        memory_free(names->items[i].text);
    }
    memory_free(names->items);
    *names = (struct fault_names){0};
}

struct fault_node *fault_tree_create_node(struct fault_tree *tree, bool is_folder)
{
    struct fault_node *node = memory_allocate_zeroed(sizeof(*node));

    node->is_folder = is_folder;
    node->next = tree->nodes;
    tree->nodes = node;
    return node;
}

enum status fault_tree_find(struct fault_tree *tree, const char *path, struct fault_place *place)
{
    *place = (struct fault_place){.node = tree->root};
    for (;;) {
        struct fault_name *name;
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

static void apply_name_change(const struct fault_name_change *change, bool is_durable)
{
    if (change->from != NULL) {
        clear_name(is_durable ? &change->from_folder->durable : &change->from_folder->cached, change->from);
    }
    if (change->to != NULL) {
        set_name(is_durable ? &change->to_folder->durable : &change->to_folder->cached, change->to, change->node);
    }
}

void fault_tree_change_name(struct fault_tree *tree, const struct fault_place *from, const struct fault_place *to,
                            struct fault_node *node)
{
    struct fault_name_change change = {.node = node};

    if (from != NULL) {
        change.from_folder = from->folder;
        change.from = copy_name(from->name);
    }
    if (to != NULL) {
        change.to_folder = to->folder;
        change.to = copy_name(to->name);
    }
    if (tree->change_count == tree->change_capacity) {
        tree->change_capacity = tree->change_capacity == 0 ? 16 : tree->change_capacity * 2;
        tree->changes = memory_resize(tree->changes, tree->change_capacity * sizeof(change));
    }
    tree->changes[tree->change_count++] = change;
    apply_name_change(&change, false);
}

static void release_name_change(struct fault_name_change *change)
{
    memory_free(change->from);
    memory_free(change->to);
}

/* --- Sweep --- */

static void mark(struct fault_node *node)
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

static void free_node(struct fault_node *node)
{
    fault_content_release(&node->content);
    release_names(&node->cached);
    release_names(&node->durable);
    memory_free(node);
}

/* Free the nodes that no name, pending change or open file leads to. */
static void sweep(struct fault_tree *tree)
{
    struct fault_node **link = &tree->nodes;

    mark(tree->root);
    for (struct fault_node *node = tree->nodes; node != NULL; node = node->next) {
        if (node->open_count > 0) {
            mark(node);
        }
    }
    for (size_t i = 0; i < tree->change_count; i++) {
        mark(tree->changes[i].from_folder);
        mark(tree->changes[i].to_folder);
        mark(tree->changes[i].node);
    }
    while (*link != NULL) {
        struct fault_node *node = *link;

        if (node->is_reached) {
            node->is_reached = false;
            link = &node->next;
        } else {
            *link = node->next;
            free_node(node);
        }
    }
}

/* --- Sync and crash --- */

/* Choose those of the first `count` pending changes that a sync of `folder` brings to the disk: its own, and, because a
 * rename between two folders is one, what came before it in the other. */
static void choose_changes(struct fault_tree *tree, struct fault_node *folder, size_t count)
{
    for (size_t i = count; i-- > 0;) {
        struct fault_name_change *change = &tree->changes[i];

        if (change->is_chosen || (change->from_folder != folder && change->to_folder != folder)) {
            continue;
        }
        change->is_chosen = true;
        if (change->from_folder != NULL && change->from_folder != folder) {
            choose_changes(tree, change->from_folder, i);
        }
        if (change->to_folder != NULL && change->to_folder != folder) {
            choose_changes(tree, change->to_folder, i);
        }
    }
}

void fault_tree_sync_folder(struct fault_tree *tree, struct fault_node *folder)
{
    size_t kept = 0;

    choose_changes(tree, folder, tree->change_count);
    for (size_t i = 0; i < tree->change_count; i++) {
        if (tree->changes[i].is_chosen) {
            apply_name_change(&tree->changes[i], true);
            release_name_change(&tree->changes[i]);
        } else {
            tree->changes[kept++] = tree->changes[i];
        }
    }
    tree->change_count = kept;
    sweep(tree);
}

static bool survives(enum fault_survival survival, struct random *random)
{
    if (survival == FAULT_KEEP_NONE || survival == FAULT_KEEP_ALL) {
        return survival == FAULT_KEEP_ALL;
    }
    return random_below(random, 2) == 1;
}

static void crash_node(struct fault_node *node, enum fault_survival survival, struct random *random)
{
    fault_content_crash(&node->content, survival, random);
    release_names(&node->cached);
    for (size_t i = 0; i < node->durable.count; i++) {
        set_name(&node->cached, node->durable.items[i].text, node->durable.items[i].node);
    }
}

void fault_tree_crash(struct fault_tree *tree, enum fault_survival survival, struct random *random)
{
    /* Each change of a name goes its own way, which is more than file systems with a journal do to us. */
    for (size_t i = 0; i < tree->change_count; i++) {
        if (survives(survival, random)) {
            apply_name_change(&tree->changes[i], true);
        }
        release_name_change(&tree->changes[i]);
    }
    tree->change_count = 0;
    for (struct fault_node *node = tree->nodes; node != NULL; node = node->next) {
        crash_node(node, survival, random);
    }
    sweep(tree);
}

void fault_tree_init(struct fault_tree *tree)
{
    *tree = (struct fault_tree){0};
    tree->root = fault_tree_create_node(tree, true);
}

void fault_tree_release(struct fault_tree *tree)
{
    for (size_t i = 0; i < tree->change_count; i++) {
        release_name_change(&tree->changes[i]);
    }
    memory_free(tree->changes);
    while (tree->nodes != NULL) {
        struct fault_node *next = tree->nodes->next;

        free_node(tree->nodes);
        tree->nodes = next;
    }
    *tree = (struct fault_tree){0};
}
