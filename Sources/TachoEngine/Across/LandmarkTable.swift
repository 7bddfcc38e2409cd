import TachoGeo
import TachoStore

/// Landmarks by hash: the newest in memory, those of the last days in family `seen`.
///
/// Rows go to the database in sorted runs and unsynced: replay of the journal makes them again. A
/// database that is ahead of what is replayed does no harm, as landmarks are numbered by rider:
/// who asks takes only those that were numbered already.
struct LandmarkTable {
    private struct Day {
        var number: UInt16
        /// Rows of it are in the database.
        var isStored: Bool
        /// Of all its rows; nil: it began before the process did, or there are too many days.
        var filter: DayFilter?
    }

    private let database: Database
    private let target: any RowWriting
    private let keepDays: Int
    private var days: [Day] = []
    /// Of the newest day, not written yet; by hash in chains of indices.
    private var rows: [LandmarkRow] = []
    private var heads: [Int32]
    private var next: [Int32] = []
    private var cursor: Cursor?
    private var found: [Landmark] = []

    /// Rows that wait to be written at most: 12 MiB with their chains.
    static let runLength = 262_144
    private static let headBits = 18
    /// Of one hash and day so many landmarks are looked at, in order of riders.
    static let perDay = 64
    /// 8 MiB each.
    private static let maxFilters = 8

    /// `storedDays`: those of which the database has rows, ascending.
    init(database: Database, target: any RowWriting, keepDays: Int, storedDays: [UInt16]) {
        self.database = database
        self.target = target
        self.keepDays = keepDays
        days = storedDays.map { Day(number: $0, isStored: true, filter: nil) }
        heads = [Int32](repeating: -1, count: 1 << Self.headBits)
        rows.reserveCapacity(Self.runLength)
        next.reserveCapacity(Self.runLength)
    }

    /// Memory held, found landmarks apart.
    var bytes: Int {
        rows.capacity * MemoryLayout<LandmarkRow>.stride + (next.capacity + heads.count) * 4
            + days.count(where: { $0.filter != nil }) * DayFilter.byteCount
    }

    var storedDays: [UInt16] { days.filter(\.isStored).map(\.number) }

    /// Adds a landmark of the commit time given.
    mutating func insert(_ landmark: Landmark, commitMs: Int64) throws(StoreError) {
        try enter(commitMs)
        let day = days[days.count - 1].number
        let head = Self.head(landmark.hash)
        next.append(heads[head])
        heads[head] = Int32(rows.count)
        rows.append(LandmarkRow(day: day, landmark: landmark))
        if rows.count == Self.runLength { try flush() }
    }

    /// Landmarks with a hash, in order of day, rider and number; good until the next call. `known`:
    /// how many of a rider's landmarks there are by now.
    /// Cost: a line of memory a day where there is none, otherwise a few µs a day.
    mutating func find(
        _ hash: UInt64, known: (UInt32) -> UInt32
    ) throws(StoreError) -> [Landmark] {
        found.removeAll(keepingCapacity: true)
        for day in days {
            let start = found.count
            if day.isStored && day.filter?.mayHold(hash) ?? true {
                try read(day.number, hash, known)
            }
            if day.number == days[days.count - 1].number { gather(hash) }
            tidy(from: start)
        }
        return found
    }

    private mutating func read(
        _ day: UInt16, _ hash: UInt64, _ known: (UInt32) -> UInt32
    ) throws(StoreError) {
        let cursor = self.cursor ?? database.cursorWithinPrefix(.seen)
        self.cursor = cursor
        let prefix = LandmarkRow.prefix(day: day, hash: hash)
        withUnsafeBytes(of: prefix) { cursor.seek($0) }
        var left = Self.perDay
        while left > 0, try cursor.isValid() {
            let row = try LandmarkRow(key: cursor.key, value: cursor.value)
            guard row.day == day, row.landmark.hash == hash else { return }
            if row.landmark.number <= known(row.landmark.rider) {
                found.append(row.landmark)
                left -= 1
            }
            cursor.next()
        }
    }

    private mutating func gather(_ hash: UInt64) {
        var index = heads[Self.head(hash)]
        while index >= 0 {
            let landmark = rows[Int(index)].landmark
            if landmark.hash == hash { found.append(landmark) }
            index = next[Int(index)]
        }
    }

    /// One day's landmarks in order, each once, no more than are looked at: the same whether they
    /// came from memory or from the database.
    private mutating func tidy(from start: Int) {
        guard found.count > start + 1 else { return }
        found[start...].sort { a, b in
            a.rider != b.rider ? a.rider < b.rider : a.number < b.number
        }
        var end = start + 1
        for index in start + 1..<found.count where found[index] != found[end - 1] {
            found[end] = found[index]
            end += 1
        }
        found.removeSubrange(min(end, start + Self.perDay)...)
    }

    /// Writes what waits.
    mutating func flush() throws(StoreError) {
        cursor = nil
        guard !rows.isEmpty else { return }
        LandmarkRow.sort(&rows)
        let batch = RowBatch(database)
        batch.put(rows)
        try target.write(batch, sync: false)
        let newest = days.count - 1
        days[newest].isStored = true
        if let filter = days[newest].filter {
            for row in rows { filter.insert(row.landmark.hash) }
        }
        rows.removeAll(keepingCapacity: true)
        next.removeAll(keepingCapacity: true)
        for index in heads.indices { heads[index] = -1 }
    }

    /// It is the day of that commit: older ones than are kept mean nothing from now on. Days never go
    /// back.
    mutating func enter(_ commitMs: Int64) throws(StoreError) {
        let day = LandmarkRow.day(ms: commitMs)
        guard let newest = days.last?.number, day <= newest else { return try begin(day) }
    }

    /// Lets go of what the database keeps for a reader.
    mutating func rest() { cursor = nil }

    private mutating func begin(_ day: UInt16) throws(StoreError) {
        try flush()
        days.append(Day(number: day, isStored: false, filter: DayFilter()))
        let count = days.count
        let oldest = Int(day) - keepDays
        days.removeAll { Int($0.number) < oldest }
        let unfiltered = days.count - Self.maxFilters
        if unfiltered > 0 { days[unfiltered - 1].filter = nil }
        // A day more is left on disk: a start may have to replay what looked at it.
        let end = Int(day) - keepDays - 1
        guard days.count < count, end > 0 else { return }
        try database.removeFiles(
            .seen, from: Self.dayKey(0), to: Self.dayKey(UInt16(clamping: end)))
    }

    private static func dayKey(_ day: UInt16) -> [UInt8] {
        withUnsafeBytes(of: LandmarkRow.prefix(day: day, hash: 0)) { Array($0) }
    }

    private static func head(_ hash: UInt64) -> Int {
        // Wrap-around is meant.
        Int((hash &* 0x9E37_79B9_7F4A_7C15) >> (64 - UInt64(headBits)))
    }
}
