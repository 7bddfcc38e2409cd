import Foundation
import TachoCodec
import TachoGeo

/// The real tracks that lie beside the repository, where they do.
enum RealTracks {
    static let repository = URL(filePath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    static let directory = repository.appending(path: "../shared/data").standardized

    static var isPresent: Bool {
        FileManager.default.fileExists(atPath: directory.appending(path: "tiny.csv").path)
    }

    static let compressed = [
        "amazon_delivery", "cabspotting", "device_fixtures", "geolife", "gotrack_android",
        "hbku_phone_car", "osm_mapmatch_1hz", "porto_taxi_15s", "rf_spoof_nmea",
        "scooter_envirocar", "ucc5g_phone",
    ]

    /// Reads `NAME.csv.gz` in pieces, all at once in memory at most for the pipe's buffer.
    static func read(
        _ name: String, row: (FixRecord) throws -> Void
    ) throws -> [String] {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/gzip")
        process.arguments = ["-dc", directory.appending(path: name + ".csv.gz").path]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        var reader = CSVFixReader()
        while let piece = try pipe.fileHandleForReading.read(upToCount: 1 << 16), !piece.isEmpty {
            try piece.withUnsafeBytes {
                try reader.feed($0, isLast: false, fallbackRider: nil, row: row)
            }
        }
        try reader.feed(
            UnsafeRawBufferPointer(start: nil, count: 0), isLast: true, fallbackRider: nil,
            row: row)
        process.waitUntilExit()
        return reader.warnings
    }
}
