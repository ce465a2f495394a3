#include "server/acl/acl_words.h"
#include "base/memory.h"

void acl_words_clear(struct acl_words *words)
{
    for (size_t i = 0; i < words->count; i++) {
        memory_free((char *)(uintptr_t)words->items[i].text.data);
    }
    memory_free(words->items);
    *words = (struct acl_words){.items = NULL};
}

void acl_words_add(struct acl_words *words, struct slice text, uint32_t tag)
{
    char *copy = memory_allocate(text.len + 1);

    if (words->count == words->capacity) {
        words->capacity = words->capacity == 0 ? 4 : words->capacity * 2;
        words->items = memory_resize(words->items, words->capacity * sizeof(*words->items));
    }
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    words->items[words->count++] = (struct acl_word){.text = slice_make(copy, text.len), .tag = tag};
}

struct acl_word *acl_words_find(const struct acl_words *words, struct slice text)
{
    for (size_t i = 0; i < words->count; i++) {
        if (slice_equal(words->items[i].text, text)) {
            return &words->items[i];
        }
    }
    return NULL;
}

void acl_words_remove(struct acl_words *words, struct acl_word *word)
{
    size_t behind = (size_t)(words->items + words->count - (word + 1));

    memory_free((char *)(uintptr_t)word->text.data);
    memmove(word, word + 1, behind * sizeof(*word));
    words->count--;
}

void acl_words_copy(struct acl_words *to, const struct acl_words *from)
{
    for (size_t i = 0; i < from->count; i++) {
        acl_words_add(to, from->items[i].text, from->items[i].tag);
    }
}
