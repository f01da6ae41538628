import GateHTTP
import GateIdentity
import GateLimits
import GatePrimitives
import Testing

@testable import GateAdmission

@Suite struct AdmissionIdentityTests {
    let admissions: Admissions
    private let staff = Admissions.identity("staff")

    init() throws { admissions = try Admissions() }

    private func judge(_ plan: AdmissionPlan, _ target: String = "/", _ fields: [(String, String)] = []) throws
        -> String
    {
        var transcript = Transcript(admissions, plan, try request(target, fields))
        return transcript.start()
    }

    private func bearer(_ token: String) -> [(String, String)] { [("authorization", "Bearer \(token)")] }

    @Test func aPlanThatSaysNothingAdmitsNobody() throws {
        #expect(try judge(AdmissionPlan(), "/", bearer(admissions.token())) == "refuse 500 undecided")
        #expect(try judge(AdmissionPlan(access: .open)) == "permit")
    }

    @Test func aGoodTokenWithItsScopesIsAdmitted() throws {
        let plan = Admissions.plan([staff], scopes: ["read"])
        #expect(try judge(plan) == "refuse 401 credentials_missing")
        #expect(try judge(plan, "/", bearer(admissions.token())) == "permit")
        #expect(try judge(plan, "/", bearer(admissions.token(scope: "write"))) == "refuse 403 scope_missing")
        #expect(try judge(plan, "/", bearer(admissions.token(lifetime: -60))) == "refuse 401 jwt_expired")
        #expect(try judge(plan, "/", bearer(admissions.token(audience: "billing"))) == "refuse 401 jwt_claim")
        #expect(try judge(plan, "/", bearer("x")) == "refuse 401 jwt_malformed")
        #expect(try judge(plan, "/", [("authorization", "Basic YTpi")]) == "refuse 401 credentials_missing")
    }

    // attacks 50
    @Test func twoTokensAreRefusedWhereverTheyStand() throws {
        let identity = Admissions.identity("staff", from: [.header, .cookie("session"), .query("access_token")])
        let plan = Admissions.plan([identity])
        let token = try admissions.token()
        let cookie = ("cookie", "session=\(token)")
        #expect(try judge(plan, "/", [cookie]) == "permit")
        #expect(try judge(plan, "/?access_token=\(token)") == "permit")
        #expect(try judge(plan, "/", bearer(token) + [cookie]) == "refuse 401 jwt_ambiguous")
        #expect(try judge(plan, "/?access_token=\(token)", bearer(token)) == "refuse 401 jwt_ambiguous")
        #expect(try judge(plan, "/?access_token=\(token)", [cookie]) == "refuse 401 jwt_ambiguous")
        #expect(try judge(plan, "/?access_token=\(token)&access_token=\(token)") == "refuse 401 jwt_ambiguous")
    }

    @Test func anIdentityTakesItsTokensWhereItSaysAndNowhereElse() throws {
        let browser = Admissions.identity("browser", issuer: "https://b", from: [.cookie("session")])
        let plan = Admissions.plan([staff, browser])
        let forHeader = try admissions.token()
        let forCookie = try admissions.token(issuer: "https://b")
        #expect(try judge(plan, "/", bearer(forHeader)) == "permit")
        #expect(try judge(plan, "/", [("cookie", "session=\(forCookie)")]) == "permit")
        // Also when the cache knows the token from its own place.
        #expect(try judge(plan, "/", bearer(forCookie)) == "refuse 401 jwt_claim")
        #expect(try judge(plan, "/", [("cookie", "session=\(forHeader)")]) == "refuse 401 jwt_claim")
    }

    @Test func severalIdentitiesOfOneIssuerAreToldApartByAudience() throws {
        let billing = Admissions.identity("billing", audience: "billing")
        let plan = Admissions.plan([billing, staff])
        #expect(try judge(plan, "/", bearer(admissions.token(audience: "orders"))) == "permit")
        #expect(try judge(plan, "/", bearer(admissions.token(audience: "billing"))) == "permit")
        #expect(try judge(plan, "/", bearer(admissions.token(audience: "other"))) == "refuse 401 jwt_claim")
    }

    @Test func theSecondRequestOfATokenIsAnsweredFromTheCacheUntilItExpires() throws {
        let plan = Admissions.plan([staff])
        let fields = bearer(try admissions.token(lifetime: 60))
        var first = Transcript(admissions, plan, try request("/", fields))
        #expect(first.start() == "permit")
        #expect(!first.machine.cacheHit)
        var second = Transcript(admissions, plan, try request("/", fields))
        #expect(second.start() == "permit")
        #expect(second.machine.cacheHit)
        #expect(second.machine.principal === first.machine.principal)
        admissions.wall = WallInstant(milliseconds: admissions.wall.milliseconds + 90_000)
        #expect(try judge(plan, "/", fields) == "refuse 401 jwt_expired")
    }

    @Test func aReplacedKeySetMakesCachedTokensBeVerifiedAnew() throws {
        let plan = Admissions.plan([staff])
        let fields = bearer(try admissions.token())
        #expect(try judge(plan, "/", fields) == "permit")
        let text = try DevelopmentKey.keySet([DevelopmentKey.generate(.edDSA, keyID: "k1")]).text
        admissions.context.keySets = [try KeySet(text.span)]
        #expect(try judge(plan, "/", fields) == "refuse 401 jwt_signature")
    }

    // attacks 52
    @Test func anUnknownKeyIsAskedForOnce() throws {
        let plan = Admissions.plan([staff])
        let rotated = try DevelopmentKey.generate(.edDSA, keyID: "k2")
        let fields = bearer(try admissions.token(key: rotated))
        var refused = Transcript(admissions, plan, try request("/", fields))
        #expect(refused.start() == "wait for key set 0")
        #expect(refused.resume(.keySetAsked(.jwtKid)) == "refuse 401 jwt_kid")
        var outage = Transcript(admissions, plan, try request("/", fields))
        #expect(outage.start() == "wait for key set 0")
        #expect(outage.resume(.keySetAsked(.jwksUnavailable)) == "refuse 503 jwks_unavailable")
        var found = Transcript(admissions, plan, try request("/", fields))
        #expect(found.start() == "wait for key set 0")
        let text = try DevelopmentKey.keySet([admissions.key, rotated]).text
        admissions.context.keySets = [try KeySet(text.span)]
        #expect(found.resume(.keySetAsked(nil)) == "permit")
    }

    // attacks 52
    @Test func withoutAnyKeysAGoodTokenWaitsAndABadOneDoesNot() throws {
        let plan = Admissions.plan([staff])
        admissions.context.keySets = [nil]
        #expect(try judge(plan, "/", bearer(admissions.token(lifetime: -60))) == "refuse 401 jwt_expired")
        #expect(try judge(plan, "/", bearer("a.b.c")) == "refuse 401 jwt_malformed")
        var transcript = Transcript(admissions, plan, try request("/", bearer(admissions.token())))
        #expect(transcript.start() == "wait for key set 0")
        #expect(transcript.resume(.keySetAsked(nil)) == "refuse 503 jwks_unavailable")
    }

    @Test func aRefusedMachineGivesNoPermitAndAPermitIsGivenOnce() throws {
        let plan = Admissions.plan([staff])
        let good = try request("/", bearer(admissions.token()))
        var transcript = Transcript(admissions, plan, good)
        #expect(transcript.yieldsPermit(route: 3) == false)
        #expect(transcript.start() == "permit")
        #expect(transcript.yieldsPermit(route: 4) == false)
        #expect(transcript.yieldsPermit(route: 3) == true)
        #expect(transcript.yieldsPermit(route: 3) == false)
        var refused = Transcript(admissions, plan, try request())
        #expect(refused.start() == "refuse 401 credentials_missing")
        #expect(refused.yieldsPermit(route: 3) == false)
        #expect(refused.resume(.delayed) == "refuse 500 internal_error")
    }
}
