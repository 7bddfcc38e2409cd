/// What must hold for every batch of reports, whoever sent it: nothing outside its bounds.
enum FixCheck {
    /// Checks all entries; what an engine without any rule would answer.
    static func masks(of batch: FixBatch) -> [ReplyMask] {
        let riders = batch.riders
        let entries = batch.entries
        return batch.names.withUnsafeBytes { names in
            for rider in riders {
                let end = Int(rider.start) + Int(rider.count)
                precondition(end <= names.count, "a rider's name ends behind the names")
                let name = UnsafeRawBufferPointer(rebasing: names[Int(rider.start)..<end])
                precondition(RiderName.defect(name) == nil, "a rider whose name is none")
            }
            return entries.map { entry in
                guard entry.malformed == nil else { return .malformed }
                precondition(Int(entry.riderIndex) < riders.count, "a rider that is none")
                let rider = riders[Int(entry.riderIndex)]
                precondition(
                    rider.start == entry.nameStart && rider.count == entry.nameCount,
                    "a fix with another rider's name")
                check(entry.fix)
                return entry.fieldDropped ? .fieldDropped : .stored
            }
        }
    }

    private static func check(_ fix: Fix) {
        precondition(fix.tsMs.magnitude < UInt64(Fix.timeLimitMs), "time \(fix.tsMs)")
        precondition(fix.latE7.magnitude <= UInt32(Coordinate.maxLatE7), "lat \(fix.latE7)")
        precondition(fix.lonE7.magnitude <= UInt32(Coordinate.maxLonE7), "lon \(fix.lonE7)")
        precondition(isIn(Fix.speedRangeCms, fix.speedCms), "speed \(fix.speedCms)")
        precondition(
            isIn(0...Fix.fullCircleCdeg - 1, fix.headingCdeg), "heading \(fix.headingCdeg)")
        precondition(isIn(Fix.accuracyRangeDm, fix.accuracyDm), "accuracy \(fix.accuracyDm)")
        precondition(isIn(Fix.altitudeRangeDm, fix.altitudeDm), "altitude \(fix.altitudeDm)")
    }

    private static func isIn(_ range: ClosedRange<Int32>, _ value: Int32) -> Bool {
        value == Fix.absent || range.contains(value)
    }
}
