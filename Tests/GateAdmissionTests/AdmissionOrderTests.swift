import GateHTTP
import GateIdentity
import GateLimits
import GatePrimitives
import NIOCore
import Testing

@testable import GateAdmission

/// The order of checks, what waits, and what is charged.
@Suite struct AdmissionOrderTests {
    private let staff = Admissions.identity("staff")

    private func zone(burst: Int64, delayAfter: Int64? = nil) throws -> LimitZone {
        // One request a minute: nothing leaks while the clock stands.
        LimitZone(
            name: "zone", parameters: try LimitParameters(rate: 17, burst: burst, delayAfter: delayAfter),
            ceiling: 1 << 20)
    }

    private func bearer(_ token: String) -> [(String, String)] { [("authorization", "Bearer \(token)")] }

    /// A check that asks for something once and then says what it was told to say.
    private struct Asking: AdmissionCheck {
        let name: StaticString = "asking"
        let wait: AdmissionWait
        let refuses: Bool

        func judge(
            _ request: borrowing VettedRequest, _ facts: AdmissionFacts, principal: Principal?, answer: AdmissionAnswer?
        ) -> CheckVerdict {
            switch answer {
            case .answered(nil): .refuse(Fault(.admit, .jwksUnavailable))
            case .answered, .body: refuses ? .refuse(Fault(.admit, .claimMismatch)) : .pass
            default: .wait(wait)
            }
        }
    }

    @Test func aFloodOfRefusedTokensIsCharged() throws {
        // Limits by address come before identity, and a 401 is not given back.
        let admissions = try Admissions(zones: [zone(burst: 1)])
        let plan = Admissions.plan([staff], addressLimits: [LimitReference(zone: 0, key: [.clientAddress])])
        let bad = try request("/", bearer("a.b.c"))
        for expected in ["refuse 401 jwt_malformed", "refuse 401 jwt_malformed", "refuse 429 rate_limited"] {
            var transcript = Transcript(admissions, plan, bad)
            #expect(transcript.start() == expected)
        }
    }

    @Test func anOutageOfTheIssuerIsNotCharged() throws {
        let admissions = try Admissions(zones: [zone(burst: 0)])
        let plan = Admissions.plan([staff], addressLimits: [LimitReference(zone: 0, key: [.clientAddress])])
        admissions.context.keySets = [nil]
        for _ in 0..<5 {
            var transcript = Transcript(admissions, plan, try request("/", bearer(admissions.token())))
            #expect(transcript.start() == "wait for key set 0")
            #expect(transcript.resume(.keySetAsked(.jwksUnavailable)) == "refuse 503 jwks_unavailable")
        }
    }

    @Test func limitsByPrincipalCountEachCallerOnItsOwn() throws {
        let admissions = try Admissions(zones: [zone(burst: 0)])
        let plan = Admissions.plan([staff], principalLimits: [LimitReference(zone: 0, key: [.principal])])
        for (subject, expected) in [
            ("alice", "permit"), ("bob", "permit"), ("alice", "refuse 429 rate_limited"),
            ("bob", "refuse 429 rate_limited"),
        ] {
            var transcript = Transcript(admissions, plan, try request("/", bearer(admissions.token(subject: subject))))
            #expect(transcript.start() == expected)
        }
    }

    @Test func aDelayIsWaitedOnceJustBeforeThePermit() throws {
        let admissions = try Admissions(zones: [zone(burst: 5, delayAfter: 0), zone(burst: 5, delayAfter: 0)])
        let limits = [LimitReference(zone: 0, key: [.clientAddress]), LimitReference(zone: 1, key: [.route])]
        let plan = AdmissionPlan(access: .open, addressLimits: limits)
        var first = Transcript(admissions, plan, try request())
        #expect(first.start() == "permit")
        var second = Transcript(admissions, plan, try request())
        let wait = second.start()
        #expect(wait.hasPrefix("wait ") && wait.hasSuffix(" ms"))
        #expect(second.resume(.delayed) == "permit")
    }

    @Test func aHeadCheckWaitsForItsAnswerAfterIdentity() throws {
        let admissions = try Admissions()
        let check = Asking(wait: .question(7), refuses: false)
        let plan = Admissions.plan([staff], headChecks: [check])
        var stranger = Transcript(admissions, plan, try request())
        #expect(stranger.start() == "refuse 401 credentials_missing")
        var caller = Transcript(admissions, plan, try request("/", bearer(admissions.token())))
        #expect(caller.start() == "wait for answer 7")
        #expect(caller.resume(.answered(ByteBuffer())) == "permit")
        var unanswered = Transcript(admissions, plan, try request("/", bearer(admissions.token())))
        #expect(unanswered.start() == "wait for answer 7")
        #expect(unanswered.resume(.answered(nil)) == "refuse 503 jwks_unavailable")
    }

    @Test func aBodyIsReadForCallersAloneAndOnceForAllChecks() throws {
        let admissions = try Admissions()
        let checks = [Asking(wait: .body(limit: 100), refuses: false), Asking(wait: .body(limit: 100), refuses: false)]
        let plan = Admissions.plan([staff], bodyChecks: checks)
        var stranger = Transcript(admissions, plan, try request())
        #expect(stranger.start() == "refuse 401 credentials_missing")
        var caller = Transcript(admissions, plan, try request("/", bearer(admissions.token())))
        #expect(caller.start() == "wait for a body of 100")
        #expect(caller.resume(.body(ByteBuffer(string: "x"))) == "permit")
        let refusing = Admissions.plan(
            [staff], bodyChecks: [checks[0], Asking(wait: .body(limit: 100), refuses: true)])
        var refused = Transcript(admissions, refusing, try request("/", bearer(admissions.token())))
        #expect(refused.start() == "wait for a body of 100")
        #expect(refused.resume(.body(ByteBuffer(string: "x"))) == "refuse 403 claim_mismatch")
    }

    @Test func aKeyAnswerDoesNotPassAHeadCheck() throws {
        // What one wait brought is not taken for the answer of the next check.
        let admissions = try Admissions()
        let rotated = try DevelopmentKey.generate(.edDSA, keyID: "k2")
        let plan = Admissions.plan([staff], headChecks: [Asking(wait: .question(1), refuses: false)])
        var transcript = Transcript(admissions, plan, try request("/", bearer(admissions.token(key: rotated))))
        #expect(transcript.start() == "wait for key set 0")
        let text = try DevelopmentKey.keySet([rotated]).text
        admissions.context.keySets = [try KeySet(text.span)]
        #expect(transcript.resume(.keySetAsked(nil)) == "wait for answer 1")
        #expect(transcript.resume(.answered(ByteBuffer())) == "permit")
    }

    @Test func aLimitOfAnotherPlanIsARefusal() throws {
        let admissions = try Admissions()
        let plan = AdmissionPlan(access: .open, addressLimits: [LimitReference(zone: 9, key: [.route])])
        var transcript = Transcript(admissions, plan, try request())
        #expect(transcript.start() == "refuse 500 internal_error")
    }
}
