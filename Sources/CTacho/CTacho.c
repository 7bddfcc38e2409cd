#define _GNU_SOURCE
#include "tacho.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#if defined(SYS_sched_setattr) && defined(SYS_sched_getattr)
// The kernel's struct sched_attr, first published size; glibc declares it only from 2.41 on.
struct tacho_sched_attr {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime_ns, deadline_ns, period_ns;
};

int tacho_ask_short_slices(uint64_t slice_ns) {
    struct tacho_sched_attr attr;
    memset(&attr, 0, sizeof attr);
    if (syscall(SYS_sched_getattr, 0, &attr, (unsigned)sizeof attr, 0u) != 0) return 0;
    if (attr.policy != 0) return 0; // somebody chose a policy for us: leave it
    attr.size = sizeof attr;
    attr.runtime_ns = slice_ns;
    return syscall(SYS_sched_setattr, 0, &attr, 0u) == 0;
}
#else
int tacho_ask_short_slices(uint64_t slice_ns) { (void)slice_ns; return 0; }
#endif

#ifdef __GLIBC__
static void *tacho_trim(void *unused) {
    malloc_trim(0);
    return unused;
}

int tacho_return_memory(void) {
    pthread_t thread;
    pthread_attr_t attr;
    if (pthread_attr_init(&attr) != 0) return 0;
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    int started = pthread_create(&thread, &attr, tacho_trim, NULL) == 0;
    pthread_attr_destroy(&attr);
    return started;
}
#else
int tacho_return_memory(void) { return 0; }
#endif

#if defined(__x86_64__) && defined(__AVX2__)
// Built for x86-64-v3: on an older processor say so before the first instruction it does not know.
__attribute__((constructor, target("no-avx,no-bmi,no-bmi2")))
static void tacho_check_processor(void) {
    static const char text[] =
        "tacho: this build needs a processor with AVX2 and BMI2 (x86-64-v3). "
        "Build for any other with: TACHO_BASELINE=1 tools/build\n";
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2")) return;
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0) _exit(71);
    _exit(70);
}
#endif

#if defined(__linux__)
static int sync_range(int fd, int64_t offset, int64_t count, unsigned flags) {
    while (sync_file_range(fd, offset, count, flags) != 0)
        if (errno != EINTR) {
            // A file system that cannot is none that fails.
            return errno == EINVAL || errno == ENOSYS || errno == ESPIPE ? 0 : errno;
        }
    return 0;
}

int tacho_begin_writing(int fd, int64_t offset, int64_t count) {
    return sync_range(fd, offset, count, SYNC_FILE_RANGE_WRITE);
}

int tacho_finish_writing(int fd, int64_t offset, int64_t count) {
    return sync_range(fd, offset, count,
                      SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
                          SYNC_FILE_RANGE_WAIT_AFTER);
}
#else
int tacho_begin_writing(int fd, int64_t offset, int64_t count) {
    (void)fd, (void)offset, (void)count;
    return 0;
}

int tacho_finish_writing(int fd, int64_t offset, int64_t count) {
    (void)fd, (void)offset, (void)count;
    return 0;
}
#endif
