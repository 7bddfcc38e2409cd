import TachoCodec
import TachoGeo
import TachoIngest
import TachoStore

/// A rider's state as a checkpoint holds it: slot, chain, tails. `format-spec.md` §6.
enum SlotImage {
    static let version: UInt8 = 4
    /// Without what the rules about motion remember; with it in a layout that is not read any more:
    /// their windows start anew.
    private static let versionsWithoutMotion: ClosedRange<UInt8> = 0...1
    private static let motionFields = [
        2: Motion.fieldCountsBefore[0], 3: Motion.fieldCountsBefore[1],
        version: Motion.fieldCount,
    ]

    /// The row of family `latest`; the committer puts the group it is valid for in front.
    static func slot(_ slot: Slot) -> [UInt8] {
        var writer = ByteWriter()
        writer.put(version)
        writer.put(UInt8(slot.hasShown ? 1 : 0) | (slot.hasNewest ? 2 : 0))
        writer.put(slot.vehicle.rawValue)
        writer.put(UInt8(0))
        writer.put(slot.range)
        writer.put(slot.arrivals)
        writer.put(slot.amendments)
        writer.put(slot.generation)
        writer.put(UInt16(0))
        writer.put(slot.points)
        for ms in [
            slot.mainNewestMs, slot.closedNewestMs, slot.futureSpan.firstMs,
            slot.futureSpan.lastMs, slot.pastSpan.firstMs, slot.pastSpan.lastMs,
            slot.maxChunkSpanMs, slot.closedOldestMs, slot.oldestMs,
        ] { writer.put(ms) }
        if slot.hasShown { put(slot.shown.stored, to: &writer) }
        if slot.hasNewest { put(slot.newest.stored, to: &writer) }
        writer.put(chain(slot.chain))
        writer.put(slot.motion.image)
        return writer.bytes
    }

    static func readSlot(_ bytes: UnsafeRawBufferPointer) throws(StoreError) -> Slot {
        var slot = Slot()
        do {
            var reader = ByteReader(bytes)
            slot.asOfGroup = try reader.read()
            let version: UInt8 = try reader.read()
            let fields = motionFields[version]
            guard fields != nil || versionsWithoutMotion.contains(version) else {
                throw StoreError.damaged("a slot has a version that is not known here")
            }
            let flags: UInt8 = try reader.read()
            guard let vehicle = VehicleClass(rawValue: try reader.read()),
                try reader.read(UInt8.self) == 0
            else { throw StoreError.damaged("a slot's vehicle is not known here") }
            slot.vehicle = vehicle
            slot.range = try reader.read()
            slot.arrivals = try reader.read()
            slot.amendments = try reader.read()
            slot.generation = try reader.read()
            _ = try reader.read(UInt16.self)
            slot.points = try reader.read()
            slot.mainNewestMs = try reader.read()
            slot.closedNewestMs = try reader.read()
            slot.setSpans(
                future: TimeSpan(firstMs: try reader.read(), lastMs: try reader.read()),
                past: TimeSpan(firstMs: try reader.read(), lastMs: try reader.read()))
            slot.maxChunkSpanMs = try reader.read()
            slot.closedOldestMs = try reader.read()
            slot.oldestMs = try reader.read()
            slot.hasShown = flags & 1 != 0
            slot.hasNewest = flags & 2 != 0
            if slot.hasShown { slot.shown = FixImage(try stored(&reader)) }
            if slot.hasNewest {
                slot.newest = FixImage(try stored(&reader))
                slot.newestIsShown = slot.hasShown && slot.newest == slot.shown
            }
            slot.chain = try readChain(&reader)
            let image = version > 0 ? Array(try reader.take(reader.remaining)) : []
            if let fields {
                guard let motion = Motion(image: image, fields: fields) else {
                    throw StoreError.damaged("a slot's motion cannot be read")
                }
                slot.motion = motion
            }
            guard reader.isAtEnd else { throw StoreError.damaged("a slot is longer than it says") }
            return slot
        } catch let error as StoreError {
            throw error
        } catch {
            throw .damaged("a slot is cut off")
        }
    }

    static func chain(_ chain: Chain) -> [UInt8] {
        var writer = ByteWriter()
        writer.put(UInt8(chain.hasAnchor ? 1 : 0))
        writer.put(chain.heldCount)
        writer.put(chain.newestTsMs)
        put(chain.anchor, to: &writer)
        put(chain.candidate, to: &writer)
        put(chain.held0, to: &writer)
        put(chain.held1, to: &writer)
        return writer.bytes
    }

    static func readChain(_ bytes: [UInt8]) throws(StoreError) -> Chain {
        do {
            return try bytes.withUnsafeBytes { raw in
                var reader = ByteReader(raw)
                let chain = try readChain(&reader)
                guard reader.isAtEnd else {
                    throw StoreError.damaged("a chain is longer than it says")
                }
                return chain
            }
        } catch let error as StoreError {
            throw error
        } catch {
            throw .damaged("a chain is cut off")
        }
    }

    private static func readChain(_ reader: inout ByteReader) throws -> Chain {
        var chain = Chain()
        chain.hasAnchor = try reader.read(UInt8.self) != 0
        chain.heldCount = try reader.read()
        guard chain.heldCount <= 2 else { throw StoreError.damaged("a chain holds too many") }
        chain.newestTsMs = try reader.read()
        chain.anchor = try anchor(&reader)
        chain.candidate = try anchor(&reader)
        chain.held0 = try held(&reader)
        chain.held1 = try held(&reader)
        return chain
    }

    private static func put(_ anchor: Anchor, to writer: inout ByteWriter) {
        writer.put(anchor.tsMs)
        writer.put(anchor.latE7)
        writer.put(anchor.lonE7)
        writer.put(anchor.accuracyDm)
        writer.put(anchor.heldMs)
        writer.put(UInt8(anchor.isStanding ? 1 : 0))
    }

    private static func anchor(_ reader: inout ByteReader) throws -> Anchor {
        Anchor(
            tsMs: try reader.read(), latE7: try reader.read(), lonE7: try reader.read(),
            accuracyDm: try reader.read(), heldMs: try reader.read(),
            isStanding: try reader.read(UInt8.self) != 0)
    }

    private static func put(_ held: HeldFix, to writer: inout ByteWriter) {
        writer.put(held.tsMs)
        writer.put(held.latE7)
        writer.put(held.lonE7)
        writer.put(held.accuracyDm)
        writer.put(held.baseCodes)
        writer.put(held.baseEffect.rawValue)
        writer.put(
            UInt8(held.isTeleport ? 1 : 0) | (held.isJump ? 2 : 0)
                | (held.isGlitch ? 4 : 0) | (held.isGap ? 8 : 0)
                | (held.isAfterGap ? 16 : 0))
    }

    private static func held(_ reader: inout ByteReader) throws -> HeldFix {
        var held = HeldFix.none
        held.tsMs = try reader.read()
        held.latE7 = try reader.read()
        held.lonE7 = try reader.read()
        held.accuracyDm = try reader.read()
        held.baseCodes = try reader.read()
        guard let effect = Effect(rawValue: try reader.read()) else {
            throw StoreError.damaged("a held fix has an effect that is not known here")
        }
        held.baseEffect = effect
        let flags: UInt8 = try reader.read()
        held.isTeleport = flags & 1 != 0
        held.isJump = flags & 2 != 0
        held.isGlitch = flags & 4 != 0
        held.isGap = flags & 8 != 0
        held.isAfterGap = flags & 16 != 0
        return held
    }

    /// A stored fix in fixed width, 60 bytes.
    static func put(_ s: StoredFix, to writer: inout ByteWriter) {
        writer.put(s.fix.tsMs)
        writer.put(s.fix.latE7)
        writer.put(s.fix.lonE7)
        writer.put(s.fix.speedCms)
        writer.put(s.fix.headingCdeg)
        writer.put(s.fix.accuracyDm)
        writer.put(s.fix.altitudeDm)
        writer.put(s.fix.source.rawValue)
        writer.put(s.provenance.rawValue)
        writer.put(s.vehicle.rawValue)
        writer.put(s.verdict.effect.rawValue | (s.verdict.isTrusted ? 4 : 0))
        writer.put(s.verdict.codes)
        writer.put(s.recvMs)
        writer.put(s.claimedRecvMs)
    }

    static func stored(_ reader: inout ByteReader) throws -> StoredFix {
        var fix = Fix(
            tsMs: try reader.read(), latE7: try reader.read(), lonE7: try reader.read(),
            speedCms: try reader.read(), headingCdeg: try reader.read(),
            accuracyDm: try reader.read(), altitudeDm: try reader.read())
        guard let source = FixSource(rawValue: try reader.read()),
            let provenance = Provenance(rawValue: try reader.read()),
            let vehicle = VehicleClass(rawValue: try reader.read())
        else { throw StoreError.damaged("a fix in a slot is not known here") }
        fix.source = source
        let bits: UInt8 = try reader.read()
        guard bits < 8, let effect = Effect(rawValue: bits & 3) else {
            throw StoreError.damaged("a verdict in a slot is not known here")
        }
        let stored = StoredFix(
            fix: fix, provenance: provenance, vehicle: vehicle,
            verdict: Verdict(
                codes: try reader.read(), effect: effect, isTrusted: bits & 4 != 0),
            recvMs: try reader.read(), claimedRecvMs: try reader.read())
        guard isLegal(stored) else {
            throw StoreError.damaged("a fix in a slot has values no fix can have")
        }
        return stored
    }

    /// Whether a row can hold a fix that comes from a file.
    private static func isLegal(_ s: StoredFix) -> Bool {
        func fits(_ value: Int32, _ range: ClosedRange<Int32>) -> Bool {
            value == Fix.absent || range.contains(value)
        }
        let times = -Fix.timeLimitMs + 1...Fix.timeLimitMs - 1
        let receipts = -2 * Fix.timeLimitMs...2 * Fix.timeLimitMs
        return times.contains(s.fix.tsMs) && receipts.contains(s.recvMs)
            && times.contains(s.claimedRecvMs) && (-900_000_000...900_000_000).contains(s.fix.latE7)
            && (-1_800_000_000...1_800_000_000).contains(s.fix.lonE7)
            && fits(s.fix.speedCms, Fix.speedRangeCms)
            && fits(s.fix.headingCdeg, 0...Fix.fullCircleCdeg - 1)
            && fits(s.fix.accuracyDm, Fix.accuracyRangeDm)
            && fits(s.fix.altitudeDm, Fix.altitudeRangeDm)
    }
}

/// A tail as a checkpoint holds it: its fixes in a column block.
enum TailImage {
    static let version: UInt8 = 0
    static let mainKind: UInt8 = 0
    static let lateKind: UInt8 = 1

    /// nil: the tail is empty.
    static func bytes(_ tail: Tail, _ encoder: inout ChunkEncoder) -> [UInt8]? {
        if tail.isEmpty { return nil }
        tail.fill(&encoder.columns)
        if !encoder.columns.isInOrder {
            tail.fill(&encoder.columns, order: tail.sortedIndices()[...])
        }
        var writer = ByteWriter()
        writer.put(version)
        writer.put(UInt8(0))
        writer.put(UInt16(tail.count))
        writer.put(UInt32(0))
        writer.put(tail.first.resolved(first: 0))
        writer.put(tail.last.resolved(first: 0))
        encoder.encodeBlock(into: &writer.bytes)
        return writer.bytes
    }

    /// The tail in the order it is kept in memory: of arrival. Verdicts are those as decided.
    static func read(
        _ bytes: UnsafeRawBufferPointer, _ columns: inout ChunkColumns
    ) throws(StoreError) -> Tail {
        let count: Int
        let first: UInt64
        let last: UInt64
        do {
            var reader = ByteReader(bytes)
            guard try reader.read(UInt8.self) == version,
                try reader.read(UInt8.self) == 0
            else { throw StoreError.damaged("a tail has a version that is not known here") }
            count = Int(try reader.read(UInt16.self))
            guard count <= Tail.limit else {
                throw StoreError.damaged("a tail has more fixes than one can have")
            }
            _ = try reader.read(UInt32.self)
            first = try reader.read()
            last = try reader.read()
            guard first >> 63 == 0, last >> 63 == 0 else {
                throw StoreError.damaged("a tail has sequences no fix can have")
            }
            try FixColumns.decode(
                try reader.take(reader.remaining), count: count, into: &columns)
        } catch let error as StoreError {
            throw error
        } catch {
            throw .damaged("a tail cannot be read: \(error)")
        }
        let at = columns.at
        var tail = Tail()
        for index in (0..<count).sorted(by: { at.arrival[$0] < at.arrival[$1] }) {
            let stored = at.fix(index)
            tail.append(
                FixRow.pack(stored, route: 0).row, FixRow.extra(stored),
                arrival: at.arrival[index], .known(first))
        }
        tail.last = .known(last)
        return tail
    }
}
