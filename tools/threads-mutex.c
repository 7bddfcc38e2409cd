// For tools/threads: what the thread sanitiser cannot see of Swift's Mutex.
//
// Its fast path is compiled into our code and seen. Who has to wait, and who lets somebody go on who
// waits, does so inside libswiftSynchronization, which is not instrumented: what is read under the lock
// then looks as if it raced with whoever wrote it before. These stand in front of those functions
// (LD_PRELOAD) and tell the sanitiser what they mean.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY_LOCK "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define SELF __attribute__((swift_context)) void *handle
#define SWIFT __attribute__((swiftcall))

typedef SWIFT void lock_slow(uint32_t thread, SELF);
typedef SWIFT bool try_lock_slow(SELF);
typedef SWIFT void unlock_slow(SELF);
typedef void tell(void *address);

// Not in programs that are not instrumented, swift test itself for one.
static void say(const char *what, void *handle) {
    tell *function = (tell *)dlsym(RTLD_DEFAULT, what);
    if (function) function(handle);
}

SWIFT void tacho_lock(uint32_t thread, SELF) __asm__(LOCK);
SWIFT bool tacho_try_lock(SELF) __asm__(TRY_LOCK);
SWIFT void tacho_unlock(SELF) __asm__(UNLOCK);

SWIFT void tacho_lock(uint32_t thread, SELF) {
    ((lock_slow *)dlsym(RTLD_NEXT, LOCK))(thread, handle);
    say("__tsan_acquire", handle);
}

SWIFT bool tacho_try_lock(SELF) {
    bool is_taken = ((try_lock_slow *)dlsym(RTLD_NEXT, TRY_LOCK))(handle);
    if (is_taken) say("__tsan_acquire", handle);
    return is_taken;
}

SWIFT void tacho_unlock(SELF) {
    say("__tsan_release", handle);
    ((unlock_slow *)dlsym(RTLD_NEXT, UNLOCK))(handle);
}
