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
    /// Of the file that says whose certificates are good.
    case authorities(path: String, String)
    case template(String)
    /// Marks of earlier deliveries cannot be read.
    case damaged(String)

    package var message: String {
        switch self {
        case .address(let kind, let defect):
            "--\(kind.rawValue): \(defect); [NAME=]https://HOST[:PORT][/PATH] expected"
        case .twoOfOneName(let name):
            "two targets are called \(name): give one of them another name, as in"
                + " other=https://HOST[:PORT][/PATH]"
        case .tooManyTargets(let most): "at most \(most) targets of alerts are possible"
        case .cannotRead(let path, let reason): "\(path): cannot be read: \(reason)"
        case .secret: "--webhook-secret \(reason)"
        case .noSecret:
            "--webhook needs --webhook-secret FILE: receivers tell by it who sends; make one by:"
                + " echo \"whsec_$(openssl rand -base64 32)\" > FILE"
        case .authorities: "--alert-ca \(reason)"
        case .template(let defect): "--alert-evidence-url: \(defect)"
        case .damaged(let what): "where alerts were delivered to cannot be read: \(what)"
        }
    }

    /// The message without the option, where that is named already.
    package var reason: String {
        switch self {
        case .secret(let path, let defect):
            "\(path): \(defect); a line whsec_ and 24 to 64 bytes in base64 expected, as written"
                + " by: echo \"whsec_$(openssl rand -base64 32)\""
        case .authorities(let path, let defect):
            "\(path): \(defect); PEM expected, with -----BEGIN CERTIFICATE-----"
        default: message
        }
    }
}
