import TachoCodec
import TachoIngest
import TachoStore

/// What rules across riders remember, as family `across` holds it. `format-spec.md` §6.
enum AcrossImage {
    private static let trailKind: UInt8 = 0
    private static let totalsKind: UInt8 = 1
    private static let version: UInt8 = 0

    /// What is not of one rider.
    struct Totals: Hashable {
        var nextProposal: UInt64 = 1
        /// Days of which there are landmarks in the database.
        var days: [UInt16] = []
        /// Proposals that were not judged.
        var open: [AcrossProposal] = []

        var row: StateRow {
            var writer = ByteWriter()
            writer.put(AcrossImage.version)
            writer.put(nextProposal)
            writer.put(UInt16(days.count))
            for day in days { writer.put(day) }
            writer.put(UInt32(open.count))
            for one in open {
                writer.put(one.number)
                writer.put(one.rider)
                writer.put(one.tsMs)
                writer.put(one.other)
                writer.put(one.otherMs)
            }
            return StateRow(family: .across, key: [AcrossImage.totalsKind], value: writer.bytes)
        }

        init(nextProposal: UInt64 = 1, days: [UInt16] = [], open: [AcrossProposal] = []) {
            self.nextProposal = nextProposal
            self.days = days
            self.open = open
        }

        init(_ bytes: UnsafeRawBufferPointer) throws(StoreError) {
            do {
                var reader = ByteReader(bytes)
                guard try reader.read(UInt8.self) == AcrossImage.version else {
                    throw StoreError.damaged("the state across riders has an unknown version")
                }
                nextProposal = try reader.read()
                for _ in 0..<Int(try reader.read(UInt16.self)) { days.append(try reader.read()) }
                for _ in 0..<Int(try reader.read(UInt32.self)) {
                    open.append(
                        AcrossProposal(
                            number: try reader.read(), rider: try reader.read(),
                            tsMs: try reader.read(), other: try reader.read(),
                            otherMs: try reader.read()))
                }
                guard reader.isAtEnd else {
                    throw StoreError.damaged("the state across riders is longer than it says")
                }
            } catch let error as StoreError {
                throw error
            } catch {
                throw .damaged("the state across riders is cut off")
            }
        }
    }

    static func readTotals(_ database: Database) throws(StoreError) -> Totals {
        guard let bytes = try database.get(.across, [totalsKind]) else { return Totals() }
        return try readTotals(bytes)
    }

    private static func readTotals(_ bytes: [UInt8]) throws(StoreError) -> Totals {
        let result = bytes.withUnsafeBytes { raw in
            Result { () throws(StoreError) in try Totals(raw) }
        }
        return try result.get()
    }

    static func readTrails(
        _ database: Database, into trails: TrailSlab, _ suspicions: inout Suspicions
    ) throws(StoreError) {
        let cursor = database.cursor(.across)
        cursor.seekToFirst()
        while try cursor.isValid(), cursor.key.first == trailKind {
            guard cursor.key.count == 5 else { throw .damaged("a trail's key cannot be read") }
            let rider = KeyReader.u32(cursor.key, at: 1)
            (trails[rider], suspicions[rider]) = try trail(cursor.value)
            cursor.next()
        }
    }

    /// Rows of the riders whose trails changed since the last call.
    static func takeDirty(
        _ trails: TrailSlab, _ suspicions: Suspicions
    ) -> [StateRow] {
        var rows: [StateRow] = []
        for rider in 0..<UInt32(trails.count) where trails[rider].isDirty {
            rows.append(
                StateRow(
                    family: .across, key: [trailKind] + Keys.number(rider),
                    value: bytes(trails[rider], suspicions[rider])))
            trails.clearDirty(rider)
        }
        return rows
    }

    static func bytes(_ trail: Trail, _ suspects: [Suspicions.Suspect]) -> [UInt8] {
        var writer = ByteWriter()
        for place in [trail.place0, trail.place1, trail.place2, trail.place3] { writer.put(place) }
        writer.put(trail.entryMs)
        writer.put(trail.entryLatE7)
        writer.put(trail.entryLonE7)
        writer.put(trail.step0)
        writer.put(trail.step1)
        writer.put(trail.landmarks)
        writer.put(trail.places)
        writer.put(trail.entries)
        writer.put(UInt8(suspects.count))
        for suspect in suspects {
            writer.put(suspect.rider)
            writer.put(suspect.tsMs)
            writer.put(suspect.offsetMs)
        }
        return writer.bytes
    }

    static func trail(
        _ bytes: UnsafeRawBufferPointer
    ) throws(StoreError) -> (Trail, [Suspicions.Suspect]) {
        var trail = Trail()
        do {
            var reader = ByteReader(bytes)
            trail.place0 = try reader.read()
            trail.place1 = try reader.read()
            trail.place2 = try reader.read()
            trail.place3 = try reader.read()
            trail.entryMs = try reader.read()
            trail.entryLatE7 = try reader.read()
            trail.entryLonE7 = try reader.read()
            trail.step0 = try reader.read()
            trail.step1 = try reader.read()
            trail.landmarks = try reader.read()
            trail.places = try reader.read()
            trail.entries = try reader.read()
            let suspects = try suspects(&reader)
            guard reader.isAtEnd, trail.places <= 4, trail.entries <= 4,
                abs(Int64(trail.entryLatE7)) <= 900_000_000
            else { throw StoreError.damaged("a trail has values none can have") }
            return (trail, suspects)
        } catch let error as StoreError {
            throw error
        } catch {
            throw .damaged("a trail is cut off")
        }
    }

    private static func suspects(_ reader: inout ByteReader) throws -> [Suspicions.Suspect] {
        let count = Int(try reader.read(UInt8.self))
        guard count <= Suspicions.perRider else {
            throw StoreError.damaged("a trail has more suspects than any can have")
        }
        return try (0..<count).map { _ in
            Suspicions.Suspect(
                rider: try reader.read(), tsMs: try reader.read(), offsetMs: try reader.read())
        }
    }
}
