package import TachoGeo

/// The tuples of T.MADD (rider ts lat lon), T.MADDX (and speed heading acc alt) and T.IMPORT (and
/// src recv_ms).
package struct FixTuples: Equatable, Sendable {
    package enum Form: Int, Sendable {
        case plain = 4
        case extended = 8
        case imported = 10

        /// Arguments a fix takes.
        package var width: Int { rawValue }
    }

    package var form: Form
    /// Index of the first tuple's rider.
    package var first: Int
    package var count: Int
    /// `T.IMPORT CLAIMED`: recv_ms is the receipt time of another system.
    package var takesClaims = false
    package var vehicle: VehicleClass?

    static func parse(
        _ name: CommandName, _ arguments: Arguments
    ) throws(CommandError) -> FixTuples {
        var tuples = FixTuples(form: .plain, first: 1, count: 0)
        if name == .addManyExtended { tuples.form = .extended }
        if name == .importFixes {
            tuples.form = .imported
            tuples.first = 2
            if arguments.isWord(1, "CLAIMED") {
                tuples.takesClaims = true
            } else if !arguments.isWord(1, "HISTORY") {
                throw .badOption(
                    "T.IMPORT", value: arguments.shown(1), expected: "HISTORY or CLAIMED")
            }
            // Options come in twos, tuples in tens: the rest tells whether VEHICLE is there, so
            // that a rider may have that name.
            if (arguments.count - 2) % 10 == 2 && arguments.isWord(2, "VEHICLE") {
                guard let vehicle = vehicle(arguments[3]) else {
                    throw .badOption(
                        "VEHICLE", value: arguments.shown(3),
                        expected: "foot, bicycle, scooter, car or any")
                }
                tuples.vehicle = vehicle
                tuples.first = 4
            }
        }
        let fields = arguments.count - tuples.first
        guard fields > 0, fields % tuples.form.width == 0 else {
            throw .unevenTuples(name, width: tuples.form.width)
        }
        tuples.count = fields / tuples.form.width
        return tuples
    }

    private static func vehicle(_ text: UnsafeRawBufferPointer) -> VehicleClass? {
        VehicleClass.allCases.first { vehicle in
            vehicle.name.utf8.lazy.map(upper).elementsEqual(text.lazy.map(upper))
        }
    }
}

/// Turns arguments into fixes. No String and no Array per fix.
package enum FixReader {
    /// Adds every tuple, in order. A malformed one is added as such, so that masks line up.
    package static func appendTuples(
        _ tuples: FixTuples, _ arguments: Arguments, to batch: inout FixBatch
    ) {
        let width = tuples.form.width
        var at = tuples.first
        for _ in 0..<tuples.count {
            var text = FixText(
                ts: arguments[at + 1], lat: arguments[at + 2], lon: arguments[at + 3])
            if tuples.form != .plain {
                text.speed = arguments.known(at + 4)
                text.heading = arguments.known(at + 5)
                text.accuracy = arguments.known(at + 6)
                text.altitude = arguments.known(at + 7)
            }
            if tuples.form == .imported {
                text.source = arguments.known(at + 8)
                if tuples.takesClaims { text.recv = arguments.known(at + 9) }
            }
            batch.append(
                rider: arguments[at], text: text, history: tuples.form == .imported)
            at += width
        }
    }

    /// Adds the fix of `T.ADD rider ts lat lon [SPEED mps] [HEADING deg] [ACC m] [ALT m] [SRC s]`.
    /// Nothing is added if it throws.
    package static func appendOne(
        _ arguments: Arguments, to batch: inout FixBatch
    ) throws(CommandError) {
        var text = FixText(ts: arguments[2], lat: arguments[3], lon: arguments[4])
        var i = 5
        while i < arguments.count {
            guard i + 1 < arguments.count else { throw .syntax }
            let value = arguments.known(i + 1)
            if arguments.isWord(i, "SPEED") {
                text.speed = value
            } else if arguments.isWord(i, "HEADING") {
                text.heading = value
            } else if arguments.isWord(i, "ACC") {
                text.accuracy = value
            } else if arguments.isWord(i, "ALT") {
                text.altitude = value
            } else if arguments.isWord(i, "SRC") {
                text.source = value
            } else {
                throw .syntax
            }
            i += 2
        }
        let rider = arguments[1]
        if let defect = RiderName.defect(rider) { throw malformed(defect, arguments) }
        switch text.read() {
        case .failure(let reason): throw malformed(reason, arguments)
        case .success(let reading):
            batch.append(rider: rider, fix: reading.fix, fieldDropped: reading.fieldDropped)
        }
    }

    private static func malformed(_ reason: Malformed, _ arguments: Arguments) -> CommandError {
        let index =
            switch reason {
            case .riderEmpty, .riderTooLong, .riderNotText, .rowBroken: 1
            case .tsNotInteger, .tsOutOfRange, .tsMissing, .tsNotTime: 2
            case .latNotNumber, .latOutOfRange: 3
            case .lonNotNumber, .lonOutOfRange: 4
            }
        return .malformed(reason, value: arguments.shown(index))
    }
}
