#include "tacho.h"
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

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
