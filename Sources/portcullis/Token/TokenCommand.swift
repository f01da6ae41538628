import ArgumentParser
import GateIdentity
import GatePrimitives

/// `portcullis token`: development tokens and keys.
struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Make and verify tokens and keys for development.",
        subcommands: [TokenKeysCommand.self, TokenMintCommand.self, TokenVerifyCommand.self]
    )
}

/// `portcullis token keys`: a new key pair, as a private JWK and a key set.
struct TokenKeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Make a signing key: DIR/private.jwk (readable by you alone) and DIR/jwks.json."
    )

    @Option(help: "One of \(JWSAlgorithm.allCases.map(\.name).joined(separator: ", ")).")
    var algorithm = "ES256"
    @Option(help: "The key's name in tokens and in the key set.")
    var kid = "dev"
    @Option(help: ArgumentHelp("Where to write; made if missing.", valueName: "dir"))
    var out: String
    @Flag(help: "Replace files that are there.")
    var force = false
    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard JWSAlgorithm(name: algorithm) != nil else { throw ValidationError("unknown algorithm \(algorithm)") }
        guard !kid.isEmpty, kid.utf8.count <= JSONWebKey.maxKeyIDBytes else {
            throw ValidationError("--kid takes 1 to \(JSONWebKey.maxKeyIDBytes) bytes")
        }
    }

    func run() throws {
        guard let algorithm = JWSAlgorithm(name: algorithm) else { throw ValidationError("unknown algorithm") }
        let key = try DevelopmentKey.generate(algorithm, keyID: kid)
        try CommandFile.makeDirectory(out)
        let privatePath = out + "/private.jwk"
        let setPath = out + "/jwks.json"
        let newline: [UInt8] = [0x0A]
        try CommandFile.write(try key.privateJWK().text + newline, to: privatePath, mode: 0o600, replacing: force)
        try CommandFile.write(
            try DevelopmentKey.keySet([key]).text + newline, to: setPath, mode: 0o644, replacing: force)
        if json {
            CommandFile.print(
                .object([
                    ("private", .text(privatePath)), ("jwks", .text(setPath)), ("kid", .text(kid)),
                    ("algorithm", .text(algorithm.name)),
                ]))
        } else {
            print("private key: \(privatePath)")
            print("key set:     \(setPath)")
        }
    }
}
