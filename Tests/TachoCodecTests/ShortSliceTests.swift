import CTacho
import Glibc
import Testing

@Suite struct ShortSliceTests {
    @Test func `A thread's request for short slices is taken and keeps its priority`() {
        // On a thread of its own, so that the test runner's threads stay as they are.
        var thread = pthread_t()
        let outcome = UnsafeMutablePointer<Int32>.allocate(capacity: 3)
        outcome.initialize(repeating: -1, count: 3)
        defer { outcome.deallocate() }
        let failure = pthread_create(
            &thread, nil,
            { context in
                let outcome = context!.assumingMemoryBound(to: Int32.self)
                setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 3)
                outcome[0] = tacho_ask_short_slices(100_000)
                outcome[1] = getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0)
                outcome[2] = Int32(sched_getscheduler(0))
                return nil
            }, outcome)
        #expect(failure == 0)
        pthread_join(thread, nil)
        #expect(outcome[0] == 1, "taken")
        #expect(outcome[1] == 3, "the nice value stays")
        #expect(outcome[2] == SCHED_OTHER, "the policy stays")
    }
}
