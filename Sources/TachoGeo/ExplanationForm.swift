/// How a verdict is explained: for programs, for people, or drawn.
package enum ExplanationForm: String, CaseIterable, Sendable {
    /// One object for each fix of the time, a line each.
    case json
    case text
    /// One picture of the first fix of the time; others at that time are marked in it.
    case svg
}
