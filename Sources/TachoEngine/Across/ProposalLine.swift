import Synchronization

/// Brings proposals to the judges: first the other rider's tells the way, then the rider's own
/// compares. Of one rider's they are judged in order, whichever judge answers first.
final class ProposalLine: Sendable {
    private struct Lane {
        /// The first of them is on its way.
        var waiting: [AcrossProposal] = []
    }

    private let workers: [Worker]
    private let riders: RiderTable
    private let lanes: Mutex<[Lane]>

    /// Riders share lanes by number.
    private static let laneCount = 64

    init(workers: [Worker], riders: RiderTable) {
        self.workers = workers
        self.riders = riders
        lanes = Mutex([Lane](repeating: Lane(), count: Self.laneCount))
    }

    func post(_ proposal: AcrossProposal) {
        let lane = Int(proposal.rider) % Self.laneCount
        let isFirst = lanes.withLock { lanes in
            lanes[lane].waiting.append(proposal)
            return lanes[lane].waiting.count == 1
        }
        if isFirst { send(proposal) }
    }

    private func send(_ proposal: AcrossProposal) {
        worker(proposal.other).post(
            .recall(rider: proposal.other, tsMs: proposal.otherMs) { [self] way in
                worker(proposal.rider).post(
                    .compare(proposal, with: way, named: riders.name(of: proposal.other)))
                let lane = Int(proposal.rider) % Self.laneCount
                let next = lanes.withLock { lanes in
                    lanes[lane].waiting.removeFirst()
                    return lanes[lane].waiting.first
                }
                if let next { send(next) }
            })
    }

    private func worker(_ rider: UInt32) -> Worker { workers[Int(rider) % workers.count] }
}
