package import TachoClient
import TachoEngine
package import TachoGeo

extension LocalTarget {
    package func explain(
        _ rider: [UInt8], tsMs: Int64, as form: ExplanationForm
    ) throws(ToolFailure) -> [UInt8] {
        let answer: ExplanationAnswer
        do {
            answer = try engine.explain(rider: rider, tsMs: tsMs, as: form)
        } catch {
            throw Self.failure(error)
        }
        guard case .explained(let bytes) = answer else {
            throw ToolFailure(
                ExitStatus.error, answer.refusal(rider: rider, tsMs: tsMs) ?? "nothing to explain")
        }
        return bytes
    }

    package func setVehicle(_ vehicle: VehicleClass, of rider: [UInt8]) throws(ToolFailure) {
        do {
            try engine.setVehicle(vehicle, rider: rider)
        } catch {
            switch error {
            case .tryAgain(let afterMs, let reason):
                throw ToolFailure(
                    ExitStatus.tryAgain, "busy (\(reason)): try again in \(afterMs) ms")
            case .stopped(let reason), .unreadable(let reason): throw Self.stopped(reason)
            }
        }
    }

    package func rider(_ name: [UInt8]) throws(ToolFailure) -> RiderRow? {
        do {
            return try engine.riderState(name).map { Self.row(name, $0) }
        } catch {
            throw Self.failure(error)
        }
    }

    package func riders(after cursor: String?) throws(ToolFailure) -> RiderRows {
        do {
            let page = try engine.riderPage(
                from: cursor.flatMap { UInt32($0) } ?? 0, limit: RiderRows.pageRiders)
            return RiderRows(
                rows: page.riders.map { Self.row($0.name, $0.state) },
                next: page.next.map { String($0) })
        } catch {
            throw Self.failure(error)
        }
    }

    private static func row(_ name: [UInt8], _ state: RiderState) -> RiderRow {
        RiderRow(
            rider: String(decoding: name, as: UTF8.self), vehicle: state.vehicle.name,
            points: Int64(state.points), newestTsMs: state.newestMs)
    }
}

extension RiderRows {
    /// Riders asked for at a time.
    static let pageRiders = 4_096
}
