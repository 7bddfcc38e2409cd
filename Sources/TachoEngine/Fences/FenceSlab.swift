import TachoGeo
import TachoStore

/// A fence as each look needs it: two lines of memory, and nothing that is counted by references.
struct FenceRecord: BitwiseCopyable {
    /// 0: the place is free.
    var serial: UInt32 = 0
    var stream: UInt32 = 0
    /// Meaningless unless `isCircle`.
    var circle: Circle
    var marginM: Double = 0
    /// 0: no dwell is told.
    var dwellMs: Int64 = 0
    var isCircle = false
    var tellsEnter = false
    var tellsExit = false
    /// Not in the book yet.
    var isTouched = false
    /// Not in a checkpoint yet.
    var isDirty = false
    var inside: Int32 = 0
    var events: UInt64 = 0
    var lastMs: Int64 = -1
    var lastN: UInt32 = 0

    init() { circle = try! Circle(lat: 0, lon: 0, radiusM: 1) }

    var lastID: AlertID? { lastMs < 0 ? nil : AlertID(ms: lastMs, n: lastN) }
}

/// The fences in use, by place.
final class FenceSlab {
    private(set) var records: UnsafeMutablePointer<FenceRecord>
    private(set) var count = 0
    private var capacity = 256
    private var free: [Int32] = []
    /// What only some looks need. nil: a circle.
    private(set) var outlines: [AreaOutline?] = []
    private(set) var ids: [[UInt8]] = []
    private(set) var boxes: [[FenceBox]] = []
    /// Of ids, texts and outlines.
    private var heapBytes = 0

    init() { records = .allocate(capacity: capacity) }

    deinit { records.deallocate() }

    /// With tables by id and serial, about.
    var bytes: Int { capacity * MemoryLayout<FenceRecord>.stride + heapBytes }

    func put(
        _ definition: FenceDefinition, _ area: Area, stream: FenceStream, serial: UInt32
    ) -> Int32 {
        let place = free.popLast() ?? grow()
        var record = FenceRecord()
        record.serial = serial
        record.stream = stream.number
        if case .circle(let circle) = area {
            record.circle = circle
            record.isCircle = true
        }
        record.marginM = definition.marginM
        record.events = stream.events
        record.lastMs = stream.lastID?.ms ?? -1
        record.lastN = stream.lastID?.n ?? 0
        records[Int(place)] = record
        outlines[Int(place)] = record.isCircle ? nil : AreaOutline(area)
        ids[Int(place)] = definition.id
        boxes[Int(place)] = area.bounds.map { FenceBox($0) }
        obey(definition.detection, at: place)
        heapBytes += bytes(of: place, textBytes: definition.areaText.utf8.count)
        return place
    }

    func obey(_ detection: FenceDetection, at place: Int32) {
        records[Int(place)].tellsEnter = detection.enter
        records[Int(place)].tellsExit = detection.exit
        records[Int(place)].dwellMs = Int64(detection.dwellSeconds ?? 0) * 1000
    }

    func remove(_ place: Int32, textBytes: Int) {
        heapBytes -= bytes(of: place, textBytes: textBytes)
        records[Int(place)].serial = 0
        outlines[Int(place)] = nil
        ids[Int(place)] = []
        boxes[Int(place)] = []
        free.append(place)
    }

    private func bytes(of place: Int32, textBytes: Int) -> Int {
        // The text stands in the book; tables take some 300 B a fence.
        (outlines[Int(place)]?.bytes ?? 0) + textBytes + 2 * ids[Int(place)].count
            + boxes[Int(place)].count * MemoryLayout<FenceBox>.stride + 300
    }

    private func grow() -> Int32 {
        if count == capacity {
            let room = UnsafeMutablePointer<FenceRecord>.allocate(capacity: capacity * 2)
            room.update(from: records, count: count)
            records.deallocate()
            records = room
            capacity *= 2
        }
        (records + count).initialize(to: FenceRecord())
        count += 1
        outlines.append(nil)
        ids.append([])
        boxes.append([])
        return Int32(count - 1)
    }

    @inline(__always)
    func contains(_ place: Int, _ position: Coordinate) -> Bool {
        records[place].isCircle
            ? records[place].circle.contains(position) : outlines[place]!.contains(position)
    }

    @inline(__always)
    func isBeyond(_ place: Int, _ position: Coordinate) -> Bool {
        let marginM = records[place].marginM
        return records[place].isCircle
            ? records[place].circle.isBeyond(marginM, position)
            : outlines[place]!.isBeyond(marginM, position)
    }

    @inline(__always)
    func roomToEnterM(_ place: Int, _ position: Coordinate) -> Double {
        records[place].isCircle
            ? records[place].circle.roomToEnterM(position)
            : outlines[place]!.roomToEnterM(position)
    }

    @inline(__always)
    func roomToLeaveM(_ place: Int, _ position: Coordinate) -> Double {
        let marginM = records[place].marginM
        return records[place].isCircle
            ? records[place].circle.roomToLeaveM(position, marginM: marginM)
            : outlines[place]!.roomToLeaveM(position, marginM: marginM)
    }
}
