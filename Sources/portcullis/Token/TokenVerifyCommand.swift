import ArgumentParser
import GateIdentity
import GatePrimitives

/// `portcullis token verify`: reads a token on standard input, prints its payload or why it is refused.
struct TokenVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Read a token on standard input; print its payload and exit 0, or say why not and exit 1.",
        discussion: """
            Checks what the gateway checks: header, key, signature, typ, exp, nbf and iat (with the gateway's default \
            clock skew), and issuer and audience where they are given. With --signature-only the payload may be \
            anything: header, key and signature alone decide.
            """
    )

    @Option(help: ArgumentHelp("The key set (JWK set) to verify with.", valueName: "file"))
    var jwks: String
    @Flag(help: "Judge header, key and signature alone.")
    var signatureOnly = false
    @Option(help: "The wanted iss.")
    var issuer: String?
    @Option(help: "A wanted aud; repeat it for several, one is enough.")
    var audience: [String] = []
    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard !signatureOnly || (issuer == nil && audience.isEmpty) else {
            throw ValidationError("--signature-only looks at no claims: leave out --issuer and --audience")
        }
    }

    func run() throws {
        let keys = try readKeys()
        var token = try CommandFile.readStandardInput(maxBytes: 1 << 20)
        while token.last == 0x0A || token.last == 0x0D { token.removeLast() }
        let payload: [UInt8]
        do throws(Fault) {
            payload =
                signatureOnly
                ? try SignedPayload.verify(token.span, keys: keys)
                : try SignedPayload.verifyClaims(
                    token.span, keys: keys, issuer: issuer, audiences: audience, now: .now())
        } catch {
            if json {
                CommandFile.print(.object([("valid", .bool(false)), ("reason", .text(error.reason.rawValue))]))
                throw ExitCode(1)
            }
            throw CommandFailure("\(error.reason.rawValue): \(TokenVerifyCommand.explanation(error.reason))")
        }
        if json {
            let shown: (String, JSONNode) =
                if let claims = try? JSONReader.read(payload.span) {
                    ("payload", claims)
                } else {
                    ("payload_base64url", .string(Base64URL.encode(payload)))
                }
            CommandFile.print(.object([("valid", .bool(true)), shown]))
        } else {
            try CommandFile.writeStandardOutput(payload)
        }
    }

    private func readKeys() throws -> KeySet {
        let bytes = try CommandFile.read(jwks, maxBytes: KeySet.maxBytes, isPrivate: false)
        do throws(KeySet.Problem) {
            return try KeySet(bytes.span)
        } catch {
            throw CommandFailure("\(jwks): \(TokenVerifyCommand.explanation(error))")
        }
    }

    private static func explanation(_ problem: KeySet.Problem) -> String {
        switch problem {
        case .tooLarge: "more than \(KeySet.maxBytes) bytes or \(KeySet.maxKeys) keys"
        case .json(let error): "not JSON (\(error.problem.rawValue) at byte \(error.offset))"
        case .noKeysArray: "no key set: an object with an array \"keys\" is wanted"
        case .noUsableKey(let skipped):
            "no key that can be used"
                + skipped.map { "; key \($0.index): \($0.problem.rawValue)" }.joined()
        }
    }

    /// What a reason means, for who holds the token.
    private static func explanation(_ reason: Reason) -> String {
        switch reason {
        case .jwtAlg: "the algorithm is missing, unknown, or not the key's"
        case .jwtKid: "the key set has no such key, or more than one fits"
        case .jwtCrit: "the header asks for an extension"
        case .jwtMalformed: "not a compact signed token in its only spelling, or no claims in it"
        case .jwtSignature: "the signature is not one of this content by this key"
        case .jwtClaim: "issuer, audience or a time is missing, of the wrong type, or not the wanted one"
        case .jwtExpired: "expired"
        case .jwtNotYetValid: "not valid yet"
        case .jwtType: "not a signed access token: encrypted, or of another typ"
        default: "refused"
        }
    }
}
