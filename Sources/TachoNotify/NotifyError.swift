/// Why alerts cannot be delivered as the program was told to. Nothing secret is in the text.
package enum NotifyError: Error, Equatable, Sendable {
    /// The address of a target; never the text itself, which may hold a password.
    case address(TargetAddress.Kind, String)
    case twoOfOneName(String)
    case tooManyTargets(Int)
    case cannotRead(path: String, reason: String)
    /// Of the file of a webhook's secrets.
    case secret(path: String, String)
    case noSecret
    case authorities(path: String)
    case template(String)
    /// Marks of earlier deliveries cannot be read.
    case damaged(String)

    package var message: String {
        switch self {
        case .address(let kind, let defect):
            "--\(kind.rawValue): \(defect); [NAME=]https://HOST[:PORT][/PATH] expected"
        case .twoOfOneName(let name):
            "two targets are called \(name): give one of them another name, as in"
                + " --webhook other=https://HOST/PATH"
        case .tooManyTargets(let most): "at most \(most) targets of alerts are possible"
        case .cannotRead(let path, let reason): "\(path): cannot be read: \(reason)"
        case .secret(let path, let defect):
            "--webhook-secret \(path): \(defect); a line whsec_ and 24 to 64 bytes in base64"
                + " expected, as written by: echo \"whsec_$(openssl rand -base64 32)\""
        case .noSecret:
            "--webhook needs --webhook-secret FILE: receivers tell by it who sends; make one by:"
                + " echo \"whsec_$(openssl rand -base64 32)\" > FILE"
        case .authorities(let path):
            "--alert-ca \(path): no certificate in it; PEM expected, with -----BEGIN CERTIFICATE-----"
        case .template(let defect): "--alert-evidence-url: \(defect)"
        case .damaged(let what): "where alerts were delivered to cannot be read: \(what)"
        }
    }
}
