/// What names of a user's riders begin with. None at all: all riders are the user's.
package struct RiderPrefixes: Equatable, Sendable {
    package let all: [[UInt8]]

    package init(_ all: [[UInt8]] = []) { self.all = all }

    package var isEmpty: Bool { all.isEmpty }

    /// Cost: a comparison of bytes for each prefix.
    package func contain(_ name: UnsafeRawBufferPointer) -> Bool {
        if all.isEmpty { return true }
        for prefix in all where name.starts(with: prefix) { return true }
        return false
    }

    package func contain(_ name: [UInt8]) -> Bool { name.withUnsafeBytes { contain($0) } }

    /// Whether every name that a pattern of PSUBSCRIBE can match is the user's: what it begins with,
    /// before anything that stands for other bytes, must say so. `channel` is in front of riders.
    package func contain(pattern: [UInt8], channel: [UInt8]) -> Bool {
        if all.isEmpty { return true }
        let literal = pattern.prefix { !Self.special.contains($0) }
        guard literal.starts(with: channel) else { return false }
        return contain(Array(literal.dropFirst(channel.count)))
    }

    private static let special = Array("*?[\\".utf8)
}
