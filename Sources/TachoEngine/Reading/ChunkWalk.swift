import TachoGeo
import TachoStore

/// Walks a rider's chunks in order of their first fix's time.
///
/// Family `track` lies in up to a dozen sorted runs, each of which has chunks of every rider but only
/// of some hours. Where a short time is asked for, filters by rider and time (`Keys.trackPrefixBytes`)
/// tell the one or two runs that can have any, and the others are not read: a seek costs one or two
/// blocks instead of a dozen. Longer times are walked as a whole. For one thread at a time.
final class ChunkWalk {
    private let database: Database
    private let snapshot: Snapshot?
    private var whole: Cursor?
    private var near: Cursor?
    private var isNear = false
    private var rider: UInt32 = 0
    /// Of the stretch the walk is in, and of the last one that was asked for.
    private var stretch: Int64 = 0
    private var lastStretch: Int64 = 0

    /// More seeks than this cost more than one through all runs.
    private static let mostStretches: Int64 = 3

    private let readAheadBytes: Int?

    /// `readAheadBytes`: for walks over much of the family, always through all runs.
    init(_ database: Database, at snapshot: Snapshot?, readAheadBytes: Int? = nil) {
        self.database = database
        self.snapshot = snapshot
        self.readAheadBytes = readAheadBytes
    }

    /// To the first chunk of the rider that begins at or after `fromMs`. What begins after `toMs` may be
    /// left out.
    func seek(rider: UInt32, fromMs: Int64, toMs: Int64) {
        self.rider = rider
        stretch = Keys.trackStretch(fromMs)
        lastStretch = Keys.trackStretch(max(fromMs, toMs))
        isNear = readAheadBytes == nil && lastStretch - stretch < Self.mostStretches
        cursor.seek(Keys.track(rider: rider, fromMs: fromMs))
    }

    private var cursor: Cursor {
        if isNear {
            if let near { return near }
            let cursor = database.cursorWithinPrefix(.track, at: snapshot)
            near = cursor
            return cursor
        }
        if let whole { return whole }
        let cursor = database.cursor(.track, at: snapshot, readAheadBytes: readAheadBytes)
        whole = cursor
        return cursor
    }

    /// Whether there is a chunk here, perhaps of another rider.
    func isValid() throws(StoreError) -> Bool {
        while true {
            if try cursor.isValid() { return true }
            guard isNear, stretch < lastStretch else { return false }
            stretch += 1
            cursor.seek(Keys.track(rider: rider, fromMs: Keys.startMs(ofTrackStretch: stretch)))
        }
    }

    func next() { cursor.next() }

    /// Valid until the walk moves.
    var key: UnsafeRawBufferPointer { cursor.key }
    var value: UnsafeRawBufferPointer { cursor.value }
}
