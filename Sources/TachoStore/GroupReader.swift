package import TachoCodec
package import TachoGeo

/// Reads the events of a group's body. Every value is checked: a journal is a file like any other.
package struct GroupReader {
    private var reader: ByteReader

    package init(_ body: UnsafeRawBufferPointer) { reader = ByteReader(body) }

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
            .alert(
                AlertHit(
                    rider: try number(), tsMs: try reader.readZigzag(),
                    atRecvMs: try reader.readZigzag(), code: try reader.read(),
                    severity: try reader.read(), verdict: try reader.readVerdict(),
                    windowStartMs: try reader.readZigzag(),
                    windowCount: try narrow(try reader.readVarint()),
                    evidence: try reader.readBlob()))
        case .vehicle:
            .vehicle(
                rider: try number(), try known(VehicleClass(rawValue: try reader.read())))
        case .cut:
            .cut(next: try number())
        case .loss:
            .loss(first: try reader.readVarint(), last: try reader.readVarint())
        case .checkpoint:
            .checkpoint(from: try reader.readVarint())
        }
    }

    private mutating func fix() throws -> GroupEvent {
        let flags = try reader.readVarint()
        let rider = try number()
        var fix = Fix(
            tsMs: try reader.readZigzag(), latE7: try reader.read(), lonE7: try reader.read())
        let steps = try reader.readZigzag()
        if flags & FixFlags.speed != 0 { fix.speedCms = try narrow(try reader.readVarint()) }
        if flags & FixFlags.heading != 0 { fix.headingCdeg = try narrow(try reader.readVarint()) }
        if flags & FixFlags.accuracy != 0 { fix.accuracyDm = try narrow(try reader.readVarint()) }
        if flags & FixFlags.altitude != 0 { fix.altitudeDm = try narrow(try reader.readZigzag()) }
        fix.source = try known(FixSource(rawValue: bits(flags, FixFlags.sourceShift, 7)))
        let provenance = try known(Provenance(rawValue: bits(flags, FixFlags.provenanceShift, 3)))
        let claimed = provenance == .claimed ? try reader.readZigzag() : 0
        let codes = flags & FixFlags.codes != 0 ? try reader.readVarint() : 0
        let verdict = Verdict(
            codes: codes, effect: try known(Effect(rawValue: bits(flags, FixFlags.effectShift, 3))),
            isTrusted: flags & FixFlags.trusted != 0)
        guard abs(fix.tsMs) < Fix.timeLimitMs, abs(steps) < Fix.timeLimitMs else {
            throw StoreError.damaged("a journal fix has an impossible time")
        }
        let stored = StoredFix(
            fix: fix, provenance: provenance,
            vehicle: try known(VehicleClass(rawValue: bits(flags, FixFlags.vehicleShift, 7))),
            verdict: verdict, recvMs: fix.tsMs + steps * StoredFix.receiptStepMs,
            claimedRecvMs: claimed)
        return .fix(
            rider: rider, stored,
            FixRoute(
                toLateTail: flags & FixFlags.lateTail != 0,
                entersChain: flags & FixFlags.entersChain != 0))
    }

    private func bits(_ flags: UInt64, _ shift: UInt64, _ mask: UInt64) -> UInt8 {
        UInt8(flags >> shift & mask)
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
