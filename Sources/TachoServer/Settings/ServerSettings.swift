package import Logging
import NIOCore
package import TachoEngine
package import TachoNotify

/// What tachod was asked for, from its arguments and its file of settings. `OptionTable` fills it.
package struct ServerSettings: Sendable {
    package enum LogFormat: String, CaseIterable, Sendable {
        case text, json
    }

    package enum Address: Equatable, Sendable {
        case none
        case at(String)
    }

    /// Empty: nobody has said.
    package var data = ""
    package var resp = "127.0.0.1:7227"
    /// nil: beside RESP, on this machine.
    package var http: Address?
    package var config: String?
    package var acl: String?
    package var tlsCertificate: String?
    package var tlsKey: String?
    package var tlsClientAuthorities: String?
    package var tlsClientCertificates: TLSSettings.ClientCertificates?
    package var tlsOnly = false
    package var minFreeBytes: UInt64?
    package var reserveBytes: UInt64?
    package var memoryLimitBytes: UInt64?
    package var workers: Int?
    package var judgesMotion = true
    package var replayDays = 7
    package var geoResolution: Int?
    package var acceptLoss: ClosedRange<UInt64>?
    package var rangeSeconds = 3_600
    package var rangePoints: UInt64 = 256_000_000
    package var hotDays: Double?
    package var requiredCopies: [String] = []
    package var auditKey: String?
    package var auditOrigin: String?
    package var signsLog = true
    /// URLs as they were given: what they are is looked at together.
    package var alertmanagers: [String] = []
    package var webhooks: [String] = []
    package var webhookSecret: String?
    package var alertEvidence = EvidenceTemplate.none
    package var alertResolveSeconds = NotifyOptions.defaultResolveSeconds
    package var alertResendSeconds = NotifyOptions.defaultResendSeconds
    package var alertAuthorities: String?
    package var alertsFromOldest = false
    package var connections = ServerLimits().connections
    package var slowMs = ServerLimits().slowMicroseconds / 1_000
    package var logLevel = Logger.Level.notice
    package var logFormat = LogFormat.text
    package var action = Action.serve

    /// What to do instead of serving.
    package enum Action: Sendable {
        case serve, check, printSample, printHelp, printVersion
    }

    package init() {}

    package var tls: TLSSettings? {
        guard let tlsCertificate, let tlsKey else { return nil }
        var settings = TLSSettings(certificatePath: tlsCertificate, keyPath: tlsKey)
        settings.clientAuthoritiesPath = tlsClientAuthorities
        settings.clientCertificates = tlsClientCertificates ?? .required
        settings.allowsPlainLoopback = !tlsOnly
        return settings
    }

    package var protection: ListenProtection {
        ListenProtection(hasTLS: tlsCertificate != nil, hasCredentials: acl != nil)
    }

    package var limits: ServerLimits {
        var limits = ServerLimits()
        limits.connections = connections
        limits.slowMicroseconds = slowMs < 0 ? -1 : slowMs * 1_000
        return limits
    }

    package var engine: EngineOptions {
        var options = EngineOptions(directory: data)
        options.workers = workers
        options.judgesMotion = judgesMotion
        options.judgesAcross = replayDays > 0
        options.replayDays = replayDays
        options.acceptLoss = acceptLoss
        options.rangeSeconds = rangeSeconds
        options.rangePoints = rangePoints
        options.auditSigning.keyPath = auditKey
        options.auditSigning.origin = auditOrigin
        options.auditSigning.isElsewhere = !signsLog
        options.geoResolution = geoResolution
        options.retirement = hotDays.map { RetireQuery(hotDays: $0, copies: requiredCopies) }
        options.minFreeBytes = minFreeBytes
        options.memoryLimitBytes = memoryLimitBytes.map { Int(clamping: $0) }
        options.reserveBytes = reserveBytes ?? DiskSpace.reserveBytes(of: data)
        return options
    }

    /// Where alerts are delivered to; files are not read yet.
    package func alerts() throws(NotifyError) -> NotifyOptions {
        var options = NotifyOptions()
        for text in alertmanagers {
            options.targets.append(try TargetAddress(kind: .alertmanager, text: text))
        }
        for text in webhooks {
            options.targets.append(try TargetAddress(kind: .webhook, text: text))
        }
        options.secretPath = webhookSecret
        options.authoritiesPath = alertAuthorities
        options.evidenceURL = alertEvidence
        options.resolveSeconds = alertResolveSeconds
        options.resendSeconds = alertResendSeconds
        options.startsWithOldest = alertsFromOldest
        try options.check()
        return options
    }

    /// Where RESP is served, protected as the settings say.
    package func respAddress() throws(ListenAddress.Failure) -> ListenAddress {
        try ListenAddress.parse(resp, option: "--resp", protection: protection)
    }

    /// Where HTTP is served; nil: nowhere. Unless somebody says otherwise, on this machine at the next
    /// port, and at any if RESP is: so two servers of one machine need one option each.
    package func httpAddress() throws(ListenAddress.Failure) -> ListenAddress? {
        switch http {
        case .none?: return nil
        case .at(let text)?:
            return try ListenAddress.parse(text, option: "--http", protection: protection)
        case nil:
            let port = try respAddress().socketAddress.port ?? 0
            guard port < Int(UInt16.max) else { return nil }
            return try ListenAddress.parse(
                "127.0.0.1:\(port == 0 ? 0 : port + 1)", option: "--http")
        }
    }
}
