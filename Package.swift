// swift-tools-version: 6.2
import PackageDescription

/// One list of settings for every Swift target: a difference between two targets would be a bug.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
]
let tls: [Target.Dependency] = [
    .product(name: "NIOSSL", package: "swift-nio-ssl"),
    .product(name: "NIOTLS", package: "swift-nio"),
]
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")

func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func program(_ name: String, at path: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies, path: path, swiftSettings: settings)
}

func folder(_ name: String, at path: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, path: path, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

let package = Package(
    name: "tacho",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "TachoClient", targets: ["TachoClient"]),
        .executable(name: "tachod", targets: ["tachod"]),
        .executable(name: "tacho", targets: ["tacho"]),
        .executable(name: "tacho-audit", targets: ["tacho-audit"]),
        .executable(name: "tacho-fleet", targets: ["tacho-fleet"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        // Without its defaults: no configuration library, no more of Foundation than it needs.
        .package(
            url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    ],
    targets: [
        // C: system libraries, and one header-only module for what Swift cannot say.
        .systemLibrary(
            name: "CRocksDB", pkgConfig: "rocksdb", providers: [.apt(["librocksdb-dev"])]),
        .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "CTacho"),

        // The path of a point. An arrow against this order does not build.
        module("TachoGeo", []),
        module("TachoCodec", ["TachoGeo", "CTacho", "CLZ4"]),
        module("TachoWire", ["TachoGeo"]),
        module("TachoAccess", ["TachoWire", "TachoGeo", crypto, cryptoExtras]),
        module("TachoIngest", ["TachoGeo", "CTacho"]),
        module("TachoExplain", ["TachoGeo", "TachoCodec", "TachoIngest"]),
        module("TachoStore", ["TachoGeo", "TachoCodec", "CRocksDB"]),
        module("TachoAudit", ["TachoGeo", "TachoCodec", crypto]),
        module(
            "TachoEngine",
            [
                "TachoGeo", "TachoCodec", "TachoIngest", "TachoExplain", "TachoStore",
                "TachoAudit", "CTacho", .product(name: "Histogram", package: "hdrhistogram-swift"),
            ]),
        module("TachoBackup", ["TachoEngine", "TachoAudit", "TachoStore", "CTacho"]),
        // Before all that opens connections to others.
        module("TachoDial", nio + tls),
        module(
            "TachoNotify",
            [
                "TachoEngine", "TachoDial", "TachoCodec", "TachoGeo", crypto, logging,
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ] + nio),
        module(
            "TachoServer",
            [
                "TachoEngine", "TachoNotify", "TachoAudit", "TachoIngest", "TachoAccess",
                "TachoWire", "TachoGeo", "CTacho", logging,
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ] + nio + tls),
        module(
            "TachoClient", ["TachoDial", "TachoWire", "TachoCodec", "TachoGeo"] + nio + tls),

        // Programs: thin, over modules that tests can reach.
        folder(
            "TachoProgram", at: "tools/support/TachoProgram",
            ["TachoClient", "TachoWire", arguments]),
        folder(
            "TachoTools", at: "tools/support/TachoTools",
            [
                "TachoClient", "TachoDial", "TachoBackup", "TachoEngine", "TachoAudit",
                "TachoIngest",
                "TachoStore", "TachoWire", "TachoCodec", "TachoGeo", "CZlib",
            ]),
        folder(
            "TachoFleet", at: "tools/support/TachoFleet",
            ["TachoClient", "TachoDial", "TachoWire", "TachoGeo"]),
        program(
            "tachod", at: "tools/tachod",
            ["TachoServer", "TachoAccess", logging]),
        program(
            "tacho", at: "tools/tacho",
            [
                "TachoProgram", "TachoTools", "TachoBackup", "TachoAudit", "TachoClient",
                "TachoAccess", "TachoGeo", arguments,
            ]),
        program(
            "tacho-audit", at: "tools/tacho-audit",
            ["TachoAudit", "TachoCodec", "TachoGeo", arguments]),
        program(
            "tacho-fleet", at: "tools/tacho-fleet",
            ["TachoProgram", "TachoFleet", "TachoClient", "TachoWire", "TachoGeo", arguments]),

        folder(
            "BenchmarkSuite", at: "Benchmarks/Suite",
            [
                "TachoServer", "TachoEngine", "TachoAudit", "TachoIngest", "TachoAccess",
                "TachoWire", "TachoCodec", "TachoGeo", "CRocksDB", "CTacho", logging,
            ]),
        program("Benchmarks", at: "Benchmarks/Program", ["BenchmarkSuite", arguments]),

        // What a service looks like: the public API alone, as any other package would see it.
        .executableTarget(
            name: "DispatchService", dependencies: ["TachoClient"],
            path: "Examples/DispatchService", packageAccess: false, swiftSettings: settings),

        // Tests, and what only tests use.
        program(
            "tachod-faulty", at: "Tests/FaultyServer",
            ["TachoServer", "TachoNotify", "TachoEngine", arguments, logging]),
        // Answers for Tacho what tools/campaigns/go/logjudge answers for Go.
        program(
            "tacho-log-judge", at: "Tests/LogJudge", ["TachoAudit", "TachoCodec", "TachoGeo"]),
        folder("ScriptedServer", at: "Tests/ScriptedServer", ["TachoClient", "TachoWire"] + nio),
        tests("TachoGeoTests", ["TachoGeo", "FormatSpec"]),
        // What tests of several modules read of the page of formats.
        folder("FormatSpec", at: "Tests/FormatSpec", []),
        tests("TachoCodecTests", ["TachoCodec", "TachoGeo", "CTacho", "FormatSpec"]),
        tests("TachoWireTests", ["TachoWire", "TachoGeo", "FormatSpec"]),
        tests("TachoAccessTests", ["TachoAccess", "TachoWire", "TachoGeo", "FormatSpec"]),
        tests("BenchmarkTests", ["BenchmarkSuite"]),
        tests("TachoIngestTests", ["TachoIngest", "TachoGeo", "FormatSpec"]),
        tests("TachoExplainTests", ["TachoExplain", "TachoIngest", "TachoGeo", "FormatSpec"]),
        tests("TachoStoreTests", ["TachoStore", "TachoCodec", "TachoGeo", "FormatSpec"]),
        tests(
            "TachoEngineTests",
            [
                "TachoEngine", "TachoAudit", "TachoIngest", "TachoStore", "TachoCodec", "TachoGeo",
                "FormatSpec",
            ]),
        tests(
            "TachoAuditTests",
            ["TachoAudit", "TachoCodec", "TachoGeo", "FormatSpec", "tacho-audit"]),
        tests(
            "TachoBackupTests",
            [
                "TachoBackup", "TachoEngine", "TachoAudit", "TachoStore", "TachoCodec", "TachoGeo",
                "FormatSpec",
            ]),
        tests(
            "TachoServerTests",
            [
                "TachoServer", "TachoNotify", "TachoEngine", "TachoAccess", "TachoWire",
                "TachoCodec", "TachoGeo", "FormatSpec", "tachod", "tacho", logging,
            ] + nio),
        tests(
            "TachoNotifyTests",
            [
                "TachoNotify", "TachoEngine", "TachoStore", "TachoCodec", "TachoGeo", "FormatSpec",
                logging,
            ] + nio),
        tests(
            "TachoClientTests",
            [
                "TachoClient", "TachoWire", "TachoCodec", "TachoGeo", "ScriptedServer",
                "FormatSpec",
                "DispatchService", "tachod",
            ]),
        tests(
            "TachoToolsTests",
            [
                "TachoTools", "TachoServer", "TachoNotify", "TachoEngine", "TachoClient",
                "TachoCodec", "TachoWire", "TachoGeo", "CZlib", "ScriptedServer", logging,
            ]),
        tests("TachoFleetTests", ["TachoFleet", "TachoClient", "TachoGeo", "ScriptedServer"]),
    ]
)
