import HTTPTypes
import Hummingbird
import NIOCore
import NIOSSL
import TachoAccess
import TachoWire

/// Who asks by HTTP, and whether he may: by the same accounts, the same rules and the same function as
/// RESP. Without users whoever can connect may do everything.
struct HTTPGate: Sendable {
    /// What is answered instead of what was asked for.
    enum Refusal: Error {
        /// Nobody has said who he is, or not rightly.
        case unknown
        case forbidden(String)
        case later(seconds: Int, String)
        case notServing
    }

    let state: ServerState

    /// Returns if the request may be answered.
    func check(
        _ rule: HTTPRule, _ request: Request, _ context: HTTPContext
    ) async throws(Refusal) {
        guard case .command(let name, let subcommand) = rule else { return }
        guard let resp = state.resp else { throw .notServing }
        guard let hasUsers = await resp.hasUsers else { throw .notServing }
        guard hasUsers else { return }
        let user = try await user(resp, request, context)
        switch Authorisation.standard.check(user, name, subcommand, riders: []) {
        case .refused(let refusal): throw .forbidden(refusal.message(user))
        case .allowed(let isRecorded, let cost):
            if let ms = await resp.take(cost, user) {
                throw .later(
                    seconds: (ms + 999) / 1_000, "user \(user.name) has used up its rate")
            }
            guard isRecorded else { return }
            let record = AccessRecord(
                atMs: state.startedMs, user: user.name, from: context.address,
                command: "\(request.method.rawValue) \(request.uri.path)", rider: nil,
                arguments: [])
            if let reason = await resp.record(record) { throw .later(seconds: 1, reason) }
        }
    }

    private func user(
        _ resp: RespServer, _ request: Request, _ context: HTTPContext
    ) async throws(Refusal) -> AccessUser {
        if let credentials = request.headers[.authorization] {
            guard let (name, password) = BasicCredentials.read(credentials) else {
                throw .unknown
            }
            switch await resp.login(name, password, address: context.address) {
            case .known(let user): return user
            case .wrong: throw .unknown
            case .busy: throw .later(seconds: 1, "too many passwords are being checked")
            }
        }
        if let name = await certificateName(context.channel),
            let user = await resp.user(byCertificate: name)
        {
            return user
        }
        throw .unknown
    }

    /// The common name of the certificate that the client's handshake proved to have; nil: none.
    private func certificateName(_ channel: any Channel) async -> String? {
        let name = channel.eventLoop.submit { () -> String? in
            guard
                let certificate = try? channel.pipeline.syncOperations.nioSSL_peerCertificate(),
                let der = try? certificate.toDERBytes()
            else { return nil }
            return CommonName.ofSubject(der: der)
        }
        return try? await name.get()
    }
}

/// `Authorization: Basic …` (RFC 7617).
package enum BasicCredentials {
    /// nil: it is another scheme, or no base64 of `name:password`.
    package static func read(_ header: String) -> (name: String, password: [UInt8])? {
        let words = header.split(separator: " ", omittingEmptySubsequences: true)
        guard words.count == 2, words[0].lowercased() == "basic", words[1].utf8.count <= 8_192,
            let bytes = base64(words[1].utf8),
            let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
            let name = String(validating: bytes[..<colon], as: UTF8.self)
        else { return nil }
        return (name, Array(bytes[(colon + 1)...]))
    }

    /// RFC 4648, section 4; padding may be left out. nil: another character, or half a byte.
    private static func base64(_ text: Substring.UTF8View) -> [UInt8]? {
        var bytes: [UInt8] = []
        var (buffer, bits, padding) = (UInt32(0), 0, 0)
        for character in text {
            if character == UInt8(ascii: "=") {
                padding += 1
                continue
            }
            guard padding == 0, let value = value(character) else { return nil }
            buffer = buffer << 6 | value
            bits += 6
            guard bits >= 8 else { continue }
            bits -= 8
            bytes.append(UInt8(buffer >> UInt32(bits) & 0xFF))
        }
        return padding <= 2 && bits < 6 ? bytes : nil
    }

    private static func value(_ character: UInt8) -> UInt32? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
