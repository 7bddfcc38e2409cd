import ArgumentParser
import TachoNotify

/// Where `tachod` delivers alerts to.
struct AlertTargetOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Deliver alerts to this Alertmanager (API v2); may be given several times.",
            discussion: """
                [NAME=]http[s]://[USER:PASSWORD@]HOST[:PORT][/PREFIX]. The name is what its place in the \
                alerts is kept under; see docs/alerting.md and tacho alerts targets.
                """, valueName: "url"))
    var alertmanager: [String] = []

    @Option(
        help: ArgumentHelp(
            "POST alerts to this address, signed; may be given several times.",
            discussion: """
                [NAME=]http[s]://[USER:PASSWORD@]HOST[:PORT]/PATH[?QUERY]. Needs --webhook-secret. \
                Signed as Standard Webhooks; the body has positions.
                """, valueName: "url"))
    var webhook: [String] = []

    @Option(
        help: ArgumentHelp(
            "The secret that webhooks are signed with, in a file; two while it is changed.",
            discussion: """
                A line whsec_ and base64: echo "whsec_$(openssl rand -base64 32)". SIGHUP reads it again.
                """, valueName: "file"))
    var webhookSecret: String?

    @Option(
        help: ArgumentHelp(
            "Where people find what an alert rests on, with {id} {rider} {ts_ms} {code}.",
            discussion: "Default: urn:tacho:alert:{id}, for tacho alerts show.", valueName: "url"))
    var alertEvidenceUrl: String?

    @Option(
        help: ArgumentHelp(
            "An alert is resolved when no other of its rider and rule came for so long.",
            valueName: "s"))
    var alertResolveSeconds = NotifyOptions.defaultResolveSeconds

    @Option(
        help: ArgumentHelp(
            "Tell Alertmanager of open alerts so often; less than its resolve_timeout.",
            valueName: "s"))
    var alertResendSeconds = NotifyOptions.defaultResendSeconds

    @Option(
        help: ArgumentHelp(
            "Whose certificates are good for https targets (PEM).",
            discussion: "Default: what the system trusts.", valueName: "file"))
    var alertCa: String?

    @Flag(help: "A target that is new gets all alerts there are, not only those to come.")
    var alertsFromOldest = false

    func validate() throws { _ = try options() }

    /// What was said, as the server takes it; files are not read yet.
    func options() throws -> NotifyOptions {
        var options = NotifyOptions()
        do throws(NotifyError) {
            for text in alertmanager {
                options.targets.append(try TargetAddress(kind: .alertmanager, text: text))
            }
            for text in webhook {
                options.targets.append(try TargetAddress(kind: .webhook, text: text))
            }
            options.secretPath = webhookSecret
            options.authoritiesPath = alertCa
            options.resolveSeconds = alertResolveSeconds
            options.resendSeconds = alertResendSeconds
            options.startsWithOldest = alertsFromOldest
            if let alertEvidenceUrl {
                options.evidenceURL = try EvidenceTemplate(alertEvidenceUrl)
            }
            try options.check()
        } catch {
            throw ValidationError(error.message)
        }
        guard NotifyOptions.resolveBounds.contains(alertResolveSeconds) else {
            throw ValidationError(
                "--alert-resolve-seconds \(alertResolveSeconds): "
                    + "\(Self.text(NotifyOptions.resolveBounds)) expected")
        }
        guard NotifyOptions.resendBounds.contains(alertResendSeconds) else {
            throw ValidationError(
                "--alert-resend-seconds \(alertResendSeconds): "
                    + "\(Self.text(NotifyOptions.resendBounds)) expected")
        }
        return options
    }

    private static func text(_ bounds: ClosedRange<Int>) -> String {
        "\(bounds.lowerBound) to \(bounds.upperBound)"
    }
}
