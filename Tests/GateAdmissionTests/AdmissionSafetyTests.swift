import GateHTTP
import GateIdentity
import GateLimits
import GatePrimitives
import NIOCore
import Synchronization
import Testing

@testable import GateAdmission

/// Default deny: what a caller of the machine could get wrong, and what random callers do.
@Suite struct AdmissionSafetyTests {
    /// A check whose verdicts a test lists: one for each time it is asked, the last for good.
    private final class Scripted: AdmissionCheck {
        let name: StaticString = "scripted"
        private let state: Mutex<(verdicts: [CheckVerdict], hasPassed: Bool)>

        init(_ verdicts: [CheckVerdict]) { state = Mutex((verdicts, false)) }

        /// Whether it passed since it was last told to forget.
        var hasPassed: Bool { state.withLock { $0.hasPassed } }

        func forget() { state.withLock { $0.hasPassed = false } }

        func judge(
            _ request: borrowing VettedRequest, _ facts: AdmissionFacts, principal: Principal?,
            answer: AdmissionAnswer?
        ) -> CheckVerdict {
            state.withLock { state in
                let verdict = state.verdicts.count > 1 ? state.verdicts.removeFirst() : state.verdicts[0]
                if case .pass = verdict { state.hasPassed = true }
                return verdict
            }
        }
    }

    private func zone(_ burst: Int64, delayAfter: Int64? = nil) throws -> LimitZone {
        LimitZone(
            name: "zone", parameters: try LimitParameters(rate: 1000, burst: burst, delayAfter: delayAfter),
            ceiling: 1 << 16)
    }

    private func start(_ admissions: Admissions, _ plan: AdmissionPlan, token: String? = nil) throws -> String {
        let fields = token.map { [("authorization", "Bearer \($0)")] } ?? []
        var transcript = Transcript(admissions, plan, try request("/", fields))
        return transcript.start()
    }

    // MARK: Answers

    @Test func onlyTheAnswerThatIsWaitedForResumes() throws {
        let admissions = try Admissions(zones: [zone(5, delayAfter: 0)])
        let answers: [AdmissionAnswer] = [
            .keySetAsked(nil), .body(ByteBuffer(string: "x")), .delayed, .answered(ByteBuffer(string: "x")),
        ]
        let waits: [AdmissionWait] = [
            .keySet(0), .body(limit: 9), .delay(.milliseconds(5)), .question(1),
        ]
        for (index, wait) in waits.enumerated() {
            for (other, answer) in answers.enumerated() {
                let plan = AdmissionPlan(access: .open, headChecks: [Scripted([.wait(wait), .pass])])
                var transcript = Transcript(admissions, plan, try request())
                _ = transcript.start()
                let line = transcript.resume(answer)
                #expect(line == (index == other ? "permit" : "refuse 500 internal_error"))
                let isPermitted = transcript.yieldsPermit(route: 3)
                #expect(isPermitted == (index == other))
            }
        }
    }

    @Test func aDelayCannotBeSkippedByAnotherAnswer() throws {
        let admissions = try Admissions(zones: [zone(5, delayAfter: 0)])
        let plan = AdmissionPlan(
            access: .open, addressLimits: [LimitReference(zone: 0, key: [.clientAddress])])
        #expect(try start(admissions, plan) == "permit")
        var transcript = Transcript(admissions, plan, try request())
        #expect(transcript.start() == "wait 1000 ms")
        #expect(transcript.yieldsPermit(route: 3) == false)
        #expect(transcript.resume(.keySetAsked(nil)) == "refuse 500 internal_error")
        #expect(transcript.yieldsPermit(route: 3) == false)
    }

    @Test func nobodyResumesWhatDoesNotWait() throws {
        let admissions = try Admissions()
        let plan = AdmissionPlan(access: .open)
        var idle = Transcript(admissions, plan, try request())
        #expect(idle.resume(.delayed) == "refuse 500 internal_error")
        var permitted = Transcript(admissions, plan, try request())
        #expect(permitted.start() == "permit")
        #expect(permitted.resume(.delayed) == "refuse 500 internal_error")
        #expect(permitted.yieldsPermit(route: 3) == false)
    }

    @Test func anAnswerForAnotherRouteIsRefused() throws {
        let admissions = try Admissions()
        let plan = AdmissionPlan(access: .open, headChecks: [Scripted([.wait(.question(1)), .pass])])
        let request = try request()
        var machine = AdmissionMachine()
        _ = machine.start(request, admissions.facts, plan: plan, context: admissions.context)
        var facts = admissions.facts
        facts.route = 4
        let action = machine.resume(
            request, facts, plan: plan, context: admissions.context, answer: .answered(nil))
        guard case .refuse(let fault) = action else {
            Issue.record("\(action)")
            return
        }
        #expect(fault.reason == .internalError)
        let isPermitted = Self.takes(&machine, request)
        #expect(!isPermitted)
    }

    @Test func aCheckThatWaitsForeverIsRefused() throws {
        let admissions = try Admissions()
        let plan = AdmissionPlan(access: .open, headChecks: [Scripted([.wait(.question(1))])])
        var transcript = Transcript(admissions, plan, try request())
        var line = transcript.start()
        var waits = 0
        while line == "wait for answer 1", waits < 100 {
            waits += 1
            line = transcript.resume(.answered(ByteBuffer()))
        }
        #expect(line == "refuse 500 undecided")
        #expect(waits == AdmissionMachine.maximumWaits)
    }

    @Test func whatOneBodyCheckWasToldIsNotTheNextOnes() throws {
        let admissions = try Admissions()
        let second = Scripted([.wait(.question(2)), .pass])
        let plan = AdmissionPlan(access: .open, bodyChecks: [Scripted([.wait(.question(1)), .pass]), second])
        var transcript = Transcript(admissions, plan, try request())
        #expect(transcript.start() == "wait for answer 1")
        #expect(transcript.resume(.answered(ByteBuffer())) == "wait for answer 2")
        #expect(transcript.resume(.answered(ByteBuffer())) == "permit")
    }

    // MARK: Limits

    @Test func ofSeveralLimitsOneThatRefusesChargesNone() throws {
        let admissions = try Admissions(zones: [zone(0), zone(5)])
        let both = AdmissionPlan(
            access: .open,
            addressLimits: [LimitReference(zone: 1, key: [.route]), LimitReference(zone: 0, key: [.route])])
        let wide = AdmissionPlan(access: .open, addressLimits: [LimitReference(zone: 1, key: [.route])])
        #expect(try start(admissions, both) == "permit")
        for _ in 0..<10 { #expect(try start(admissions, both) == "refuse 429 rate_limited") }
        // The wide one holds what the one request put there: five more of its burst are free.
        for _ in 0..<5 { #expect(try start(admissions, wide) == "permit") }
        #expect(try start(admissions, wide) == "refuse 429 rate_limited")
    }

    @Test func aRefusalByALaterLimitGivesTheEarlierBack() throws {
        let admissions = try Admissions(zones: [zone(2), zone(0)])
        let staff = Admissions.identity("staff")
        let address = [LimitReference(zone: 0, key: [.clientAddress])]
        let plan = Admissions.plan(
            [staff], addressLimits: address, principalLimits: [LimitReference(zone: 1, key: [.principal])])
        let token = try admissions.token()
        #expect(try start(admissions, plan, token: token) == "permit")
        for _ in 0..<10 { #expect(try start(admissions, plan, token: token) == "refuse 429 rate_limited") }
        let probe = AdmissionPlan(access: .open, addressLimits: address)
        #expect(try start(admissions, probe) == "permit")
        #expect(try start(admissions, probe) == "permit")
        #expect(try start(admissions, probe) == "refuse 429 rate_limited")
    }

    @Test func a403IsChargedAsA401() throws {
        let admissions = try Admissions(zones: [zone(1)])
        let plan = Admissions.plan(
            [Admissions.identity("staff")], scopes: ["admin"],
            addressLimits: [LimitReference(zone: 0, key: [.clientAddress])])
        let token = try admissions.token()
        #expect(try start(admissions, plan, token: token) == "refuse 403 scope_missing")
        #expect(try start(admissions, plan, token: token) == "refuse 403 scope_missing")
        #expect(try start(admissions, plan, token: token) == "refuse 429 rate_limited")
    }

    @Test func theLargestDelayIsWaitedAndNamed() throws {
        // 1/s and 10/s, both delay all: the second request waits 1000 and 100 ms.
        let slow = try zone(5, delayAfter: 0)
        let fast = LimitZone(
            name: "fast", parameters: try LimitParameters(rate: 10_000, burst: 5, delayAfter: 0), ceiling: 1 << 16)
        let admissions = try Admissions(zones: [slow, fast])
        let staff = Admissions.identity("staff")
        let plan = Admissions.plan(
            [staff], addressLimits: [LimitReference(zone: 0, key: [.clientAddress])],
            principalLimits: [LimitReference(zone: 1, key: [.principal])])
        let fields = [("authorization", "Bearer \(try admissions.token())")]
        var first = Transcript(admissions, plan, try request("/", fields))
        #expect(first.start() == "permit")
        var second = Transcript(admissions, plan, try request("/", fields))
        #expect(second.start() == "wait 1000 ms")
        #expect(second.machine.limits.zone == 0)
        #expect(second.machine.limits.delay == .milliseconds(1000))
        #expect(second.resume(.delayed) == "permit")
    }

    @Test func aTightenedAudienceMakesACachedTokenBeVerifiedAnew() throws {
        let admissions = try Admissions()
        let token = try admissions.token()
        #expect(try start(admissions, Admissions.plan([Admissions.identity("staff")]), token: token) == "permit")
        let tightened = Admissions.plan([Admissions.identity("staff", audience: "billing")])
        #expect(try start(admissions, tightened, token: token) == "refuse 401 jwt_claim")
    }

    // MARK: Any sequence

    @Test func noSequenceOfEventsYieldsAPermitWithoutEveryCheckPassed() throws {
        var random = LoopRandom(seed: 0x5eed)
        let admissions = try Admissions(zones: [zone(1_000_000, delayAfter: 10)])
        let request = try request()
        var permits = 0
        for _ in 0..<4000 {
            let checks = (0..<random.below(4)).map { _ in
                Scripted((0...random.below(3)).map { _ in Self.verdict(&random) })
            }
            let split = random.below(checks.count + 1)
            let plan = AdmissionPlan(
                access: random.below(20) == 0 ? .denyAll : .open,
                addressLimits: random.below(2) == 0 ? [] : [LimitReference(zone: 0, key: [.route])],
                headChecks: Array(checks[..<split]), bodyChecks: Array(checks[split...]))
            var machine = AdmissionMachine()
            var started = false
            for _ in 0..<(1 + random.below(8)) {
                if random.below(3) == 0, Self.takes(&machine, request) {
                    permits += 1
                    #expect(started && checks.allSatisfy { $0.hasPassed })
                }
                var facts = admissions.facts
                if random.below(10) == 0 { facts.route = 9 }
                if !started || random.below(12) == 0 {
                    for check in checks { check.forget() }
                    _ = machine.start(request, facts, plan: plan, context: admissions.context)
                    started = true
                } else {
                    _ = machine.resume(
                        request, facts, plan: plan, context: admissions.context, answer: Self.answer(&random))
                }
            }
            guard Self.takes(&machine, request) else { continue }
            permits += 1
            if case .denyAll = plan.access { Issue.record("a permit of a plan that admits nobody") }
            #expect(checks.allSatisfy { $0.hasPassed })
            let again = Self.takes(&machine, request)
            #expect(!again)
        }
        // The walk is no proof if it never gets there.
        #expect(permits > 200)
    }

    private static func takes(_ machine: inout AdmissionMachine, _ request: VettedRequest) -> Bool {
        guard machine.takePermit(for: request, route: 3) != nil else { return false }
        return true
    }

    private static func verdict(_ random: inout LoopRandom) -> CheckVerdict {
        switch random.below(8) {
        case 0: .refuse(Fault(.admit, .claimMismatch))
        case 1: .wait(.question(1))
        case 2: .wait(.body(limit: 5))
        case 3: .wait(.keySet(0))
        default: .pass
        }
    }

    private static func answer(_ random: inout LoopRandom) -> AdmissionAnswer {
        switch random.below(4) {
        case 0: .keySetAsked(nil)
        case 1: .body(ByteBuffer())
        case 2: .delayed
        default: .answered(ByteBuffer())
        }
    }
}
