import Foundation
import Synchronization
import Testing

@testable import TachoEngine

struct BarrierTests {
    /// A shard that went on while the last one was still handing the barrier over put its next
    /// fixes in front of it: a checkpoint then lacked them and a kill lost them.
    @Test func `no shard goes on before the barrier is handed over`() {
        let barrier = Barrier(.checkpoint, shards: 2) {}
        let isHandedOver = Atomic<Bool>(false)
        let early = Atomic<Bool>(false)
        let done = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            barrier.arrive([]) {}
            if !isHandedOver.load(ordering: .acquiring) {
                early.store(true, ordering: .releasing)
            }
            done.signal()
        }
        usleep(30_000)
        barrier.arrive([]) {
            usleep(100_000)
            isHandedOver.store(true, ordering: .releasing)
        }
        done.wait()
        let wentEarly = early.load(ordering: .acquiring)
        #expect(!wentEarly)
    }

    @Test func `a monitor wakes who waits and gives up after its time`() {
        let monitor = Monitor(0)
        #expect(monitor.wait(milliseconds: 20) { $0 == 1 ? $0 : nil } == nil)
        Thread.detachNewThread {
            usleep(20_000)
            monitor.change { state in
                state = 1
                return (true, ())
            }
        }
        #expect(monitor.wait { $0 == 1 ? $0 : nil } == 1)
    }
}
