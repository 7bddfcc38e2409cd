import TachoGeo
import Testing

@testable import TachoWire

/// T.EXPLAIN and T.RIDER as they are read.
struct ExplainParseTests {
    @Test func `an explanation is asked for by time, in one of three forms`() throws {
        #expect(
            try command("T.EXPLAIN", "r", "-5") == .explain(ExplainQuery(tsMs: -5, form: .json)))
        for form in ExplanationForm.allCases {
            #expect(
                try command("t.explain", "r", "7", "As", form.rawValue.uppercased())
                    == .explain(ExplainQuery(tsMs: 7, form: form)))
        }
    }

    @Test func `a rider is set, asked for or listed`() throws {
        for vehicle in VehicleClass.allCases {
            #expect(
                try command("T.RIDER", "SET", "r", "VEHICLE", vehicle.name)
                    == .rider(.set(vehicle)))
        }
        #expect(try command("t.rider", "get", "r") == .rider(.get))
        #expect(
            try command("T.RIDER", "LIST") == .rider(.list(count: nil, cursorArgument: nil)))
        #expect(
            try command("T.RIDER", "LIST", "CURSOR", "5", "COUNT", "2")
                == .rider(.list(count: 2, cursorArgument: 3)))
    }

    @Test func `names longer than eight bytes are found in any case and only whole`() {
        func find(_ text: String) -> CommandName? {
            Array(text.utf8).withUnsafeBytes { CommandName.find($0) }
        }
        #expect(find("T.Explain") == .explain)
        #expect(find("T.EXPLAI") == nil)
        #expect(find("T.EXPLAINS") == nil)
        #expect(find("") == nil)
    }
}
