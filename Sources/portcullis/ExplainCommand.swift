import ArgumentParser
import GateIdentity
import GatePrimitives
import GateSettings

/// `portcullis explain`: why a request is, or was, answered as it is.
struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Run one request through the decision code, or ask the running gateway about a decision.",
        discussion: """
            Without --decision no socket is opened: the request is rendered to bytes and goes through the gateway's \
            own parser, routes, identities and limits, with nothing spent by earlier requests. What cannot be known \
            (a key set that would be fetched) ends with `undecided` and exit status 1; --jwks answers it from a file.
            """)

    @Argument(help: "The method.") var method: String?
    @Argument(help: "The URL: https://HOST/PATH or http://HOST/PATH.") var url: String?
    @Option(help: ArgumentHelp("The configuration file.", valueName: "file")) var config: String
    @Option(
        name: [.customShort("H"), .long], help: ArgumentHelp("A field, `name: value`; repeat it.", valueName: "field"))
    var header: [String] = []
    @Option(help: ArgumentHelp("The body: text, or @FILE.", valueName: "body")) var data: String?
    @Option(help: ArgumentHelp("The client's address.", valueName: "address")) var client = "127.0.0.1"
    @Option(help: ArgumentHelp("The listener, where there are several.", valueName: "name")) var listener: String?
    @Option(help: ArgumentHelp("A key set for an identity, instead of fetching it; repeat it.", valueName: "name=file"))
    var jwks: [String] = []
    @Option(help: ArgumentHelp("The id of a decision (x-request-id) of the running gateway.", valueName: "id"))
    var decision: String?
    @Flag(help: "Print one JSON object.") var json = false

    func validate() throws {
        if decision == nil, method == nil || url == nil {
            throw ValidationError("give a method and a URL, or --decision ID")
        }
        if decision != nil, method != nil { throw ValidationError("--decision takes no request") }
        guard IPAddress(client) != nil else { throw ValidationError("--client \(client) is no address") }
    }

    func run() throws {
        if let decision {
            try ExplainedDecision(id: decision, config: config).print(json: json)
        } else {
            throw ValidationError("a request without a running gateway cannot be explained yet: give --decision ID")
        }
    }
}
