/// The lines of commands that Redis has too.
extension CommandName {
    private static let searchOptions =
        "[ASC|DESC] [COUNT n [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]"
    private static let searchCost = "O(N) for N riders in the cells looked at"

    static let views: [CommandName: CommandDocs] = [
        .geoPositions: .init(
            "Where riders are, as lon and lat", "key [member]...", group: "geo",
            complexity: "O(N) for N members"),
        .geoDistance: .init(
            "Distance between two riders", "key member1 member2 [M|KM|FT|MI]", group: "geo"),
        .geoHashes: .init(
            "Where riders are, as geohashes", "key [member]...", group: "geo",
            complexity: "O(N) for N members"),
        .geoSearch: .init(
            "Riders inside a circle or box",
            "key (FROMMEMBER member)|(FROMLONLAT lon lat)"
                + " (BYRADIUS radius M|KM|FT|MI)|(BYBOX width height M|KM|FT|MI) "
                + searchOptions, group: "geo", complexity: searchCost),
        .geoRadius: .init(
            "Riders inside a circle around a place",
            "key lon lat radius M|KM|FT|MI "
                + searchOptions, group: "geo", complexity: searchCost),
        .geoRadiusByMember: .init(
            "Riders inside a circle around a rider",
            "key member radius M|KM|FT|MI "
                + searchOptions, group: "geo", complexity: searchCost),
        .geoRadiusReadOnly: .init(
            "Riders inside a circle around a place",
            "key lon lat radius M|KM|FT|MI "
                + searchOptions, group: "geo", complexity: searchCost),
        .geoRadiusByMemberReadOnly: .init(
            "Riders inside a circle around a rider",
            "key member radius M|KM|FT|MI "
                + searchOptions, group: "geo", complexity: searchCost),
        .geoAdd: .init(
            "Refused: riders are moved by T.ADD", "key (lon lat member)...", group: "geo"),
        .geoSearchStore: .init(
            "Refused: nothing can be stored in a view", "destination key option...", group: "geo"),
        .memberScore: .init(
            "Where a rider is, as the score of its geohash", "key member", group: "sorted-set"),
        .memberCount: .init("Number of riders that are somewhere", "key", group: "sorted-set"),
        .exists: .init(
            "How many of the keys there are", "key...", group: "generic",
            complexity: "O(N) for N keys"),
        .type: .init("What a key is: zset, stream or none", "key", group: "generic"),
    ]

    static let server: [CommandName: CommandDocs] = [
        .hello: .init(
            "Sets the version of the protocol, and who and what the client is",
            "[protover [AUTH username password] [SETNAME clientname]]", group: "connection"),
        .auth: .init("Says who the client is", "[username] password", group: "connection"),
        .acl: .init(
            "Says as whom the connection acts, and who may what", "WHOAMI|LIST|(CAT [role])|HELP",
            group: "server"),
        .ping: .init("Answers PONG or the message", "[message]", group: "connection"),
        .echo: .init("Answers the message", "message", group: "connection"),
        .info: .init("Figures of the server as text", "[section]...", group: "server"),
        .client: .init(
            "Names, shows or closes connections",
            "GETNAME|ID|INFO|(SETNAME name)|(SETINFO (LIB-NAME libname)|(LIB-VER libver))"
                + "|(LIST [TYPE type] [ID id...])|(KILL filter...)|(NO-EVICT ON|OFF)"
                + "|(NO-TOUCH ON|OFF)", group: "connection",
            complexity: "O(N) for N connections"),
        .command: .init(
            "What commands there are",
            "[COUNT|(INFO command...)|(DOCS command...)|(GETKEYS command arg...)"
                + "|(LIST [FILTERBY (MODULE name)|(ACLCAT category)|(PATTERN pattern)])]",
            group: "server", complexity: "O(N) for N commands"),
        .config: .init("Settings that tools ask for", "GET parameter...", group: "server"),
        .slowlog: .init(
            "Commands that took long", "(GET [count])|LEN|RESET", group: "server",
            complexity: "O(N) for N entries"),
        .time: .init("The server's time as seconds and microseconds", group: "server"),
        .size: .init("Number of riders", group: "server"),
        .select: .init("Answers OK for database 0, the only one", "index", group: "connection"),
        .reset: .init("Makes the connection as it was when new", group: "connection"),
        .quit: .init("Closes the connection", group: "connection"),
        .shutdown: .init(
            "Stops the server cleanly; from this machine only",
            "[NOSAVE|SAVE] [NOW] [FORCE] [ABORT]", group: "server"),
    ]
}
