import Testing

@testable import TachoTools

@Suite struct JSONObjectTests {
    @Test func `keys keep their order and numbers their text`() {
        var object = JSONObject()
        object.add("b", integer: -7)
        object.add("a", decimal: 312_534_180, decimals: 7, trimmed: false)
        object.add("c", decimal: 1_420, decimals: 2, trimmed: true)
        object.addNull("d")
        #expect(
            String(decoding: object.finished(), as: UTF8.self)
                == #"{"b":-7,"a":31.2534180,"c":14.2,"d":null}"#)
        #expect(String(decoding: JSONObject().finished(), as: UTF8.self) == "{}")
    }

    @Test func `quotes, backslashes and controls are escaped`() {
        var object = JSONObject()
        object.add("k\"", string: "a\\b\n\t\r\u{1}\u{1F}\u{7F} 배달")
        #expect(
            String(decoding: object.finished(), as: UTF8.self)
                == #"{"k\"":"a\\b\n\t\r\u0001\u001f\u007f 배달"}"#)
    }
}
