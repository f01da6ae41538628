import GateIdentity
import GatePrimitives
import Testing

@Suite struct TokenClaimsTests {
    let issuer: TestIssuer
    private let now = TestIssuer.now.seconds

    init() throws { issuer = try TestIssuer() }

    private func judge(_ changes: [(String, JSONNode?)], policy: JWTPolicy = TestIssuer.policy()) throws -> String {
        issuer.judge(try issuer.token(claims: changes), policy: policy)
    }

    // attacks 49
    @Test(arguments: ["exp", "nbf", "iat"])
    func aTimeThatIsNoPlainSecondIsRefused(name: String) throws {
        for text in [
            "\"1893456000\"", "1893456000.5", "1893456000.0", "1e400", "1e9", "1893456000e0", "-1", "-0", "true",
            "null",
            "[1893456000]", "{}", "253402300800", "18446744073709551616", "9223372036854775807", "1767225600000",
        ] {
            #expect(try judge([(name, try json(text))]) == "jwt_claim", "\(name): \(text)")
        }
    }

    // attacks 49
    @Test func aTokenWithoutExpiryIsRefused() throws {
        #expect(try judge([("exp", nil)]) == "jwt_claim")
    }

    @Test func expiryCountsWithTheClockSkewAndNotASecondMore() throws {
        // LIMIT: the default skew is 30 s.
        #expect(try judge([("exp", .integer(now - 29))]) == "verified")
        #expect(try judge([("exp", .integer(now - 30))]) == "jwt_expired")
        #expect(try judge([("exp", .integer(now - 31))]) == "jwt_expired")
        #expect(try judge([("exp", .integer(0))]) == "jwt_expired")
        let strict = TestIssuer.policy(skew: .zero)
        #expect(try judge([("exp", .integer(now + 1))], policy: strict) == "verified")
        #expect(try judge([("exp", .integer(now))], policy: strict) == "jwt_expired")
        let negative = TestIssuer.policy(skew: .seconds(-100))
        #expect(try judge([("exp", .integer(now + 1))], policy: negative) == "verified")
    }

    @Test(arguments: ["nbf", "iat"])
    func theBeginningCountsWithTheClockSkew(name: String) throws {
        #expect(try judge([(name, .integer(now + 29))]) == "verified")
        #expect(try judge([(name, .integer(now + 30))]) == "verified")
        #expect(try judge([(name, .integer(now + 31))]) == "jwt_not_yet_valid")
    }

    @Test func extremesOfClockAndSkewDoNotOverflow() throws {
        let token = try issuer.token(claims: [("exp", .integer(253_402_300_799)), ("nbf", .integer(0))])
        for skew in [TimeSpan.zero, .seconds(.max)] {
            let policy = TestIssuer.policy(skew: skew)
            for clock in [Int64.min, 0, .max] {
                let verdict = issuer.judge(token, policy: policy, now: WallInstant(milliseconds: clock))
                #expect(["verified", "jwt_expired", "jwt_not_yet_valid"].contains(verdict))
            }
        }
    }

    // attacks 49
    @Test(arguments: [
        "https://idp.example.com/", "https://IDP.example.com", "http://idp.example.com", "https://idp.example.com ",
        "", "https://other.example.com",
    ])
    func anIssuerThatIsNotExactlyTheConfiguredIsRefused(name: String) throws {
        #expect(try judge([("iss", .text(name))]) == "jwt_claim")
    }

    // attacks 49
    @Test func anIssuerThatIsMissingOrNoStringIsRefused() throws {
        #expect(try judge([("iss", nil)]) == "jwt_claim")
        #expect(try judge([("iss", .array([.text(TestIssuer.issuer)]))]) == "jwt_claim")
    }

    @Test func anIssuerThatOnlyUnicodeCallsEqualIsAnother() throws {
        let policy = JWTPolicy(identity: "staff", issuer: "https://idp.example.com/\u{E9}", audiences: [])
        #expect(try judge([("iss", .text("https://idp.example.com/e\u{301}"))], policy: policy) == "jwt_claim")
    }

    // attacks 49
    @Test func theAudienceIsAStringOrAnArrayOfStringsWithOneOfOurs() throws {
        #expect(try judge([("aud", .array([.text("other"), .text("orders")]))]) == "verified")
        for value: JSONNode? in [
            nil, .text("other"), .text("orders "), .text("Orders"), .array([]), .array([.text("other")]),
            .array([.text("orders"), .integer(1)]), .object([("orders", .bool(true))]), .bool(true), .null,
        ] {
            #expect(try judge([("aud", value)]) == "jwt_claim")
        }
        #expect(try judge([("aud", nil)], policy: TestIssuer.policy(audiences: [])) == "verified")
        #expect(try judge([("aud", .text("b"))], policy: TestIssuer.policy(audiences: ["a", "b"])) == "verified")
    }

    // attacks 42 and 76: a subject must not break out of its field or arrive as another.
    @Test(arguments: ["", " alice", "alice ", "a\r\nx-auth-scopes: admin", "a\u{0}", "a\u{7F}", "j\u{FC}rgen", "a\tb"])
    func aSubjectThatAFieldCannotCarryIsRefused(subject: String) throws {
        #expect(try judge([("sub", .text(subject))]) == "jwt_claim")
    }

    @Test func aSubjectThatIsMissingOrNoStringIsRefused() throws {
        #expect(try judge([("sub", nil)]) == "jwt_claim")
        #expect(try judge([("sub", .integer(7))]) == "jwt_claim")
        #expect(try judge([("sub", .text("auth0|5f7c8 x@y.z"))]) == "verified")
    }

    @Test func scopesAreReadFromTheFirstOfTheirThreeNames() throws {
        func scopes(_ changes: [(String, JSONNode?)]) throws -> [String]? {
            issuer.principal(try issuer.token(claims: changes))?.scopes
        }
        #expect(try scopes([]) == [])
        #expect(try scopes([("scope", .text("a  b:c"))]) == ["a", "b:c"])
        #expect(try scopes([("scp", .array([.text("a"), .text("b")]))]) == ["a", "b"])
        #expect(try scopes([("scp", .text("a b"))]) == ["a", "b"])
        #expect(try scopes([("scopes", .array([.text("a")]))]) == ["a"])
        #expect(try scopes([("scope", .text("a")), ("scp", .array([.text("admin")]))]) == ["a"])
    }

    @Test func scopesThatAreNoScopesAreRefused() throws {
        for value: JSONNode in [
            .array([.text("a b")]), .array([.text("")]), .array([.integer(1)]), .text("a\"b"), .text("a\\b"),
            .text("a\tb"), .text("\u{E9}"), .integer(1), .null, .object([("a", .bool(true))]),
        ] {
            #expect(try judge([("scope", value)]) == "jwt_claim")
        }
    }

    @Test func onlyTheClaimsThatThePlanReadsAreKept() throws {
        let token = try issuer.token(claims: [
            ("tenant", .text("acme")), ("level", .integer(7)), ("admin", .bool(false)),
            ("groups", .array([.text("a"), .integer(2), .null])), ("nested", .object([("a", .text("b"))])),
            ("secret", .text("x")),
        ])
        let policy = TestIssuer.policy(claims: ["tenant", "level", "admin", "groups", "nested", "absent"])
        let principal = try #require(issuer.principal(token, policy: policy))
        #expect(principal.claim("tenant") == .text([UInt8]("acme".utf8)))
        #expect(principal.claim("level") == .text([UInt8]("7".utf8)))
        #expect(principal.claim("admin") == .text([UInt8]("false".utf8)))
        #expect(principal.claim("groups") == .list([[0x61], [0x32]]))
        #expect(principal.claim("nested") == nil)
        #expect(principal.claim("absent") == nil)
        #expect(principal.claim("secret") == nil)
    }

    @Test func aTokenWhoseKeyIsUnknownIsStillJudgedByItsClaims() throws {
        // No fetch is asked for on behalf of a token that a key could not save.
        let stranger = try TestIssuer(keyID: "k9")
        #expect(issuer.judge(try stranger.token()) == "keyUnknown")
        #expect(issuer.judge(try stranger.token(claims: [("exp", .integer(now - 60))])) == "jwt_expired")
        #expect(issuer.judge(try stranger.token(claims: [("iss", .text("https://x"))])) == "jwt_claim")
        #expect(issuer.judge(try stranger.token(payload: "[]")) == "jwt_malformed")
        let verifier = TokenVerifier(policy: TestIssuer.policy())
        let good = try issuer.token()
        guard case .keyUnknown = verifier.verify(good.span, keys: nil, now: TestIssuer.now) else {
            Issue.record("without any keys a good token waits for them")
            return
        }
    }

    @Test func theIssuerChoosesAmongSeveralIdentities() throws {
        let other = JWTPolicy(identity: "partners", issuer: "https://partners.example.com", audiences: [])
        let policies = [other, TestIssuer.policy()]
        let token = try issuer.token()
        func candidate(_ token: [UInt8], _ policies: [JWTPolicy]) -> Int? {
            TokenVerifier.candidate(for: token.span, among: policies)
        }
        #expect(candidate(token, policies) == 1)
        #expect(candidate(token, [other]) == 0)
        #expect(candidate(token, []) == nil)
        // One issuer, two audiences: the one that is meant; with neither, the first says why not.
        let billing = TestIssuer.policy(audiences: ["billing"])
        #expect(candidate(token, [billing, TestIssuer.policy()]) == 1)
        #expect(candidate(token, [other, billing, billing]) == 1)
        let foreign = try issuer.token(claims: [("iss", .text("https://nobody"))])
        #expect(candidate(foreign, policies) == nil)
        #expect(candidate([UInt8]("a.b.c".utf8), policies) == nil)
    }
}
