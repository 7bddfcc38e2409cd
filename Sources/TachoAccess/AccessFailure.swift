/// What is wrong with users or records, as one line that says what to do.
package struct AccessFailure: Error, Equatable, Sendable {
    package let message: String

    package init(_ message: String) { self.message = message }
}
