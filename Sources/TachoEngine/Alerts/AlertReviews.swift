import TachoGeo
import TachoIngest
import TachoStore

/// Reviews as rows of the database.
enum AlertReviews {
    /// All of them, those of one alert together and in order.
    static func all(
        _ database: Database, _ body: (AlertReview) -> Void
    ) throws(StoreError) {
        try walk(database, from: Keys.review(ms: 0, n: 0, step: 0)) { review in
            body(review)
            return true
        }
    }

    /// Those of one alert, in order.
    static func of(_ id: AlertID, _ database: Database) throws(StoreError) -> [AlertReview] {
        var list: [AlertReview] = []
        try walk(database, from: Keys.review(ms: UInt64(id.ms), n: id.n, step: 0)) { review in
            guard AlertID(review) == id else { return false }
            list.append(review)
            return true
        }
        return list
    }

    private static func walk(
        _ database: Database, from key: [UInt8], _ body: (AlertReview) -> Bool
    ) throws(StoreError) {
        let cursor = database.cursor(.alerts)
        cursor.seek(key)
        while try cursor.isValid(), Keys.reviewPlace(cursor.key) != nil {
            guard body(try AlertReview.read(key: cursor.key, cursor.value)) else { return }
            cursor.next()
        }
    }
}

extension AlertReader {
    /// One alert with the hits of its window and its state; nil: there is none of that id.
    func find(_ id: AlertID) throws(StoreError) -> (alert: Alert, rider: UInt32)? {
        let newer = recent.now()
        let open = book.openStates()
        let row: [UInt8]
        if let entry = newer.entries.first(where: { $0.id == id }) {
            row = entry.row
        } else {
            let key = Keys.alert(ms: UInt64(id.ms), n: id.n)
            guard let stored = try database.get(.alerts, key) else { return nil }
            row = stored
        }
        var found = try read(row, id)
        try count(&found, newer.windows)
        if let state = open[id] {
            found.alert.state = state
        } else if let last = try AlertReviews.of(id, database).last {
            found.alert.state = last.state
        }
        return found
    }

    /// The reviews of an alert. `durableOnly` false: also those on their way to the journal, for
    /// who decides what may come next.
    func reviews(
        of id: AlertID, durableOnly: Bool = true
    ) throws(StoreError) -> [AlertReview] {
        let open = book.openReviews(of: id, durableOnly: durableOnly)
        var list = try AlertReviews.of(id, database)
        for review in open where Int(review.step) == list.count { list.append(review) }
        return list
    }

    /// The state of every alert that has been reviewed.
    func states() throws(StoreError) -> [AlertID: AlertState] {
        let open = book.openStates()
        var states: [AlertID: AlertState] = [:]
        try AlertReviews.all(database) { states[AlertID($0)] = $0.state }
        return states.merging(open) { _, newer in newer }
    }

    /// What scores at a moment are made of, from the rows alone. Cost: all alerts are read.
    func riskHits(atMs: Int64) throws(StoreError) -> [UInt32: [RiskHit]] {
        var hits: [UInt32: [RiskHit]] = [:]
        let states = try states()
        let newer = recent.now().entries
        func add(_ row: UnsafeRawBufferPointer, _ id: AlertID) throws(StoreError) {
            var found = try AlertRow.hit(row, id: id)
            guard RiskScore.isSeen(found.hit.atRecvMs, atMs: atMs) else { return }
            found.hit.counts = (states[id] ?? .open).counts
            hits[found.rider, default: []].append(found.hit)
        }
        let cursor = database.cursor(.alerts)
        cursor.seek(Keys.alert(ms: 0, n: 0))
        var last = AlertID(ms: -1, n: 0)
        while try cursor.isValid(), let id = Self.id(cursor.key) {
            try add(cursor.value, id)
            last = id
            cursor.next()
        }
        for one in newer where one.id > last {
            let result = one.row.withUnsafeBytes { raw in
                Result { () throws(StoreError) in try add(raw, one.id) }
            }
            try result.get()
        }
        return hits.mapValues { $0.sorted(by: RiskHit.precedes) }
    }
}

extension AlertRow {
    /// What a risk score needs of an alert's row.
    static func hit(
        _ bytes: UnsafeRawBufferPointer, id: AlertID
    ) throws(StoreError) -> (hit: RiskHit, rider: UInt32) {
        // rider u32, time i64, at_recv i64, code u8, severity u8
        guard bytes.count >= 22 else { throw .damaged("an alert cannot be read") }
        guard let code = Code(rawValue: bytes[20]), let severity = Severity(rawValue: bytes[21])
        else { throw .damaged("an alert's code is not known here") }
        let atRecvMs = Int64(
            littleEndian: bytes.loadUnaligned(fromByteOffset: 12, as: Int64.self))
        let rider = UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self))
        let hit = RiskHit(
            atRecvMs: atRecvMs, idMs: id.ms, idN: id.n, code: code, severity: severity)
        return (hit, rider)
    }
}
