// What Swift cannot say: a prefetch and the CRC32C instruction. Header only, so that each becomes
// one instruction at the place of use.
#ifndef TACHO_H
#define TACHO_H
#include <stddef.h>
#include <stdint.h>

static inline __attribute__((always_inline)) void tacho_prefetch(const void *p) {
    __builtin_prefetch(p, 1, 3);
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static inline uint64_t tacho_crc32c_8(uint64_t crc, uint64_t v) {
    return __builtin_ia32_crc32di(crc, v);
}
__attribute__((target("sse4.2"))) static inline uint32_t tacho_crc32c_1(uint32_t crc, uint8_t v) {
    return __builtin_ia32_crc32qi(crc, v);
}
static inline int tacho_has_crc32c(void) { return __builtin_cpu_supports("sse4.2") != 0; }
#else
static inline uint64_t tacho_crc32c_8(uint64_t crc, uint64_t v) { (void)v; return crc; }
static inline uint32_t tacho_crc32c_1(uint32_t crc, uint8_t v) { (void)v; return crc; }
static inline int tacho_has_crc32c(void) { return 0; }
#endif

#endif
