import ArgumentParser
import GateIdentity
import GatePrimitives
import GateSettings
import SwiftASN1

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
    @Option(help: ArgumentHelp("The client's certificate in PEM.", valueName: "file"))
    var clientCertificate: String?
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
            return try ExplainedDecision(id: decision, config: config).print(json: json)
        }
        guard let method, let url else { throw ValidationError("give a method and a URL") }
        let (settings, plan) = try ConfigurationCheck(config).good()
        let body = try data.map { try Self.body($0) }
        let request: ExplainedRequest
        do {
            request = try ExplainedRequest(method: method, url: url, headers: header, body: body)
        } catch {
            throw ValidationError(error.description)
        }
        let explanation = try OfflineExplanation(
            request, plan: plan, settings: settings, listener: listener, client: client,
            clientCertificate: try clientCertificate.map { try Self.certificate($0) }, keySets: try keySets(settings),
            body: body)
        try explanation.print(json: json)
    }

    /// `@FILE`, or the text itself.
    private static func body(_ data: String) throws -> [UInt8] {
        guard data.hasPrefix("@") else { return Array(data.utf8) }
        return try CommandFile.read(String(data.dropFirst()), maxBytes: 1 << 30, isPrivate: false)
    }

    /// The first certificate of a file, in DER.
    private static func certificate(_ path: String) throws -> [UInt8] {
        let bytes = try CommandFile.read(path, maxBytes: 1 << 20, isPrivate: false)
        let documents = (try? PEMDocument.parseMultiple(pemString: String(decoding: bytes, as: UTF8.self))) ?? []
        guard let first = documents.first(where: { $0.discriminator == "CERTIFICATE" }) else {
            throw CommandFailure("\(path) holds no certificate in PEM")
        }
        return first.derBytes
    }

    /// The key sets of files that the configuration names, and those that `--jwks` gives instead of fetching.
    private func keySets(_ settings: Settings) throws -> [String: KeySet] {
        var paths: [String: String] = [:]
        for identity in settings.identities {
            if case .file(let path) = identity.jwt?.jwks?.value { paths[identity.name] = path.path }
        }
        for argument in jwks {
            let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { throw ValidationError("--jwks takes NAME=FILE") }
            guard settings.identities.contains(where: { $0.name == parts[0] && $0.jwt != nil }) else {
                throw ValidationError("--jwks \(argument): there is no identity \(parts[0]) with tokens")
            }
            paths[parts[0]] = parts[1]
        }
        return try paths.mapValues { path in
            let bytes = try CommandFile.read(path, maxBytes: KeySet.maxBytes, isPrivate: false)
            do { return try KeySet(bytes.span) } catch { throw CommandFailure("\(path) is no key set") }
        }
    }
}
