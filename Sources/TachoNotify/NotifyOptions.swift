/// Where alerts go, and how. `tachod` fills it from its arguments.
package struct NotifyOptions: Sendable {
    package var targets: [TargetAddress] = []
    /// The file of the secrets by which webhooks are signed.
    package var secretPath: String?
    /// PEM: whose signatures make certificates of targets good; nil: what the system trusts.
    package var authoritiesPath: String?
    package var evidenceURL = EvidenceTemplate.none
    /// An episode ends when so long no alert of it came.
    package var resolveSeconds = Self.defaultResolveSeconds
    /// Alertmanager hears of open episodes so often; it forgets those of which it has not heard for its
    /// resolve_timeout, 5 min unless it was told other.
    package var resendSeconds = Self.defaultResendSeconds
    /// A target that is new begins with the oldest alert there is, not with the next.
    package var startsWithOldest = false
    /// A fault for tests: what is sent counts as delivered before it is.
    package var notesBeforeDelivery = false

    package init() {}

    package static let defaultResolveSeconds = 300
    package static let defaultResendSeconds = 60
    package static let resolveBounds = 1...43_200
    package static let resendBounds = 1...3_600
    /// Each has a connection, a mark, and what it remembers of open episodes.
    package static let maxTargets = 16

    package func check() throws(NotifyError) {
        guard targets.count <= Self.maxTargets else { throw .tooManyTargets(Self.maxTargets) }
        var names = Set<String>()
        for target in targets where !names.insert(target.name).inserted {
            throw .twoOfOneName(target.name)
        }
        if secretPath == nil, targets.contains(where: { $0.kind == .webhook }) { throw .noSecret }
    }
}

/// Where people find what an alert rests on: a URL in which `{id}` stands for the alert's id, `{rider}`
/// for the rider, `{ts_ms}` for the offending fix's time and `{code}` for the rule.
package struct EvidenceTemplate: Equatable, Sendable {
    private enum Part: Equatable {
        case text(String)
        case id, rider, time, code
    }

    private let parts: [Part]
    /// People can open it.
    let isURL: Bool

    /// Where no place is named: the id, for `tacho alerts show`.
    package static let none = EvidenceTemplate(
        parts: [.text("urn:tacho:alert:"), .id], isURL: false)

    private init(parts: [Part], isURL: Bool) {
        self.parts = parts
        self.isURL = isURL
    }

    package init(_ text: String) throws(NotifyError) {
        guard text.hasPrefix("https://") || text.hasPrefix("http://"),
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw .template("http:// or https:// expected, without spaces") }
        var parts: [Part] = []
        var rest = text[...]
        while let open = rest.firstIndex(of: "{") {
            parts.append(.text(String(rest[..<open])))
            guard let close = rest[open...].firstIndex(of: "}") else {
                throw .template("a { without }")
            }
            switch rest[rest.index(after: open)..<close] {
            case "id": parts.append(.id)
            case "rider": parts.append(.rider)
            case "ts_ms": parts.append(.time)
            case "code": parts.append(.code)
            case let name: throw .template("{\(name)} is none of {id} {rider} {ts_ms} {code}")
            }
            rest = rest[rest.index(after: close)...]
        }
        self.init(parts: parts + [.text(String(rest))], isURL: true)
    }

    func url(id: String, rider: [UInt8], tsMs: Int64?, code: String) -> String {
        parts.map { part in
            switch part {
            case .text(let text): text
            case .id: id
            case .rider: Percent.encoded(rider)
            case .time: tsMs.map { String($0) } ?? ""
            case .code: code
            }
        }.joined()
    }
}
