import GateIdentity
import GatePrimitives
import Testing

@Suite struct TokenHeaderTests {
    let issuer: TestIssuer

    init() throws { issuer = try TestIssuer() }

    @Test(arguments: JWSAlgorithm.allCases)
    func aGoodTokenOfEveryAlgorithmIsVerified(algorithm: JWSAlgorithm) throws {
        let issuer = try TestIssuer(algorithm)
        let token = try issuer.token()
        #expect(issuer.judge(token) == "verified")
        // One bit of the signature, of the claims or of the header, and it is not.
        for index in [token.count - 3, token.count / 2, 20] {
            var changed = token
            changed[index] = changed[index] == 0x41 ? 0x42 : 0x41
            #expect(issuer.judge(changed) != "verified")
        }
    }

    // attacks 44
    @Test(arguments: ["none", "nOnE", "NONE", "None", "", "HS256", "es256", "ES256K", "ES512", "RSA1_5", "EdDSA "])
    func anUnknownAlgorithmIsRefused(name: String) throws {
        #expect(issuer.judge(try issuer.token(header: [("alg", .text(name))])) == "jwt_alg")
    }

    // attacks 44
    @Test func aMissingAlgorithmAndOneThatIsNoStringAreRefused() throws {
        #expect(issuer.judge(try issuer.token(header: [("alg", nil)])) == "jwt_alg")
        #expect(issuer.judge(try issuer.token(header: [("alg", .null)])) == "jwt_alg")
        #expect(issuer.judge(try issuer.token(header: [("alg", .array([.text("EdDSA")]))])) == "jwt_alg")
    }

    // attacks 44
    @Test func anUnsignedTokenIsRefused() throws {
        let header = Base64URL.encode(JSONNode.object([("alg", .text("none"))]).text)
        let token = header + [0x2E] + Base64URL.encode(TestIssuer.claims().text) + [0x2E]
        #expect(issuer.judge(token) == "jwt_alg")
    }

    // attacks 45
    @Test func theKeyNotTheTokenChoosesTheAlgorithm() throws {
        let rsa = try TestIssuer(.ps512)
        #expect(rsa.judge(try rsa.token(header: [("alg", .text("RS256"))])) == "jwt_alg")
        #expect(rsa.judge(try rsa.token(header: [("alg", .text("RS256")), ("kid", nil)])) == "jwt_alg")
        #expect(rsa.judge(try rsa.token(header: [("alg", .text("HS256"))])) == "jwt_alg")
        let curve = try TestIssuer(.es256)
        #expect(curve.judge(try curve.token(header: [("alg", .text("ES384"))])) == "jwt_alg")
    }

    // attacks 45
    @Test func anAlgorithmThatTheConfigurationLeavesOutIsRefused() throws {
        let policy = TestIssuer.policy(algorithms: [AlgorithmSet([.es256])])
        #expect(issuer.judge(try issuer.token(), policy: policy) == "jwt_alg")
    }

    // RFC 9864
    @Test func theNewerNameOfEd25519IsTheSameAlgorithm() throws {
        #expect(issuer.judge(try issuer.token(header: [("alg", .text("Ed25519"))])) == "verified")
    }

    // attacks 46
    @Test func keysThatATokenBringsAlongAreIgnored() throws {
        let stranger = try TestIssuer(keyID: "k1")
        let brought: [(String, JSONNode?)] = [
            ("jwk", try stranger.key.publicJWK()), ("jku", .text("https://evil.example/jwks")),
            ("x5u", .text("https://evil.example/x5u")), ("x5c", .array([.text("MIIB")])),
        ]
        #expect(issuer.judge(try stranger.token(header: brought)) == "jwt_signature")
        #expect(issuer.judge(try issuer.token(header: brought)) == "verified")
    }

    // attacks 46
    @Test(arguments: ["../../etc/passwd", "k1\u{0}", "K1", "k1 ", "https://evil.example/k", "' OR 1=1"])
    func aKidIsAnExactNameAndNothingElse(kid: String) throws {
        #expect(issuer.judge(try issuer.token(header: [("kid", .text(kid))])) == "keyUnknown")
    }

    // attacks 46
    @Test func theLengthOfAKidIsBounded() throws {
        func judged(_ length: Int) throws -> String {
            let kid = String(repeating: "k", count: length)
            return issuer.judge(
                try issuer.token(header: [("kid", .text(kid))]), policy: TestIssuer.policy(maxTokenBytes: 1 << 20))
        }
        #expect(try judged(255) == "keyUnknown")
        #expect(try judged(JSONWebKey.maxKeyIDBytes) == "keyUnknown")
        #expect(try judged(JSONWebKey.maxKeyIDBytes + 1) == "jwt_kid")
        #expect(try judged(10_240) == "jwt_kid")
        #expect(issuer.judge(try issuer.token(header: [("kid", .text(""))])) == "jwt_kid")
        #expect(issuer.judge(try issuer.token(header: [("kid", .integer(1))])) == "jwt_kid")
    }

    @Test func withoutAKidExactlyOneKeyHasToFit() throws {
        let token = try issuer.token(header: [("kid", nil)])
        let other = try TestIssuer(.es256, keyID: "k2")
        let twin = try TestIssuer(keyID: "k3")
        let fits = try TestIssuer.set([issuer.key.publicJWK(), other.key.publicJWK()])
        let ambiguous = try TestIssuer.set([issuer.key.publicJWK(), twin.key.publicJWK()])
        let foreign = try TestIssuer.set([other.key.publicJWK()])
        #expect(issuer.judge(token, keys: fits) == "verified")
        #expect(issuer.judge(token, keys: ambiguous) == "jwt_kid")
        #expect(issuer.judge(token, keys: foreign) == "jwt_alg")
    }

    // attacks 47
    @Test func extensionsAreRefused() throws {
        let cases: [[(String, JSONNode?)]] = [
            [("crit", .array([.text("exp")]))], [("crit", .array([]))], [("crit", .null)],
            [("crit", .array([.text("b64")])), ("b64", .bool(false))], [("b64", .bool(false))], [("b64", .bool(true))],
            [("crit", .array([.text("bork")])), ("bork", .bool(true))],
        ]
        for changes in cases { #expect(issuer.judge(try issuer.token(header: changes)) == "jwt_crit") }
    }

    @Test(arguments: ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt", "application/jwt"])
    func theTypesOfAccessTokensPass(type: String) throws {
        #expect(issuer.judge(try issuer.token(header: [("typ", .text(type))])) == "verified")
        #expect(issuer.judge(try issuer.token(header: [("typ", nil)])) == "verified")
    }

    // RFC 8725 §3.11: a token of another kind by the same issuer is no access token.
    @Test(arguments: ["dpop+jwt", "logout+jwt", "secevent+jwt", "JOSE", "", "text/jwt"])
    func otherTypesAreRefused(type: String) throws {
        #expect(issuer.judge(try issuer.token(header: [("typ", .text(type))])) == "jwt_type")
        #expect(issuer.judge(try issuer.token(header: [("typ", .null)])) == "jwt_type")
    }

    // attacks 51
    @Test func encryptedTokensAreRefusedUnread() throws {
        #expect(issuer.judge([UInt8]("eyJ.a.b.c.d".utf8)) == "jwt_type")
        let members: [[(String, JSONNode?)]] = [
            [("alg", .text("PBES2-HS256+A128KW")), ("p2c", .integer(2_147_483_648)), ("enc", .text("A128GCM"))],
            [("enc", .text("A128GCM"))], [("zip", .text("DEF"))], [("p2c", .integer(2_147_483_648))],
            [("p2s", .text("AAAA"))],
        ]
        for changes in members { #expect(issuer.judge(try issuer.token(header: changes)) == "jwt_type") }
    }
}
