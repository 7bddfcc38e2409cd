// What the connection's state takes from modules that a fuzz target does without: SwiftNIO and the
// store. Only what is used of them, with the same meaning.

/// NIO's ring of elements, as far as `WriteQueue` uses it.
struct CircularBuffer<Element: Sendable>: RandomAccessCollection, Sendable {
    private var elements: [Element] = []

    var startIndex: Int { elements.startIndex }
    var endIndex: Int { elements.endIndex }

    subscript(index: Int) -> Element {
        get { elements[index] }
        set { elements[index] = newValue }
    }

    mutating func append(_ element: Element) { elements.append(element) }
    mutating func removeFirst() { elements.removeFirst() }
}

enum StoreError: Error {
    case segment(String)
}

extension AppendError {
    var replyText: String { "ERR \(self)" }
}
