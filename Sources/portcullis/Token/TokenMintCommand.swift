import ArgumentParser
import GateIdentity
import GatePrimitives

/// `portcullis token mint`: a signed token on standard output.
struct TokenMintCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mint",
        abstract: "Sign a token with a development key and print it.",
        discussion: """
            Durations carry a unit: 90s, 15m, 1h, 7d; a negative --expires makes a token that has expired. A claim's \
            value that is JSON is taken as JSON (tenant=7, admin=true, roles=["a"]), else as a string. A claim \
            given by name replaces the one that an option would set.
            """
    )

    @Option(help: ArgumentHelp("A private JWK from `portcullis token keys`.", valueName: "file"))
    var key: String
    @Option(help: "The claim iss.")
    var issuer: String
    @Option(help: "The claim aud; repeat it for several.")
    var audience: [String] = []
    @Option(help: "The claim sub.")
    var subject: String
    @Option(help: "The claim scope; repeat it for several.")
    var scope: [String] = []
    @Option(help: "How long the token is valid.")
    var expires: TokenDuration = TokenDuration(seconds: 3600)
    @Option(help: ArgumentHelp("A further claim; repeat it for several.", valueName: "name=value"))
    var claim: [TokenClaim] = []
    @Option(help: "The header's typ: JWT or at+jwt.")
    var type = "JWT"
    @Flag(help: "Print one JSON object with the token and its claims.")
    var json = false

    func run() throws {
        let bytes = try CommandFile.read(key, maxBytes: 1 << 16, isPrivate: true)
        let signer: DevelopmentKey
        do {
            signer = try DevelopmentKey(jwk: bytes.span)
        } catch {
            throw CommandFailure("\(key) is no private JWK that can be used (\(error.rawValue))")
        }
        let claims = self.claims(now: WallInstant.now().seconds)
        let token = try DevelopmentToken.mint(claims: claims, type: type, key: signer)
        if json {
            CommandFile.print(.object([("token", .string(token)), ("claims", claims)]))
        } else {
            print(String(decoding: token, as: UTF8.self))
        }
    }

    private func claims(now: Int64) -> JSONNode {
        var members: [(String, JSONNode)] = [("iss", .text(issuer)), ("sub", .text(subject))]
        if let first = audience.first {
            members.append(("aud", audience.count == 1 ? .text(first) : .array(audience.map { .text($0) })))
        }
        members.append(("iat", .integer(now)))
        members.append(("exp", .integer(now &+ expires.seconds)))
        if !scope.isEmpty { members.append(("scope", .text(scope.joined(separator: " ")))) }
        for added in claim {
            members.removeAll { $0.0 == added.name }
            members.append((added.name, added.value))
        }
        return .object(members)
    }
}

/// A duration with its unit, such as `15m`.
struct TokenDuration: ExpressibleByArgument {
    let seconds: Int64

    init(seconds: Int64) { self.seconds = seconds }

    init?(argument: String) {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let unit = argument.last.flatMap({ units[$0] }), let count = Int64(argument.dropLast()),
            abs(count.clamped) < 1_000_000
        else { return nil }
        seconds = count &* unit
    }

    var defaultValueDescription: String { "1h" }
}

extension Int64 {
    /// The value, or the least that has an opposite.
    fileprivate var clamped: Int64 { Swift.max(self, -Int64.max) }
}

/// One claim, `name=value`.
struct TokenClaim: ExpressibleByArgument {
    let name: String
    let value: JSONNode

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty else { return nil }
        name = String(parts[0])
        let bytes = [UInt8](parts[1].utf8)
        value = (try? JSONReader.read(bytes.span)) ?? .string(bytes)
    }
}
