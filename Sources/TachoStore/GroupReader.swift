package import TachoCodec
package import TachoGeo

/// Reads the events of a group's body. Every value is checked: a journal is a file like any other.
package struct GroupReader {
    private var reader: ByteReader

    package init(_ body: UnsafeRawBufferPointer) { reader = ByteReader(body) }

    /// Bytes of the events read so far.
    var offset: Int { reader.offset }

    /// nil at the end.
    package mutating func next() throws(StoreError) -> GroupEvent? {
        if reader.isAtEnd { return nil }
        do {
            let raw = try reader.read(UInt8.self)
            guard let kind = GroupEvent.Kind(rawValue: raw) else {
                throw StoreError.damaged("journal event \(raw) is not known here")
            }
            return try event(kind)
        } catch let error as StoreError {
            throw error
        } catch {
            throw .damaged("a journal event is cut off")
        }
    }

    private mutating func event(_ kind: GroupEvent.Kind) throws -> GroupEvent {
        switch kind {
        case .rider:
            .rider(number: try number(), name: try reader.readBlob())
        case .fix:
            try fix()
        case .amend:
            .amend(
                rider: try number(), tsMs: try reader.readZigzag(),
                ordinal: try narrow(try reader.readVarint()), verdict: try reader.readVerdict(),
                cause: try known(AmendCause(rawValue: try reader.read())))
        case .chain:
            .chain(rider: try number(), image: try reader.readBlob())
        case .alert:
            .alert(try readAlert())
        case .vehicle:
            .vehicle(
                rider: try number(), try known(VehicleClass(rawValue: try reader.read())))
        case .cut:
            .cut(next: try number())
        case .loss:
            .loss(first: try reader.readVarint(), last: try reader.readVarint())
        case .checkpoint:
            .checkpoint(from: try reader.readVarint())
        case .compared:
            .compared(proposal: try reader.readVarint())
        case .rules:
            .rules(image: try reader.readBlob())
        case .review:
            .review(try reader.readReview())
        case .recurrence:
            .recurrence(try reader.readRecurrence())
        case .fence:
            .fence(change: try reader.readBlob())
        case .order:
            .order(try OrderEvent.read(try reader.readBlob()))
        case .verdicts:
            .verdicts(VerdictRuns.Run(count: try number(), bytes: try reader.readBlob()))
        case .entries:
            .entries(orderN: try number(), verdictN: try number())
        }
    }

    private mutating func fix() throws -> GroupEvent {
        let rider: UInt32 = try reader.read()
        let row = FixRow(
            clock: try reader.read(), place: try reader.read(), motion: try reader.read())
        guard row.isLegal else {
            throw StoreError.damaged("a journal fix has values no fix can have")
        }
        return .fix(
            rider: rider, row.stored(row.hasExtra ? try extra(row) : FixExtra.none),
            FixRoute(toLateTail: row.toLateTail, entersChain: row.entersChain))
    }

    private mutating func extra(_ row: FixRow) throws -> FixExtra {
        let flags: UInt8 = try reader.read()
        let altitude =
            flags & FixEvent.altitudeFlag != 0
            ? try reader.readVarint() : FixRow.altitudeAbsent
        let codes = flags & FixEvent.codesFlag != 0 ? try reader.readVarint() : 0
        let delay = flags & FixEvent.delayFlag != 0 ? try reader.readZigzag() : row.delaySteps
        let claimed = flags & FixEvent.claimedFlag != 0 ? try reader.readZigzag() : 0
        guard flags < 16, altitude <= FixRow.altitudeLimit || altitude == FixRow.altitudeAbsent,
            delay > -(1 << 42), delay < 1 << 42, claimed > -Fix.timeLimitMs,
            claimed < Fix.timeLimitMs,
            (flags & FixEvent.delayFlag != 0) == row.hasDelayElsewhere,
            (flags & FixEvent.claimedFlag != 0) == row.isClaimed
        else { throw StoreError.damaged("a journal fix has an extra no fix can have") }
        return FixExtra(
            codes: codes, claimedRecvMs: claimed, altitudeDm: FixRow.altitudeDm(field: altitude),
            delaySteps: delay)
    }

    private mutating func readAlert() throws -> AlertHit {
        let (rider, tsMs) = (try number(), try reader.readZigzag())
        let atRecvMs = try reader.readZigzag()
        let (code, severity) = (try reader.read(UInt8.self), try reader.read(UInt8.self))
        return AlertHit(
            rider: rider, tsMs: tsMs, atRecvMs: atRecvMs, code: code,
            severity: severity & ~GroupEvent.criticalWindowBit,
            verdict: try reader.readVerdict(), windowStartMs: try reader.readZigzag(),
            windowCount: try narrow(try reader.readVarint()),
            windowIsCritical: severity & GroupEvent.criticalWindowBit != 0,
            evidence: try reader.readBlob())
    }

    private mutating func number() throws -> UInt32 { try narrow(try reader.readVarint()) }

    private func narrow<T: FixedWidthInteger, U: FixedWidthInteger>(_ value: U) throws -> T {
        guard let narrowed = T(exactly: value) else {
            throw StoreError.damaged("a journal value is too large")
        }
        return narrowed
    }

    private func known<T>(_ value: T?) throws -> T {
        guard let value else { throw StoreError.damaged("a journal value is not known here") }
        return value
    }
}

extension ByteReader {
    package mutating func readVerdict() throws -> Verdict {
        let codes = try readVarint()
        let bits = try read(UInt8.self)
        guard bits < 8, let effect = Effect(rawValue: bits & 3) else {
            throw StoreError.damaged("a verdict is not known here")
        }
        return Verdict(codes: codes, effect: effect, isTrusted: bits & 4 != 0)
    }

    package mutating func readBlob() throws(ByteReadError) -> [UInt8] {
        let count = try readVarint()
        guard count <= UInt64(remaining) else { throw .truncated }
        return Array(try take(Int(count)))
    }
}
