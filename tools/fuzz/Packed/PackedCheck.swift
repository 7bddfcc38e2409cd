/// Reads a frame, and holds what came out against a second, slow reading of the same bytes.
enum PackedCheck {
    // Kept between runs, as the server keeps its own: a second batch goes behind the first.
    nonisolated(unsafe) private static var batch = FixBatch()
    nonisolated(unsafe) private static var again = FixBatch()
    nonisolated(unsafe) private static var writer = PackedBatchWriter()

    static func run(_ frame: UnsafeRawBufferPointer) {
        batch.removeAll()
        do throws(PackedDefect) {
            let count = try PackedReader.append(frame, to: &batch)
            precondition(count == batch.count, "\(count) rows, \(batch.count) reports")
            let rows = PackedFrame(frame)
            precondition(rows.defect == nil, "read, though \(rows.defect!)")
            precondition(rows.count == count, "\(count) reports of \(rows.count) rows")
            _ = FixCheck.masks(of: batch)
            compare(rows)
            writeAgain()
        } catch {
            precondition(
                batch.count == 0 && batch.names.isEmpty, "refused, and yet something is added")
            precondition(PackedFrame(frame).defect == error, "refused for another reason")
            precondition(error.message.utf8.count <= 200, "a message without an end")
        }
    }

    private static func compare(_ rows: PackedFrame) {
        let entries = batch.entries
        batch.names.withUnsafeBytes { names in
            for (row, entry) in entries.enumerated() {
                let name = rows.name(row)
                let defect = rows.malformed(row) ?? RiderName.defect(name)
                precondition(entry.malformed == defect, "row \(row) is judged otherwise")
                guard defect == nil else { continue }
                let place = Int(entry.nameStart)..<Int(entry.nameStart) + Int(entry.nameCount)
                precondition(names[place].elementsEqual(name), "row \(row) has another name")
                let (fix, isDropped) = rows.fix(row)
                precondition(entry.fix == fix, "row \(row) is another fix")
                precondition(entry.fieldDropped == isDropped, "row \(row) drops otherwise")
                precondition(entry.provenance == .live, "row \(row) is no live one")
                Planted.named(name, of: rows.frame)
            }
        }
    }

    /// Good reports, written and read once more, are the same, and nothing of them is dropped.
    private static func writeAgain() {
        writer.removeAll()
        let good = batch.entries.filter { $0.malformed == nil }
        let names = batch.names
        for entry in good {
            let place = Int(entry.nameStart)..<Int(entry.nameStart) + Int(entry.nameCount)
            writer.append(rider: Array(names[place]), fix: entry.fix)
        }
        again.removeAll()
        let count = writer.bytes.withUnsafeBytes { try? PackedReader.append($0, to: &again) }
        precondition(count == good.count, "what was written is not read again")
        let others = again.names
        for (first, second) in zip(good, again.entries) {
            let place = Int(first.nameStart)..<Int(first.nameStart) + Int(first.nameCount)
            let other = Int(second.nameStart)..<Int(second.nameStart) + Int(second.nameCount)
            precondition(
                second.malformed == nil && !second.fieldDropped && first.fix == second.fix
                    && names[place] == others[other], "another fix when it is read again")
        }
    }
}
