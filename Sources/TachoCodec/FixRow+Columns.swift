import TachoGeo

extension ColumnPointers {
    /// Unpacks a row into place `i` of the columns, without a fix in between. `extra` is looked at
    /// only if the row has one.
    @inline(__always)
    package func set(_ i: Int, _ row: FixRow, _ extra: FixExtra, arrival: UInt32) {
        let ts = row.tsMs
        let speed = row.motion & FixRow.speedAbsent
        let heading = row.motion >> FixRow.headingShift & FixRow.headingAbsent
        let accuracy = row.motion >> FixRow.accuracyShift & FixRow.accuracyAbsent
        let has = row.hasExtra
        let steps = row.hasDelayElsewhere ? extra.delaySteps : row.delaySteps
        tsMs[i] = ts
        recvMs[i] = ts + steps * StoredFix.receiptStepMs
        claimedRecvMs[i] = has ? extra.claimedRecvMs : 0
        codes[i] = has ? extra.codes : 0
        latE7[i] = row.latE7
        lonE7[i] = row.lonE7
        speedCms[i] = speed == FixRow.speedAbsent ? Fix.absent : Int32(truncatingIfNeeded: speed)
        headingCdeg[i] =
            heading == FixRow.headingAbsent ? Fix.absent : Int32(truncatingIfNeeded: heading)
        accuracyDm[i] =
            accuracy == FixRow.accuracyAbsent ? Fix.absent : Int32(truncatingIfNeeded: accuracy)
        altitudeDm[i] = has ? extra.altitudeDm : Fix.absent
        self.arrival[i] = arrival
        source[i] = UInt8(truncatingIfNeeded: row.clock >> FixRow.sourceShift & 7)
        let provenance = UInt8(truncatingIfNeeded: row.clock >> FixRow.provenanceShift & 3)
        let vehicle = UInt8(truncatingIfNeeded: row.clock >> FixRow.vehicleShift & 7)
        origin[i] = provenance &* 5 &+ vehicle
        // Effect in two bits and trusted above them, as the row has them.
        flags[i] = UInt8(truncatingIfNeeded: row.clock >> FixRow.effectShift & 7)
    }

    /// Unpacks `count` rows into the places from `first` on. None has an extra, and they arrived
    /// one after another.
    package func set(
        _ rows: UnsafePointer<FixRow>, count: Int, at first: Int, firstArrival: UInt32
    ) {
        for i in 0..<count {
            set(first + i, rows[i], .none, arrival: firstArrival &+ UInt32(truncatingIfNeeded: i))
        }
    }
}
