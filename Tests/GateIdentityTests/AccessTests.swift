import GateIdentity
import GatePrimitives
import Testing

@Suite struct AccessTests {
    private func principal(
        _ identity: String = "staff", scopes: [String] = [], claims: [(String, ClaimValue)] = []
    ) throws -> Principal {
        try #require(
            Principal.unchecked(
                identity: identity, subject: "alice", issuer: "https://i", scopes: scopes, claims: claims))
    }

    private func evaluate(_ rule: AccessRule, _ principal: Principal) -> Reason? {
        do throws(Fault) {
            try rule.evaluate(principal)
            return nil
        } catch {
            return error.reason
        }
    }

    @Test func oneOfTheRequirementsIsEnough() throws {
        let rule = AccessRule(anyOf: [
            IdentityRequirement(identity: "staff", scopes: ["read", "write"]),
            IdentityRequirement(identity: "staff", scopes: ["admin"]), IdentityRequirement(identity: "machines"),
        ])
        #expect(evaluate(rule, try principal(scopes: ["write", "read"])) == nil)
        #expect(evaluate(rule, try principal(scopes: ["admin"])) == nil)
        #expect(evaluate(rule, try principal("machines")) == nil)
        #expect(evaluate(rule, try principal(scopes: ["read"])) == .scopeMissing)
        #expect(evaluate(rule, try principal(scopes: ["Admin"])) == .scopeMissing)
        #expect(evaluate(rule, try principal()) == .scopeMissing)
        #expect(evaluate(rule, try principal("partners", scopes: ["admin"])) == .claimMismatch)
    }

    @Test func withoutARequirementNobodyPasses() throws {
        #expect(evaluate(AccessRule(anyOf: []), try principal(scopes: ["admin"])) == .claimMismatch)
    }

    @Test func claimsHaveToBeThereWithTheWantedValue() throws {
        let rule = AccessRule(anyOf: [
            IdentityRequirement(
                identity: "staff", scopes: ["read"],
                claims: [(name: "tenant", value: "acme"), (name: "level", value: "7")])
        ])
        func text(_ value: String) -> ClaimValue { .text([UInt8](value.utf8)) }
        let good = [("tenant", text("acme")), ("level", text("7"))]
        #expect(evaluate(rule, try principal(scopes: ["read"], claims: good)) == nil)
        #expect(evaluate(rule, try principal(scopes: [], claims: good)) == .scopeMissing)
        #expect(evaluate(rule, try principal(scopes: ["read"], claims: [good[0]])) == .claimMismatch)
        #expect(
            evaluate(rule, try principal(scopes: ["read"], claims: [good[0], ("level", text("70"))])) == .claimMismatch)
        let list: [(String, ClaimValue)] = [("tenant", .list([[0x61], [UInt8]("acme".utf8)])), good[1]]
        #expect(evaluate(rule, try principal(scopes: ["read"], claims: list)) == nil)
        #expect(
            evaluate(rule, try principal(scopes: ["read"], claims: [("tenant", .list([])), good[1]])) == .claimMismatch)
    }

    @Test func whatTheBackendGetsIsRenderedOnce() throws {
        let full = try principal(scopes: ["a", "b"])
        #expect(
            String(decoding: full.upstreamFields, as: UTF8.self)
                == "x-auth-subject: alice\r\nx-auth-issuer: https://i\r\nx-auth-scopes: a b\r\nx-auth-identity: staff\r\n"
        )
        let bare = try #require(Principal.unchecked(identity: "machines", subject: "CN=meter-1"))
        #expect(
            String(decoding: bare.upstreamFields, as: UTF8.self)
                == "x-auth-subject: CN=meter-1\r\nx-auth-identity: machines\r\n")
    }

    @Test func aPrincipalThatAFieldCannotCarryIsNotMade() {
        #expect(Principal.unchecked(identity: "a\r\nb", subject: "s") == nil)
        #expect(Principal.unchecked(identity: "a", subject: "s\n") == nil)
        #expect(Principal.unchecked(identity: "a", subject: "s", issuer: "i\u{0}") == nil)
        #expect(Principal.unchecked(identity: "a", subject: "s", scopes: ["x y"]) == nil)
    }

    // attacks 44
    @Test func aRefusalNamesTheSchemeAndWhatWasWrong() {
        let rule = AccessRule(anyOf: [
            IdentityRequirement(identity: "machines"),
            IdentityRequirement(identity: "staff", scopes: ["orders:read", "x\"y", "orders:write"]),
        ])
        func text(_ reason: Reason) -> String? {
            rule.challenge.value(for: reason).map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(text(.credentialsMissing) == #"Bearer realm="api""#)
        for reason in [Reason.jwtAlg, .jwtKid, .jwtSignature, .jwtClaim, .jwtExpired, .jwtAmbiguous, .jwtType] {
            #expect(text(reason) == #"Bearer error="invalid_token""#)
        }
        #expect(text(.scopeMissing) == #"Bearer error="insufficient_scope", scope="orders:read orders:write""#)
        #expect(text(.claimMismatch) == nil)
        #expect(text(.jwksUnavailable) == nil)
    }
}
