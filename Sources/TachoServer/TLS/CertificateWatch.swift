import Logging

/// Looks after the certificate of a server that runs: takes new files, tells what is wrong with them,
/// and in time that one ends.
struct CertificateWatch {
    /// How often files are looked at without being asked to.
    static let lookSeconds = 2
    private static let warningDays = 14
    private static let daySeconds = 86_400

    private let credentials: TLSCredentials
    private let logger: Logger
    private var warnedAtSeconds = 0

    init(_ credentials: TLSCredentials, _ logger: Logger) {
        self.credentials = credentials
        self.logger = logger
    }

    /// `isAsked`: by SIGHUP; then the files are read whether they changed or not. False: they are no good.
    @discardableResult
    mutating func look(isAsked: Bool, nowSeconds: Int) -> Bool {
        var isGood = true
        do throws(TLSError) {
            var isNew = isAsked
            if isAsked {
                try credentials.reload(nowSeconds: nowSeconds)
            } else {
                isNew = try credentials.reloadIfChanged(nowSeconds: nowSeconds)
            }
            if isNew {
                let until = credentials.validUntilSeconds
                logger.notice("certificate read again, valid until Unix time \(until)")
                warnedAtSeconds = 0
            }
        } catch {
            logger.error("the certificate in use stays: \(error.message)")
            isGood = false
        }
        warn(nowSeconds)
        return isGood
    }

    /// Once a day in its last days, and when it has ended.
    private mutating func warn(_ nowSeconds: Int) {
        let left = credentials.validUntilSeconds - nowSeconds
        guard left < Self.warningDays * Self.daySeconds,
            nowSeconds - warnedAtSeconds >= Self.daySeconds
        else { return }
        warnedAtSeconds = nowSeconds
        let path = credentials.settings.certificatePath
        if left > 0 {
            logger.warning("\(path): the certificate ends in \(left / Self.daySeconds) days")
        } else {
            logger.error("\(path): the certificate has ended; clients refuse it")
        }
    }
}
