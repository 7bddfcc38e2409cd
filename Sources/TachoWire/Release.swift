/// The version that programs print and the server reports.
package enum Release {
    package static let version = "0.1.0"
}
