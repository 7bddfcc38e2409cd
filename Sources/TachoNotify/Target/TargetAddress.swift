import Crypto
import TachoGeo

/// Where alerts are delivered to: `[NAME=]http[s]://[USER:PASSWORD@]HOST[:PORT][/PATH][?QUERY]`.
///
/// The name is what a target's mark is kept under. Without one it is made of kind, host and port, so a
/// changed password is the same target; what may be secret (password, query, path of a webhook) is
/// neither in the name nor shown.
package struct TargetAddress: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        case alertmanager
        case webhook
    }

    package let kind: Kind
    package let name: String
    package let usesTLS: Bool
    /// Without brackets.
    package let host: String
    package let port: Int
    /// Of a request: path and query, beginning with `/`.
    package let path: String
    /// Of the header `Authorization`; nil: none.
    package let authorization: String?

    /// As logs and lists show it.
    package var shown: String { "\(usesTLS ? "https" : "http")://\(authority)\(shownPath)" }

    /// Of the header `Host`.
    package var authority: String {
        let host = host.contains(":") ? "[\(host)]" : host
        return port == (usesTLS ? 443 : 80) ? host : "\(host):\(port)"
    }

    /// Numbers that mean this machine, or its name: what goes there leaves it not.
    package var isThisMachine: Bool {
        host == "localhost" || host == "::1" || host.hasPrefix("127.")
    }

    private let shownPath: String

    package init(kind: Kind, text: String) throws(NotifyError) {
        self.kind = kind
        let (given, url) = Self.split(text)
        let (rest, usesTLS) = try Self.scheme(of: url, kind)
        self.usesTLS = usesTLS
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let (authority, user) = Self.user(of: rest[..<end])
        (host, port) = try Self.hostAndPort(authority, usesTLS: usesTLS, kind)
        let target = String(rest[end...])
        guard target.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "#") })
        else { throw .address(kind, "path and query are percent-encoded and without #") }
        let query = target.firstIndex(of: "?")
        var path = target[..<(query ?? target.endIndex)]
        while path.last == "/" { path = path.dropLast() }
        if kind == .alertmanager {
            guard query == nil else { throw .address(kind, "no query expected") }
            self.path = path + "/api/v2/alerts"
        } else {
            self.path = target.isEmpty || target.first == "?" ? "/" + target : target
        }
        authorization = user.map { "Basic " + Base64.encode(Array($0.utf8)) }
        if kind == .alertmanager {
            shownPath = String(path)
        } else {
            shownPath = path.isEmpty && query == nil ? "" : "/…"
        }
        let plain =
            "\(kind.rawValue):\(host.contains(":") ? "[\(host)]" : host):\(port)"
        switch (given, kind) {
        case (let given?, _): name = given
        case (nil, .alertmanager): name = plain + path
        case (nil, .webhook):
            let hidden = path.isEmpty && query == nil ? "" : "/" + Self.digest(target)
            name = plain + hidden
        }
        if let defect = TargetName.defect(Array(name.utf8)) {
            throw .address(kind, "its name: \(defect)")
        }
    }

    /// Eight digits: they tell two webhooks of one host apart and say nothing of what the path is.
    private static func digest(_ text: String) -> String {
        SHA256.hash(data: Array(text.utf8)).prefix(4).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }

    /// A name is what stands before a `=` that stands before the first `:`.
    private static func split(_ text: String) -> (name: String?, url: Substring) {
        guard let equals = text.firstIndex(of: "="),
            !text[..<equals].contains(where: { $0 == ":" || $0 == "/" })
        else { return (nil, text[...]) }
        return (String(text[..<equals]), text[text.index(after: equals)...])
    }

    private static func scheme(
        of url: Substring, _ kind: Kind
    ) throws(NotifyError) -> (rest: Substring, usesTLS: Bool) {
        for (scheme, usesTLS) in [("http://", false), ("https://", true)]
        where url.lowercased().hasPrefix(scheme) {
            return (url.dropFirst(scheme.count), usesTLS)
        }
        throw .address(kind, "http:// or https:// expected at its begin")
    }

    private static func user(of authority: Substring) -> (rest: Substring, user: String?) {
        guard let at = authority.lastIndex(of: "@") else { return (authority, nil) }
        let user = Percent.decoded(authority[..<at])
        return (
            authority[authority.index(after: at)...], user.contains(":") ? user : user + ":"
        )
    }

    private static func hostAndPort(
        _ text: Substring, usesTLS: Bool, _ kind: Kind
    ) throws(NotifyError) -> (String, Int) {
        var host = text
        var port = usesTLS ? 443 : 80
        let isNumbers = text.first == "["
        let end = isNumbers ? text.firstIndex(of: "]") : text.firstIndex(of: ":")
        if isNumbers, end == nil { throw .address(kind, "] is missing") }
        if let end {
            host = isNumbers ? text[text.index(after: text.startIndex)..<end] : text[..<end]
            let rest = isNumbers ? text[text.index(after: end)...] : text[end...]
            if !rest.isEmpty {
                guard rest.first == ":", let number = Int(rest.dropFirst()),
                    (1...65_535).contains(number)
                else { throw .address(kind, "a port of 1 to 65535 expected behind the host") }
                port = number
            }
        }
        guard !host.isEmpty, host.utf8.count <= 253,
            host.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw .address(kind, "a host expected") }
        return (String(host), port)
    }
}
