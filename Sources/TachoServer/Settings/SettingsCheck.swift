import NIOCore
import TachoAccess
import TachoNotify

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What is wrong with settings that are good one by one.
package enum SettingsCheck {
    /// How settings fit each other. Cost: host names are looked up.
    package static func together(_ given: GivenSettings) -> [SettingsProblem] {
        var check = Checking(given)
        check.data()
        check.tls()
        check.keeping()
        check.alerts()
        check.addresses()
        return check.problems
    }

    /// That what settings name is there, can be read and is what it should be. Nothing is made, opened
    /// for writing or listened on. `nowSeconds`: Unix time.
    package static func surroundings(
        _ given: GivenSettings, nowSeconds: Int
    ) -> [SettingsProblem] {
        var check = Checking(given)
        check.files(nowSeconds: nowSeconds)
        check.directories()
        return check.problems
    }

    /// What of it a start is refused for: files of users, keys and secrets. Of the data directory the
    /// engine says more, with a status of its own; and a mirror that is not mounted keeps points in the
    /// database, which is no reason to take none.
    package static func files(
        _ given: GivenSettings, nowSeconds: Int
    ) -> [SettingsProblem] {
        var check = Checking(given)
        check.files(nowSeconds: nowSeconds)
        return check.problems
    }
}

/// Gathers problems, each at the place of the setting it is about.
private struct Checking {
    let given: GivenSettings
    let settings: ServerSettings
    private(set) var problems: [SettingsProblem] = []

    init(_ given: GivenSettings) {
        self.given = given
        settings = given.settings
    }

    /// `what` without the setting's name; `text`: of which of several.
    private mutating func fail(_ name: String, _ what: String, of text: String? = nil) {
        let place =
            given.entries.last { $0.name == name && (text == nil || $0.text == text) }?.place
            ?? .commandLine
        let shown = OptionTable.find(name).map(place.name) ?? name
        problems.append(SettingsProblem(place: place, what: "\(shown) \(what)"))
    }

    /// As messages name an option that is missing: `--tls-key FILE`, or `tls-key = FILE` where the file of
    /// settings is.
    private func wish(_ name: String, _ value: String, like other: String) -> String {
        (given.place(of: other) ?? .commandLine) == .commandLine
            ? "--\(name) \(value)" : "\(name) = \(value)"
    }

    private func wishForBoth(_ name: String) -> String {
        wish("tls-cert", "FILE", like: name) + " and " + wish("tls-key", "FILE", like: name)
    }

    // MARK: Together

    mutating func data() {
        guard settings.data.isEmpty, given.problems.allSatisfy({ !$0.what.contains("data") })
        else { return }
        let place = settings.config.map { SettingsPlace.file($0) } ?? .commandLine
        let wish = place == .commandLine ? "--data DIR" : "data = DIR"
        problems.append(
            SettingsProblem(place: place, what: "no data directory is named: add \(wish)"))
    }

    mutating func tls() {
        let (cert, key) = (settings.tlsCertificate, settings.tlsKey)
        if cert != nil && key == nil {
            fail("tls-cert", "needs \(wish("tls-key", "FILE", like: "tls-cert")) too")
        } else if key != nil && cert == nil {
            fail("tls-key", "needs \(wish("tls-cert", "FILE", like: "tls-key")) too")
        } else if cert == nil {
            if settings.tlsClientAuthorities != nil {
                fail("tls-client-ca", "needs \(wishForBoth("tls-client-ca"))")
            }
            if settings.tlsOnly { fail("tls-only", "needs \(wishForBoth("tls-only"))") }
        }
        if settings.tlsClientCertificates != nil && settings.tlsClientAuthorities == nil {
            let wish = wish("tls-client-ca", "FILE", like: "tls-client-auth")
            fail("tls-client-auth", "needs \(wish)")
        }
    }

    mutating func keeping() {
        if settings.hotDays == nil && !settings.requiredCopies.isEmpty {
            let wish = wish("hot-days", "D", like: "require-copy")
            fail("require-copy", "needs \(wish): without it no point leaves")
        }
    }

    mutating func alerts() {
        let before = problems.count
        for text in settings.alertmanagers { address("alertmanager", .alertmanager, text) }
        for text in settings.webhooks { address("webhook", .webhook, text) }
        guard problems.count == before else { return }
        do throws(NotifyError) {
            _ = try settings.alerts()
        } catch .noSecret {
            let wish = wish("webhook-secret", "FILE", like: "webhook")
            fail("webhook", "needs \(wish)")
        } catch {
            let name = settings.alertmanagers.isEmpty ? "webhook" : "alertmanager"
            fail(name, "= …: " + error.message)
        }
    }

    private mutating func address(_ name: String, _ kind: TargetAddress.Kind, _ text: String) {
        do throws(NotifyError) {
            _ = try TargetAddress(kind: kind, text: text)
        } catch .address(_, let defect) {
            fail(name, "= …: \(defect); [NAME=]https://HOST[:PORT][/PATH] expected", of: text)
        } catch {
            fail(name, "= …: " + error.message, of: text)
        }
    }

    mutating func addresses() {
        var resp: ListenAddress?
        do {
            resp = try settings.respAddress()
        } catch {
            problems.append(problem("resp", error))
        }
        guard case .at(let text)? = settings.http else { return }
        do {
            let http = try settings.httpAddress()
            let port = http?.socketAddress.port ?? 0
            if port != 0, http == resp {
                fail("http", "\(text): RESP is there, another port expected")
            }
        } catch {
            problems.append(problem("http", error))
        }
    }

    private func problem(_ name: String, _ failure: ListenAddress.Failure) -> SettingsProblem {
        let place = given.place(of: name) ?? .commandLine
        let message =
            place == .commandLine
            ? failure.message
            : failure.message.replacing("--" + name, with: name + " =", maxReplacements: 1)
        return SettingsProblem(place: place, what: message)
    }

    // MARK: Surroundings

    mutating func files(nowSeconds: Int) {
        users()
        certificates(nowSeconds: nowSeconds)
        key()
        alertFiles()
    }

    mutating func users() {
        guard let path = settings.acl else { return }
        do {
            _ = try AccessFile.load(path)
        } catch {
            fail("acl", "= " + error.message)
        }
    }

    mutating func certificates(nowSeconds: Int) {
        guard let tls = settings.tls else { return }
        do throws(TLSError) {
            _ = try TLSCredentials(tls, nowSeconds: nowSeconds)
        } catch {
            let name =
                switch error.path {
                case tls.certificatePath: "tls-cert"
                case tls.keyPath: "tls-key"
                case tls.clientAuthoritiesPath: "tls-client-ca"
                default: "tls-cert"
                }
            fail(name, "= " + error.message)
        }
    }

    mutating func directories() {
        if !settings.data.isEmpty, let obstacle = Self.obstacle(toUse: settings.data) {
            fail("data", "= " + obstacle)
        }
        for path in settings.requiredCopies {
            var info = stat()
            if stat(path, &info) != 0 {
                let reason = String(cString: strerror(errno))
                fail("require-copy", "= \(path): \(reason); tacho-audit mirror makes it", of: path)
            } else if info.st_mode & S_IFMT != S_IFDIR {
                fail(
                    "require-copy", "= \(path): no directory, name one that mirrors are in",
                    of: path)
            }
        }
    }

    mutating func key() {
        guard let path = settings.auditKey, settings.signsLog else { return }
        guard access(path, R_OK) == 0 else {
            let reason = String(cString: strerror(errno))
            return fail("audit-key", "= \(path): \(reason); tacho-audit key new makes one")
        }
        var info = stat()
        if stat(path, &info) == 0, info.st_mode & 0o077 != 0 {
            fail("audit-key", "= \(path): others than its owner may use it: chmod 600 \(path)")
        }
    }

    mutating func alertFiles() {
        guard let alerts = try? settings.alerts() else { return }
        do throws(NotifyError) {
            _ = try NotifyMaterial(alerts)
        } catch {
            let name =
                switch error {
                case .authorities: "alert-ca"
                default: "webhook-secret"
                }
            fail(name, "= " + error.reason)
        }
    }

    /// Why a directory cannot be the data directory, or be made; nil: it can.
    private static func obstacle(toUse path: String) -> String? {
        var info = stat()
        if stat(path, &info) == 0 {
            guard info.st_mode & S_IFMT == S_IFDIR else {
                return "\(path): no directory, name another one"
            }
            return access(path, R_OK | W_OK | X_OK) == 0
                ? nil : "\(path): may not be written: chown it to the user of the server"
        }
        guard errno == ENOENT else { return "\(path): \(String(cString: strerror(errno)))" }
        let parent = path.lastIndex(of: "/").map {
            $0 == path.startIndex ? "/" : String(path[..<$0])
        }
        guard access(parent ?? ".", W_OK | X_OK) == 0 else {
            let reason = String(cString: strerror(errno))
            return
                "\(path): cannot be made in \(parent ?? "."): \(reason); make it, and chown it to the "
                + "user of the server"
        }
        return nil
    }
}
