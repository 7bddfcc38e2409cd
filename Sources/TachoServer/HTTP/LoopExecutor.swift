import NIOCore

/// Runs what is `async` on an event loop's thread, so that HTTP answers also while Swift's own threads,
/// one a core, are all held by somebody who waits. Jobs that come after the loop has ended are dropped.
final class LoopExecutor: TaskExecutor {
    private let loop: any EventLoop

    init(_ loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
