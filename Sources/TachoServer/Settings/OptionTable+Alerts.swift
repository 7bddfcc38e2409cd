import TachoNotify

/// Options of alerts to people; docs/alerting.md. Whether a URL is good is looked at by `SettingsCheck`,
/// whose messages do not show it: it may have a password.
extension OptionTable {
    static let alerting: [ServerOption] = [
        ServerOption(
            "alertmanager", .value("url", isRepeatable: true),
            "Deliver alerts to this Alertmanager (API v2); may be given several times.",
            note:
                "[NAME=]http[s]://[USER:PASSWORD@]HOST[:PORT][/PREFIX]. The name is what its place "
                + "in the alerts is kept under; see docs/alerting.md and tacho alerts targets.",
            example: "http://127.0.0.1:9093",
            ServerOption.path("a URL") { $0.alertmanagers.append($1) }),
        ServerOption(
            "webhook", .value("url", isRepeatable: true),
            "POST alerts to this address, signed; may be given several times.",
            note: "[NAME=]http[s]://[USER:PASSWORD@]HOST[:PORT]/PATH[?QUERY]. Needs "
                + "--webhook-secret. Signed as Standard Webhooks; the body has positions.",
            example: "pager=https://pager.example.com/in",
            ServerOption.path("a URL") { $0.webhooks.append($1) }),
        ServerOption(
            "webhook-secret", .value("file"),
            "The secret that webhooks are signed with, in a file; two while it is changed.",
            note: "A line whsec_ and base64: echo \"whsec_$(openssl rand -base64 32)\".",
            example: "/etc/tacho/webhook", reload: .readAgain,
            ServerOption.path("a file") { $0.webhookSecret = $1 }),
        ServerOption(
            "alert-evidence-url", .value("url"),
            "Where people find what an alert rests on, with {id} {rider} {ts_ms} {code}.",
            note: "Default: urn:tacho:alert:{id}, for tacho alerts show.",
            example: "https://ops.example.com/alerts/{id}", evidence),
        ServerOption(
            "alert-resolve-seconds", .value("s"),
            "An alert is resolved when no other of its rider and rule came for so long.",
            note: "Default: 300.", example: "300",
            ServerOption.integer(NotifyOptions.resolveBounds) { $0.alertResolveSeconds = $1 }),
        ServerOption(
            "alert-resend-seconds", .value("s"),
            "Tell Alertmanager of open alerts so often; less than its resolve_timeout.",
            note: "Default: 60.", example: "60",
            ServerOption.integer(NotifyOptions.resendBounds) { $0.alertResendSeconds = $1 }),
        ServerOption(
            "alert-ca", .value("file"), "Whose certificates are good for https targets (PEM).",
            note: "Default: what the system trusts.", example: "/etc/tacho/targets.pem",
            ServerOption.path("a file") { $0.alertAuthorities = $1 }),
        ServerOption(
            "alerts-from-oldest", .flag(isOnByDefault: false),
            "A target that is new gets all alerts there are, not only those to come.",
            example: "yes", ServerOption.flag { $0.alertsFromOldest = $1 }),
    ]

    private static let evidence: ServerOption.Reader = { settings, text in
        do throws(NotifyError) {
            settings.alertEvidence = try EvidenceTemplate(text)
            return nil
        } catch .template(let defect) {
            return defect
        } catch {
            return error.message
        }
    }
}
