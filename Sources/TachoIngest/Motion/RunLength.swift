package import TachoGeo

extension Motion {
    /// How many fixes in a row the finding of a rule about motion rests on; nil: the rule counts
    /// none, or the count is its statistic.
    package func run(of code: Code) -> Int? {
        switch code {
        case .staticSynth: Int(lock.run)
        case .constMeta: Int(metadata.run)
        case .quantised: Int(grid.run)
        case .tsStep: Int(clockStep.count)
        default: nil
        }
    }
}
