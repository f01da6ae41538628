import GateIdentity
import GatePrimitives

/// The first byte chooses what the others are: JSON, a key set, a token, claims or a header that are then signed, a
/// field that carries a credential, an address, a discovery document. Nothing traps, and what passes keeps its promises.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzIdentity(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer lends `count` bytes at `start` for this call; they are copied.
    let input = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
    guard let choice = input.first else { return 0 }
    let bytes = [UInt8](input.dropFirst())
    switch choice {
    case 0x6A: readJSON(bytes)
    case 0x6B: readKeySet(bytes)
    case 0x74: verify(bytes)
    case 0x63: verifySigned(header: Fixture.header, payload: bytes)
    case 0x68: verifySigned(header: bytes, payload: Fixture.claims)
    case 0x66: findCredentials(bytes)
    case 0x75: readAddress(bytes)
    case 0x64: discover(bytes)
    case 0x62: decode(bytes)
    default: break
    }
    return 0
}

/// A key and a policy that never change, so that a finding is reproduced by its bytes alone.
private enum Fixture {
    /// The example key of RFC 8037 appendix A.
    static let key = makeKey()
    static let keys = makeKeys()
    static let policy = JWTPolicy(
        identity: "staff", issuer: "i", audiences: ["a"], maxTokenBytes: 1 << 16, claims: ["tenant", "groups"])
    static let header = [UInt8](#"{"alg":"EdDSA","typ":"JWT","kid":"k"}"#.utf8)
    static let claims = [UInt8](#"{"iss":"i","aud":"a","sub":"s","exp":2000000000,"scope":"x y"}"#.utf8)
    static let now = WallInstant(milliseconds: 1_900_000_000_000)

    private static func makeKey() -> DevelopmentKey? {
        let jwk = [UInt8](
            (#"{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","kid":"k","#
                + #""d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}"#).utf8)
        return try? DevelopmentKey(jwk: jwk.span)
    }

    private static func makeKeys() -> KeySet? {
        guard let key, let text = try? DevelopmentKey.keySet([key]).text else { return nil }
        return try? KeySet(text.span)
    }
}

/// What is read and written again reads as the same value.
private func readJSON(_ bytes: [UInt8]) {
    guard let value = try? JSONReader.read(bytes.span) else { return }
    let text = value.text
    let again = try? JSONReader.read(text.span)
    assert(again == value)
}

private func readKeySet(_ bytes: [UInt8]) {
    guard let set = try? KeySet(bytes.span) else { return }
    assert(!set.keys.isEmpty)
    let names = set.keys.compactMap(\.keyID)
    assert(Set(names).count == names.count)
    let token = [UInt8]("eyJhbGciOiJFUzI1NiJ9.e30.AAAA".utf8)
    _ = try? SignedPayload.verify(token.span, keys: set)
}

/// Nobody guesses a signature: whatever the bytes are, they are not verified.
private func verify(_ bytes: [UInt8]) {
    let verdict = TokenVerifier(policy: Fixture.policy).verify(bytes.span, keys: Fixture.keys, now: Fixture.now)
    if case .verified(let principal) = verdict { check(principal) }
    _ = TokenVerifier.candidate(for: bytes.span, among: [Fixture.policy, Fixture.policy])
}

/// Reaches what stands behind the signature.
private func verifySigned(header: [UInt8], payload: [UInt8]) {
    guard let key = Fixture.key else { return }
    let input = Base64URL.encode(header) + [0x2E] + Base64URL.encode(payload)
    guard let signature = try? key.signature(of: input) else { return }
    verify(input + [0x2E] + Base64URL.encode(signature))
}

/// A principal's fields are whole lines of printable ASCII, at most four.
private func check(_ principal: Principal) {
    let fields = principal.upstreamFields
    assert(fields.allSatisfy { $0 >= 0x20 && $0 < 0x7F || $0 == 0x0D || $0 == 0x0A })
    assert(fields.count(where: { $0 == 0x0A }) <= 4 && fields.count(where: { $0 == 0x0D }) <= 4)
    assert(fields.suffix(2) == [0x0D, 0x0A])
    assert(principal.isValid(at: Fixture.now))
}

/// The ranges that are found lie within the bytes.
private func findCredentials(_ bytes: [UInt8]) {
    var finder = CredentialFinder(CredentialSources([.header, .cookie("s"), .query("t")]))
    let whole = 0..<bytes.count
    for source in 0..<3 {
        switch source {
        case 0: try? finder.authorization(bytes.span, at: 0)
        case 1: try? finder.cookie(bytes.span, at: 0)
        default: try? finder.query(bytes.span, at: 0)
        }
        guard let found = finder.found else { continue }
        assert(!found.token.isEmpty && found.token.clamped(to: whole) == found.token)
        assert(found.removal.clamped(to: whole) == found.removal)
        assert(found.removal.clamped(to: found.token) == found.token)
    }
}

/// An address writes itself so that it reads as itself.
private func readAddress(_ bytes: [UInt8]) {
    guard let address = try? KeySetURL(String(decoding: bytes, as: UTF8.self)) else { return }
    let again = try? KeySetURL(address.text)
    assert(again == address || address.text.utf8.count > KeySetURL.maxBytes)
}

private func discover(_ bytes: [UInt8]) {
    guard let source = try? KeySetSource.Discovery(issuer: "https://a/b") else { return }
    var machine = KeySetStateMachine(source: .discovery(source))
    let now = MonotonicInstant(nanoseconds: 0)
    guard let fetch = machine.tick(now).fetch else { return }
    let action = machine.received(bytes.span, fetch: fetch.number, now: now)
    guard let next = action.fetch else { return }
    // Whatever a document says, the gateway stays at the issuer's.
    guard case .url(let address) = next.target else { return assertionFailure() }
    assert(address.host == "a" && address.isSecure && address.port == 443)
}

/// One value, one spelling.
private func decode(_ bytes: [UInt8]) {
    if let value = Base64URL.decode(bytes.span) { assert(Base64URL.encode(value) == bytes) }
    let text = Base64URL.encode(bytes)
    assert(Base64URL.decode(text.span) == bytes)
}
