/// Where a journal's last good group ends: the file by number, and the byte behind it.
struct JournalEnd: Equatable {
    var file: UInt64
    var offset: Int
}

/// Walks the groups of all files of a journal in order.
struct JournalWalk {
    let directory: String
    let isDirect: Bool

    /// Groups from `first` on, in order of their place; older ones, left by an earlier use of a
    /// file, are passed over. Cost: files from the one that may hold `first` are read whole.
    func forEach(
        from first: UInt64,
        _ body: (JournalFileReader.Frame, JournalFile) throws(StoreError) -> Bool
    ) throws(StoreError) {
        let files = try JournalFile.list(directory).filter { $0.isInUse }
        for (index, file) in files.enumerated() {
            if index + 1 < files.count, let next = files[index + 1].header,
                next.firstGroup <= first
            {
                continue
            }
            var goesOn = true
            let reader = JournalFileReader(path: file.path, isDirect: isDirect)
            try reader.forEach { frame throws(StoreError) in
                if frame.header.group >= first { goesOn = try body(frame, file) }
                return goesOn
            }
            if !goesOn { return }
        }
    }
}

/// How far the journal of a directory can be believed: the longest run of groups from `first` that
/// are all there, unharmed, and linked by their hashes.
struct JournalExtent: Equatable {
    /// The last good group; `first − 1` if there is none.
    var group: UInt64
    var nextSequence: UInt64
    var hash: UInt64
    /// Behind the last good group; nil if there is none.
    var end: JournalEnd?
    /// Why the run ended although later groups follow; nil when it ended with the journal.
    var damage: String?
    /// The group the watermark names has other bytes than when it was acknowledged.
    var contradictsWatermark = false

    /// Something that was acknowledged, or stands before what was, is gone.
    func isShort(of watermark: Watermark) -> Bool {
        damage != nil || group < watermark.group || contradictsWatermark
    }

    /// Reads and checks every group after `start`. Cost: one pass over the journal.
    static func measure(
        _ directory: String, after start: CheckpointMark, watermark: Watermark
    ) throws(StoreError) -> JournalExtent {
        var extent = JournalExtent(
            group: start.from - 1, nextSequence: start.nextSequence, hash: start.hash)
        extent.contradictsWatermark =
            watermark.group == extent.group && watermark.hash != extent.hash
        guard FileSystem.exists(directory) else { return extent }
        let walk = JournalWalk(
            directory: directory, isDirect: FileSystem.supportsDirectIO(directory))
        do {
            try walk.forEach(from: start.from) { frame, file throws(StoreError) in
                let header = frame.header
                // The same group twice: its first try was torn, or a later start wrote it again.
                guard header.group > extent.group else { return true }
                guard header.group == extent.group + 1 else {
                    throw .damaged("journal group \(extent.group + 1) is missing")
                }
                guard header.previousHash == extent.hash else {
                    throw .damaged(
                        "journal group \(header.group) does not follow \(extent.group)")
                }
                extent.group = header.group
                extent.hash = frame.hash
                extent.end = JournalEnd(file: file.number, offset: frame.end)
                extent.nextSequence = header.firstSequence + UInt64(header.points)
                if header.points == 0, let end = try lossEnd(frame.body) {
                    extent.nextSequence = end + 1
                }
                if header.group == watermark.group && frame.hash != watermark.hash {
                    extent.contradictsWatermark = true
                }
                return true
            }
        } catch .damaged(let what) {
            extent.damage = what
        }
        return extent
    }

    /// The last sequence of an accepted loss in the group, if it records one.
    private static func lossEnd(_ body: UnsafeRawBufferPointer) throws(StoreError) -> UInt64? {
        var reader = GroupReader(body)
        while let event = try reader.next() {
            if case .loss(_, let last) = event, last > 0 { return last }
        }
        return nil
    }
}
