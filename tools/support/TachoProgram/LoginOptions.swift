package import ArgumentParser
package import TachoClient

/// As whom a program logs in.
package struct LoginOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Log in as this user.", discussion: "Default: TACHO_USER, or nobody.",
            valueName: "name"))
    package var user: String?

    @Option(
        help: ArgumentHelp(
            "The first line of this file is the password.",
            discussion: "Default: TACHO_PASSWORD_FILE.", valueName: "file"))
    package var passwordFile: String?

    package init() {}

    /// nil: nobody logs in.
    package func credentials() throws(ToolFailure) -> Credentials? {
        try Credentials.read(user: user, passwordFile: passwordFile)
    }
}
