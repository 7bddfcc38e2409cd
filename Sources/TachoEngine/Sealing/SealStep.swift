/// The steps of the seal protocol, in order; the numbers are those of the design.
package enum SealStep: Int, Sendable, CaseIterable {
    /// The range and its interval are on the device: from here on a file of it may be there.
    case intent = 1
    /// The temporary file is written and synced.
    case write = 2
    /// It was read back from the device, decoded, and compared with a second pass over the store.
    case readBack = 3
    /// It has its final name, and the folder is on the device.
    case rename = 4
    /// The log of segments has its entry, on the device.
    case log = 5
    /// The log's head is signed, on the device.
    case sign = 6
    /// The row that says so is on the device.
    case sealed = 7

    package var name: String { "\(self)" }

    package init?(name: some StringProtocol) {
        guard let step = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = step
    }
}

/// A moment at which tests end the process, or a power cut comes: before a step or after it.
package struct SealMoment: Sendable, Hashable, CustomStringConvertible {
    package var step: SealStep
    package var isDone: Bool

    package init(_ step: SealStep, isDone: Bool) {
        self.step = step
        self.isDone = isDone
    }

    /// `before-rename`, `after-rename`.
    package var description: String { (isDone ? "after-" : "before-") + step.name }

    package init?(_ text: String) {
        let parts = text.split(separator: "-", maxSplits: 1)
        guard parts.count == 2, parts[0] == "before" || parts[0] == "after",
            let step = SealStep(name: parts[1])
        else { return nil }
        self.init(step, isDone: parts[0] == "after")
    }

    package static let all = SealStep.allCases.flatMap {
        [SealMoment($0, isDone: false), SealMoment($0, isDone: true)]
    }
}

/// What sealing does and how it went, for operators.
package struct SealActivity: Sendable {
    /// Of the range that is being sealed; nil: none is.
    package internal(set) var range: UInt32?
    /// Of the last one: how long it took, and its points.
    package internal(set) var lastMs = 0
    package internal(set) var lastPoints: UInt64 = 0
    /// Entries in the log of segments, and those under its signed head: as of the last seal, or when the
    /// files were looked at last, as another process may sign.
    package internal(set) var logged: UInt64 = 0
    package internal(set) var signed: UInt64 = 0
    package internal(set) var refusals = 0
    /// Why the last attempt was refused; nil: it was not. Until a person has looked nothing is sealed.
    package internal(set) var refusal: String?
}
