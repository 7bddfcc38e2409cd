import TachoCodec
package import TachoGeo

/// What somebody said about an alert: one link of its history, written once.
package struct AlertReview: Hashable, Sendable {
    /// The alert's id.
    package var alertMs: Int64
    package var alertN: UInt32
    /// Its place in the alert's history, from 0.
    package var step: UInt16
    /// Whose alert it is, and of which rule: so that counts are made of reviews alone.
    package var rider: UInt32
    package var code: UInt8
    package var state: AlertState
    /// The server's time, Unix ms.
    package var atMs: Int64
    /// Who says so; `ReviewText` bounds both.
    package var actor: [UInt8]
    package var note: [UInt8]

    package init(
        alertMs: Int64, alertN: UInt32, step: UInt16, rider: UInt32, code: UInt8,
        state: AlertState, atMs: Int64, actor: [UInt8], note: [UInt8]
    ) {
        self.alertMs = alertMs
        self.alertN = alertN
        self.step = step
        self.rider = rider
        self.code = code
        self.state = state
        self.atMs = atMs
        self.actor = actor
        self.note = note
    }

    package var key: [UInt8] { Keys.review(ms: UInt64(alertMs), n: alertN, step: step) }

    /// The value of a row; id and step are its key.
    package var row: [UInt8] {
        var writer = ByteWriter()
        writer.put(rider)
        writer.put(code)
        writer.put(state.rawValue)
        writer.put(atMs)
        writer.putBlob(actor)
        writer.putBlob(note)
        return writer.bytes
    }

    package static func read(
        key: UnsafeRawBufferPointer, _ row: UnsafeRawBufferPointer
    ) throws(StoreError) -> AlertReview {
        guard let place = Keys.reviewPlace(key) else {
            throw .damaged("the key of an alert's review cannot be read")
        }
        do {
            var reader = ByteReader(row)
            let rider: UInt32 = try reader.read()
            let code: UInt8 = try reader.read()
            let state = try reader.readAlertState()
            let review = AlertReview(
                alertMs: place.ms, alertN: place.n, step: place.step, rider: rider, code: code,
                state: state, atMs: try reader.read(), actor: try reader.readBlob(),
                note: try reader.readBlob())
            guard reader.isAtEnd else { throw StoreError.damaged("") }
            return review
        } catch {
            throw .damaged("a review of alert \(place.ms)-\(place.n) cannot be read")
        }
    }
}

/// That a code which alerts only when it recurs has occurred: what is remembered of it after this.
package struct CodeRecurrence: Hashable, Sendable, BitwiseCopyable {
    package var rider: UInt32
    package var code: UInt8
    /// Receipt times of the two newest occurrences.
    package var newerMs: Int64
    package var olderMs: Int64?

    package init(rider: UInt32, code: UInt8, newerMs: Int64, olderMs: Int64?) {
        self.rider = rider
        self.code = code
        self.newerMs = newerMs
        self.olderMs = olderMs
    }

    package var key: [UInt8] { Keys.recurrence(rider: rider, code: code) }

    package var row: [UInt8] {
        var writer = ByteWriter()
        writer.put(newerMs)
        if let olderMs { writer.put(olderMs) }
        return writer.bytes
    }

    package static func read(
        key: UnsafeRawBufferPointer, _ row: UnsafeRawBufferPointer
    ) throws(StoreError) -> CodeRecurrence {
        var reader = ByteReader(row)
        guard let place = Keys.recurrencePlace(key), row.count == 8 || row.count == 16,
            let newerMs: Int64 = try? reader.read()
        else { throw .damaged("what a recurring code was remembered by cannot be read") }
        let olderMs: Int64? = row.count == 16 ? try? reader.read() : nil
        return CodeRecurrence(
            rider: place.rider, code: place.code, newerMs: newerMs, olderMs: olderMs)
    }
}

extension ByteWriter {
    mutating func putReview(_ review: AlertReview) {
        putVarint(UInt64(review.alertMs))
        putVarint(UInt64(review.alertN))
        putVarint(UInt64(review.step))
        putVarint(UInt64(review.rider))
        put(review.code)
        put(review.state.rawValue)
        putZigzag(review.atMs)
        putBlob(review.actor)
        putBlob(review.note)
    }

    mutating func putRecurrence(_ one: CodeRecurrence) {
        putVarint(UInt64(one.rider))
        put(one.code)
        put(UInt8(one.olderMs == nil ? 1 : 2))
        putZigzag(one.newerMs)
        if let olderMs = one.olderMs { putZigzag(olderMs) }
    }
}

extension ByteReader {
    /// A state that a review can bring: any but open.
    mutating func readAlertState() throws -> AlertState {
        guard let state = AlertState(rawValue: try read()), state != .open else {
            throw StoreError.damaged("an alert's state is not known here")
        }
        return state
    }

    mutating func readReview() throws -> AlertReview {
        let ms = try readVarint()
        let n = try readVarint()
        let step = try readVarint()
        let rider = try readVarint()
        guard ms <= UInt64(Int64.max), let n = UInt32(exactly: n),
            let step = UInt16(exactly: step), let rider = UInt32(exactly: rider)
        else { throw StoreError.damaged("a journal value is too large") }
        return AlertReview(
            alertMs: Int64(ms), alertN: n, step: step, rider: rider, code: try read(),
            state: try readAlertState(), atMs: try readZigzag(), actor: try readBlob(),
            note: try readBlob())
    }

    mutating func readRecurrence() throws -> CodeRecurrence {
        guard let rider = UInt32(exactly: try readVarint()) else {
            throw StoreError.damaged("a journal value is too large")
        }
        let code: UInt8 = try read()
        let times: UInt8 = try read()
        guard times == 1 || times == 2 else {
            throw StoreError.damaged("a recurring code is remembered by \(times) times")
        }
        let newerMs = try readZigzag()
        return CodeRecurrence(
            rider: rider, code: code, newerMs: newerMs,
            olderMs: times == 2 ? try readZigzag() : nil)
    }
}
