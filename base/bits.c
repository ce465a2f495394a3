#include "base/bits.h"
#include "base/assert.h"
#include "base/bytes.h"

#define WORD_BITS 64u

/* Ones in whole bytes. Four sums, so that additions do not wait for each other. */
static inline __attribute__((always_inline)) uint64_t count_words(const char *data, size_t len)
{
    uint64_t sums[4] = {0};
    uint64_t rest = 0;

    for (; len >= 32; data += 32, len -= 32) {
        uint64_t words[4];

        memcpy(words, data, sizeof(words));
        for (size_t i = 0; i < 4; i++) {
            sums[i] += (uint64_t)__builtin_popcountll(words[i]);
        }
    }
    for (; len >= 8; data += 8, len -= 8) {
        uint64_t word;

        memcpy(&word, data, sizeof(word));
        sums[0] += (uint64_t)__builtin_popcountll(word);
    }
    if (len > 0) {
        memcpy(&rest, data, len);
    }
    return sums[0] + sums[1] + sums[2] + sums[3] + (uint64_t)__builtin_popcountll(rest);
}

#if defined(__x86_64__)
/* Debian builds for processors without the instruction, and nearly every one has it. */
__attribute__((target("popcnt"))) static uint64_t count_words_fast(const char *data, size_t len)
{
    return count_words(data, len);
}

static uint64_t count_bytes(const char *data, size_t len)
{
    return __builtin_cpu_supports("popcnt") ? count_words_fast(data, len) : count_words(data, len);
}
#else
static uint64_t count_bytes(const char *data, size_t len)
{
    return count_words(data, len);
}
#endif

/* The bits of one byte from `first` to `end` - 1, each 0 to 8, as a mask. */
static uint8_t byte_mask(uint64_t first, uint64_t end)
{
    return (uint8_t)((0xffu >> first) & (0xff00u >> end));
}

uint64_t bits_count(struct slice bytes, uint64_t first, uint64_t end)
{
    size_t first_byte = (size_t)(first / 8);
    size_t end_byte = (size_t)(end / 8);
    uint64_t count = 0;

    ASSERT(end <= (uint64_t)bytes.len * 8);
    if (first >= end) {
        return 0;
    }
    if (first_byte == end_byte) {
        return (uint64_t)__builtin_popcount((uint8_t)bytes.data[first_byte] & byte_mask(first % 8, end % 8));
    }
    if (first % 8 != 0) {
        count += (uint64_t)__builtin_popcount((uint8_t)bytes.data[first_byte] & byte_mask(first % 8, 8));
        first_byte++;
    }
    if (end % 8 != 0) {
        count += (uint64_t)__builtin_popcount((uint8_t)bytes.data[end_byte] & byte_mask(0, end % 8));
    }
    return count + count_bytes(bytes.data + first_byte, end_byte - first_byte);
}

/* The first byte from `at` on that is not all `skipped`; `end` if there is none. */
static size_t skip_bytes(const char *data, size_t at, size_t end, uint8_t skipped)
{
    uint64_t pattern = skipped == 0 ? 0 : UINT64_MAX;

    while (at + 32 <= end) {
        uint64_t words[4];

        memcpy(words, data + at, sizeof(words));
        if (((words[0] ^ pattern) | (words[1] ^ pattern) | (words[2] ^ pattern) | (words[3] ^ pattern)) != 0) {
            break;
        }
        at += 32;
    }
    while (at < end && (uint8_t)data[at] == skipped) {
        at++;
    }
    return at;
}

uint64_t bits_find(struct slice bytes, bool bit, uint64_t first, uint64_t end)
{
    uint8_t skipped = bit ? 0 : 0xff;
    size_t end_byte = (size_t)((end + 7) / 8);
    size_t at = (size_t)(first / 8);
    uint64_t found;
    uint8_t hits;

    ASSERT(end <= (uint64_t)bytes.len * 8);
    if (first >= end) {
        return end;
    }
    hits = (uint8_t)(((uint8_t)bytes.data[at] ^ skipped) & byte_mask(first % 8, 8));
    if (hits == 0) {
        at = skip_bytes(bytes.data, at + 1, end_byte, skipped);
        if (at == end_byte) {
            return end;
        }
        hits = (uint8_t)bytes.data[at] ^ skipped;
    }
    found = (uint64_t)at * 8 + (uint64_t)(__builtin_clz(hits) - 24);
    return found < end ? found : end;
}

uint64_t bits_get(const char *bytes, uint64_t first, unsigned width)
{
    uint64_t value = 0;
    uint64_t at = first;
    uint64_t end = first + width;

    ASSERT(width >= 1 && width <= WORD_BITS);
    while (at < end) {
        unsigned skip = (unsigned)(at % 8);
        unsigned taken = end - at < 8 - skip ? (unsigned)(end - at) : 8 - skip;
        unsigned part = (unsigned)((uint8_t)bytes[at / 8] >> (8 - skip - taken)) & ((1u << taken) - 1);

        value = (value << taken) | part;
        at += taken;
    }
    return value;
}

void bits_put(char *bytes, uint64_t first, unsigned width, uint64_t value)
{
    uint64_t at = first + width;

    ASSERT(width >= 1 && width <= WORD_BITS);
    while (at > first) { /* From the last byte, which takes the lowest bits. */
        unsigned last = (unsigned)((at - 1) % 8) + 1;
        unsigned taken = at - first < last ? (unsigned)(at - first) : last;
        unsigned mask = ((1u << taken) - 1) << (8 - last);
        char *byte = &bytes[(at - 1) / 8];

        *byte = (char)(((uint8_t)*byte & ~mask) | (((unsigned)(value & 0xff) << (8 - last)) & mask));
        value >>= taken;
        at -= taken;
    }
}

int64_t bits_extend_sign(uint64_t value, unsigned width)
{
    unsigned unused = WORD_BITS - width;

    return (int64_t)(value << unused) >> unused;
}

bool bits_add(struct bits_form form, uint64_t value, int64_t increment, enum bits_overflow overflow, uint64_t *sum)
{
    unsigned magnitude_bits = form.is_signed ? form.width - 1 : form.width;
    __int128 highest = ((__int128)1 << magnitude_bits) - 1;
    __int128 lowest = form.is_signed ? -highest - 1 : 0;
    __int128 base = form.is_signed ? (__int128)(int64_t)value : (__int128)value;
    __int128 exact = base + increment;
    bool seems_high;

    if (exact < lowest || exact > highest) {
        switch (overflow) {
        case BITS_OVERFLOW_WRAP:
            break;
        case BITS_OVERFLOW_SATURATE:
            /* Redis subtracts in 64 bits, which takes the lowest numbers of all for too high ones. */
            seems_high = exact > highest || (form.width < WORD_BITS && highest - base > INT64_MAX);
            exact = seems_high ? highest : lowest;
            break;
        case BITS_OVERFLOW_FAIL:
            return false;
        }
    }
    *sum = (uint64_t)exact & (UINT64_MAX >> (WORD_BITS - form.width));
    return true;
}

static inline __attribute__((always_inline)) uint64_t combine_words(enum bits_operation operation, uint64_t a,
                                                                    uint64_t b)
{
    return operation == BITS_AND ? a & b : operation == BITS_OR ? a | b : a ^ b;
}

static inline __attribute__((always_inline)) void combine(enum bits_operation operation, char *to, const char *from,
                                                          size_t len)
{
    for (; len >= 32; to += 32, from += 32, len -= 32) {
        uint64_t a[4];
        uint64_t b[4];

        memcpy(a, to, sizeof(a));
        memcpy(b, from, sizeof(b));
        for (size_t i = 0; i < 4; i++) {
            a[i] = combine_words(operation, a[i], b[i]);
        }
        memcpy(to, a, sizeof(a));
    }
    for (size_t i = 0; i < len; i++) {
        to[i] = (char)combine_words(operation, (uint8_t)to[i], (uint8_t)from[i]);
    }
}

/* Each call has its operation as a constant, so that the loop has no branch. */
void bits_combine(enum bits_operation operation, char *to, const char *from, size_t len)
{
    switch (operation) {
    case BITS_AND:
        combine(BITS_AND, to, from, len);
        break;
    case BITS_OR:
        combine(BITS_OR, to, from, len);
        break;
    case BITS_XOR:
        combine(BITS_XOR, to, from, len);
        break;
    }
}

void bits_invert(char *bytes, size_t len)
{
    for (; len >= 8; bytes += 8, len -= 8) {
        uint64_t word;

        memcpy(&word, bytes, sizeof(word));
        word = ~word;
        memcpy(bytes, &word, sizeof(word));
    }
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (char)~(uint8_t)bytes[i];
    }
}
