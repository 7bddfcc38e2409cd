import Logging

/// Every option of tachod, in sections.
package enum OptionTable {
    package struct Section: Sendable {
        package let title: String
        package let options: [ServerOption]
    }

    package static let sections: [Section] = [
        Section(title: "Where", options: places), Section(title: "Who", options: protection),
        Section(title: "Disk and memory", options: room),
        Section(title: "Judging", options: judging),
        Section(title: "Sealing and keeping", options: keeping),
        Section(title: "Alerts to people", options: alerting),
        Section(title: "Clients and log", options: clients),
    ]

    package static let all: [ServerOption] = sections.flatMap(\.options) + actions

    package static func find(_ name: some StringProtocol) -> ServerOption? {
        all.first { $0.name == name }
    }

    private static let places: [ServerOption] = [
        ServerOption(
            "data", .value("dir"), "The data directory; created if it is not there.",
            example: "/var/lib/tacho", ServerOption.path("a directory") { $0.data = $1 }),
        ServerOption(
            "resp", .value("host:port"),
            "Where RESP clients connect, port 0 = any; not only this machine with TLS and users.",
            note: "Default: 127.0.0.1:7227.", example: "127.0.0.1:7227",
            ServerOption.path("HOST:PORT") { $0.resp = $1 }),
        ServerOption(
            "http", .value("host:port"),
            "Where /metrics, /healthz and /readyz are, or off; as --resp, and by the same users.",
            note: "Default: 127.0.0.1 at the port after that of --resp, any if that is any.",
            example: "127.0.0.1:7228",
            ServerOption.path("HOST:PORT or off") {
                $0.http = $1 == "off" ? ServerSettings.Address.none : .at($1)
            }),
        ServerOption(
            "config", .value("file"),
            "Settings, a line each, NAME = VALUE with the names of these options; see tachod.conf.",
            note: "Options of the command line count more. SIGHUP reads it again.",
            isForOneStart: true, ServerOption.path("a file") { $0.config = $1 }),
    ]

    private static let protection: [ServerOption] = [
        ServerOption(
            "acl", .value("file"),
            "The file of users, one a line; SIGHUP reads it again. See docs/security.md.",
            note: "Default: none, and everybody on this machine may do everything.",
            example: "/etc/tacho/users", reload: .readAgain,
            ServerOption.path("a file") { $0.acl = $1 }),
        ServerOption(
            "tls-cert", .value("file"),
            "Speak TLS with this certificate (PEM, with those between it and its root).",
            note: "Needs --tls-key. Read again when the files change, and at SIGHUP; connections "
                + "that are up keep theirs.",
            example: "/etc/tacho/server.pem", reload: .readAgain,
            ServerOption.path("a file") { $0.tlsCertificate = $1 }),
        ServerOption(
            "tls-key", .value("file"), "The certificate's key (PEM, no passphrase).",
            example: "/etc/tacho/server.key", reload: .readAgain,
            ServerOption.path("a file") { $0.tlsKey = $1 }),
        ServerOption(
            "tls-client-ca", .value("file"),
            "Ask clients for a certificate that one of these signed (PEM).",
            example: "/etc/tacho/clients.pem", reload: .readAgain,
            ServerOption.path("a file") { $0.tlsClientAuthorities = $1 }),
        ServerOption(
            "tls-client-auth", .value("how"),
            "Whether a client may come without: required or optional.",
            note: "Default with --tls-client-ca: required.", example: "required",
            ServerOption.choice(TLSSettings.ClientCertificates.self) {
                $0.tlsClientCertificates = $1
            }),
        ServerOption(
            "tls-only", .flag(isOnByDefault: false),
            "No client without TLS, not even from this machine.", example: "yes",
            ServerOption.flag { $0.tlsOnly = $1 }),
    ]

    private static let room: [ServerOption] = [
        ServerOption(
            "min-free", .value("size"),
            "Refuse writes (try again) below this much free disk, as in 500M or 5G.",
            note: "Default: 5 % of the file system, at most 5G.", example: "5G", reload: .applied,
            ServerOption.bytes { $0.minFreeBytes = $1 }),
        ServerOption(
            "reserve", .value("size"), "Hold this much disk in a reserve file; 0 for none.",
            note: "Default: 1 % of the file system, at most 1G.", example: "1G",
            ServerOption.bytes { $0.reserveBytes = $1 }),
        ServerOption(
            "memory-limit", .value("size"),
            "Free memory ahead of time above this, and refuse writes (try again) a quarter above.",
            note: "Default: half of the machine's memory, at most 4G.", example: "4G",
            reload: .applied, ServerOption.bytes { $0.memoryLimitBytes = $1 }),
        ServerOption(
            "workers", .value("n"),
            "Judging threads. With 1, fixes are numbered in the order in which they came.",
            note: "Default: cores - 1, at least 2.", example: "2",
            ServerOption.integer(1...1_024) { $0.workers = $1 }),
    ]

    private static let judging: [ServerOption] = [
        ServerOption(
            "motion-rules", .flag(isOnByDefault: true),
            "Judge motion too: overspeed, false speed or heading, frozen and synthetic movement.",
            note:
                "What each rule looks at, and costs: Sources/rules.md. Where rules have been set, "
                + "those of the directory are in force: tacho rules set.",
            example: "no", ServerOption.flag { $0.judgesMotion = $1 }),
        ServerOption(
            "replay-days", .value("n"),
            "Compare tracks with those of this many days, to find replays and second accounts.",
            note: "Default: 7; 0 = compare none. Each day costs disk; see Sources/rules.md.",
            example: "7", ServerOption.integer(0...365) { $0.replayDays = $1 }),
        ServerOption(
            "geo-resolution", .value("r"),
            "Note who was where in H3 cells of this resolution from here on, 5 to 12.",
            note:
                "Default: as the directory has it, 9 for a new one. What is there stays as it is, "
                + "and is found, until tacho reindex.",
            example: "9", ServerOption.integer(5...12) { $0.geoResolution = $1 }),
        ServerOption(
            "accept-loss", .value("from-to"),
            "Go on without these acknowledged fixes; the range exit code 3 named.",
            isForOneStart: true, ServerOption.sequences { $0.acceptLoss = $1 }),
    ]

    private static let keeping: [ServerOption] = [
        ServerOption(
            "range-seconds", .value("s"),
            "Seal a range after this many seconds; 0 = only by T.SEAL.", note: "Default: 3600.",
            example: "3600", reload: .applied,
            ServerOption.integer(0...31_536_000) { $0.rangeSeconds = $1 }),
        ServerOption(
            "range-points", .value("n"),
            "Seal a range when it has this many points; --range-seconds may come first.",
            note: "Default: 256000000.", example: "256000000", reload: .applied,
            ServerOption.integer(1...UInt64.max) { $0.rangePoints = $1 }),
        ServerOption(
            "hot-days", .value("d"),
            "Let points of sealed ranges leave the database after d days, to be read from audit/.",
            note:
                "Fractions count. Default: all points stay. Nobody who reads or sends notices, but "
                + "for time; the files in audit/ are then the only place of those points.",
            example: "30", reload: .applied,
            ServerOption.number(0...36_500) { $0.hotDays = $1 }),
        ServerOption(
            "require-copy", .value("dir", isRepeatable: true),
            "Only when this mirror has a confirmed copy; may be given several times.",
            note: "A directory that tacho-audit mirror copies to.", example: "/mnt/mirror/audit",
            reload: .applied,
            ServerOption.path("a directory") { $0.requiredCopies.append($1) }),
        ServerOption(
            "audit-key", .value("file"),
            "Sign the log of sealed segments with the key in this file.",
            note: "Default: audit-key in the data directory, made with the first seal. Publish "
                + "audit-key.pub: with it others verify.",
            example: "/etc/tacho/audit-key", ServerOption.path("a file") { $0.auditKey = $1 }),
        ServerOption(
            "audit-origin", .value("name"),
            "The name of the log and of its keys, as in fleet.example.com/riders.",
            note: "Default: that of the key, or a random one with the first seal.",
            example: "fleet.example.com/riders",
            ServerOption.path("a name") { $0.auditOrigin = $1 }),
        ServerOption(
            "audit-signing", .flag(isOnByDefault: true),
            "Sign the log here; if not, tacho-audit sign does it in another process.",
            example: "no", ServerOption.flag { $0.signsLog = $1 }),
    ]

    private static let clients: [ServerOption] = [
        ServerOption(
            "connections", .value("n"),
            "RESP connections at one time; one more is refused.",
            note: "Default: 10000, or as many as open files allow (ulimit -n).", example: "10000",
            ServerOption.integer(1...1_000_000) { $0.connections = $1 }),
        ServerOption(
            "slow-ms", .value("ms"),
            "Keep requests for SLOWLOG that take so long; -1: none.", note: "Default: 10.",
            example: "10", reload: .applied,
            ServerOption.integer(-1...3_600_000) { $0.slowMs = $1 }),
        ServerOption(
            "log-level", .value("level"), "What is written on standard error.",
            note: "trace, debug, info, notice, warning, error or critical. Default: notice.",
            example: "notice", reload: .applied,
            ServerOption.choice(Logger.Level.self) { $0.logLevel = $1 }),
        ServerOption(
            "log-format", .value("format"), "How: text, or json, an object a line.",
            note: "Default: text.", example: "text",
            ServerOption.choice(ServerSettings.LogFormat.self) { $0.logFormat = $1 }),
    ]

    private static let actions: [ServerOption] = [
        ServerOption(
            "check-config", .action,
            "Check all settings, and the files they name, and end: 0, or 64 and a line for each mistake.",
            note: "Opens no data directory, and listens nowhere."
        ) { settings, _ in
            settings.action = .check
            return nil
        },
        ServerOption(
            "sample-config", .action, "Print a file of settings with every option explained."
        ) { settings, _ in
            settings.action = .printSample
            return nil
        },
        ServerOption("version", .action, "Print the version.") { settings, _ in
            settings.action = .printVersion
            return nil
        },
        ServerOption("help", .action, "Print this.") { settings, _ in
            settings.action = .printHelp
            return nil
        },
    ]
}
