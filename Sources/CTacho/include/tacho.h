// What Swift cannot say: a prefetch and the CRC32C instruction, in the header so that each becomes
// one instruction at the place of use; and requests to the system that glibc's module for Swift has no call for.
#ifndef TACHO_H
#define TACHO_H
#include <stddef.h>
#include <stdint.h>

// Of memory that is about to be changed: asked for as one's own, or the first store would have to
// wait for that. The instruction is written out since compilers for x86-64 in general, which may
// lack it where it is a no-op then, take the one that fetches to read.
static inline __attribute__((always_inline)) void tacho_prefetch(const void *p) {
#if defined(__x86_64__)
    __asm__ volatile("prefetchw %0" : : "m"(*(const char *)p));
#else
    __builtin_prefetch(p, 1, 3);
#endif
}

// Of memory that another thread may be reading or has written, and that is not to be changed.
static inline __attribute__((always_inline)) void tacho_prefetch_to_read(const void *p) {
    __builtin_prefetch(p, 0, 3);
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

// Asks the scheduler for short time slices for the calling thread: woken, it then runs before
// threads that hold a core with the usual 3 ms slice, and gives the core back sooner; its share
// of the cores stays the same. Needs no privilege; Linux 6.12 and later heed it (EEVDF's custom
// slices), earlier ones take the call and change nothing. Returns 1 when it was taken.
int tacho_ask_short_slices(uint64_t slice_ns);

// Gives memory that is free inside the allocator back to the system, on a thread of its own: glibc
// keeps pages that thousands of connections left behind. Returns 1 when it was begun, 0 where there
// is nothing to do so with.
int tacho_return_memory(void);

// Begins to write these bytes of a file to its device, and does not wait: what lies unwritten when
// somebody syncs another file of the same ext4 is what that sync waits for. Returns 0, or an error
// number; 0 where there is no such call.
int tacho_begin_writing(int fd, int64_t offset, int64_t count);

// Waits for the bytes that tacho_begin_writing named. Says nothing about the file's length or the
// device's cache: fsync does.
int tacho_finish_writing(int fd, int64_t offset, int64_t count);

#endif
