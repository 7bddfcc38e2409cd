/// The keys of a log one after another, each named by the one before in an entry of the log.
package struct KeyChain: Equatable, Sendable {
    /// Where each key but the first begins: heads of more than `index` entries are signed by it.
    private var rotations: [(index: UInt64, rotation: KeyRotation)] = []

    package init() {}

    package static func == (a: KeyChain, b: KeyChain) -> Bool {
        a.rotations.elementsEqual(b.rotations) {
            $0.index == $1.index && $0.rotation == $1.rotation
        }
    }

    /// The first key; nil when there never was another.
    package var first: VerifierKey? { rotations.first?.rotation.old }
    package var last: VerifierKey? { rotations.last?.rotation.new }
    package var notes: [SignedNote] { rotations.map(\.rotation.note) }

    /// Adds a rotation, whose signature was checked when it was read.
    package mutating func add(_ rotation: KeyRotation, at index: UInt64) throws(LogError) {
        if let last, rotation.old != last {
            throw LogError(
                .wrongKey, file: LogReader.bundleName(index),
                "entry \(index) is by key \(rotation.old.text), not by the one in force")
        }
        rotations.append((index, rotation))
    }

    /// The key that signs heads of `size` entries; nil when only a pinned key could tell.
    package func key(at size: UInt64) -> VerifierKey? {
        rotations.last { $0.index < size }?.rotation.new ?? first
    }

    /// Whether who trusts `key` may trust the key of heads of `size` entries: it is that key, or
    /// one before it in the chain, each signed for by the one before. A key after it proves
    /// nothing about it.
    package func trusts(_ key: VerifierKey, at size: UInt64) -> Bool {
        guard let signer = self.key(at: size) else { return true }
        if signer == key { return true }
        return rotations.contains { $0.index < size && $0.rotation.old == key }
    }
}
