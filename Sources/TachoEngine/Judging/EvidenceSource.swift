/// Whose track another rider's is like, in the evidence of rules across riders.
package enum EvidenceSource {
    /// The evidence for somebody who may hear of some riders only: where the source is none of them, its
    /// name and time are left out, and the offset with them, from which the time would follow.
    ///
    /// What is there is cut, not written again: of a source that is shown, and of rules that have none,
    /// the text is the same to the byte.
    package static func shown(_ json: String, to mayHear: ([UInt8]) -> Bool) -> String {
        let bytes = Array(json.utf8)
        // Before it there are numbers only: no name of a rider can look like it.
        guard let start = bytes.firstRange(of: Array(rider.utf8)) else { return json }
        guard let name = name(bytes, from: start.upperBound), !mayHear(name.bytes) else {
            return json
        }
        var end = name.end
        for key in numbers where bytes[end...].starts(with: key.utf8) {
            end += key.utf8.count
            while end < bytes.count, !Self.ends.contains(bytes[end]) { end += 1 }
        }
        return String(decoding: bytes[..<start.lowerBound] + bytes[end...], as: UTF8.self)
    }

    private static let rider = ",\"source_rider\":\""
    /// As `AlertEvidence.across` writes them behind the rider.
    private static let numbers = [",\"source_ts_ms\":", ",\"offset_ms\":"]
    private static let ends = Array(",}".utf8)

    /// The name up to its quotation mark, and where the text goes on behind that.
    private static func name(_ bytes: [UInt8], from start: Int) -> (bytes: [UInt8], end: Int)? {
        var name: [UInt8] = []
        var index = start
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\""): return (name, index + 1)
            case UInt8(ascii: "\\") where index + 1 < bytes.count: index += 1
            default: break
            }
            name.append(bytes[index])
            index += 1
        }
        return nil
    }
}
