package import TachoGeo

/// `T.EXPLAIN rider ts [AS json|text|svg]`; the rider is argument 1.
package struct ExplainQuery: Equatable, Sendable {
    package var tsMs: Int64
    package var form = ExplanationForm.json

    static func parse(_ arguments: Arguments) throws(CommandError) -> ExplainQuery {
        guard let tsMs = Decimal.integer(arguments[2]) else {
            throw .notInteger(what: "ts", text: arguments.shown(2))
        }
        var query = ExplainQuery(tsMs: tsMs)
        guard arguments.count > 3 else { return query }
        guard arguments.count == 5, arguments.isWord(3, "AS") else { throw .syntax }
        if arguments.isWord(4, "JSON") {
            query.form = .json
        } else if arguments.isWord(4, "TEXT") {
            query.form = .text
        } else if arguments.isWord(4, "SVG") {
            query.form = .svg
        } else {
            throw .badOption("AS", value: arguments.shown(4), expected: "json, text or svg")
        }
        return query
    }
}
