import GateHTTP
import GateIdentity
import GateLimits
import GatePattern
import GatePrimitives
import GateWAF
import NIOCore
import Testing

@testable import GateAdmission

/// Rules that name no file.
private struct NoFiles: RuleFiles {
    func contents(of path: String) throws(RuleFileProblem) -> [UInt8] { throw RuleFileProblem(message: "no such file") }
}

/// Where the firewall's phases stand in admission, what they wait for, and what becomes of what cannot be judged.
@Suite struct AdmissionInspectionTests {
    private static let rules = """
        SecRule REQUEST_HEADERS:X-Evil "@streq yes" "id:1,phase:1,deny,status:403"
        SecRule ARGS "@contains evil" "id:2,phase:2,deny,status:403"
        SecRule ARGS:slow "@rx ^(a+)+$" "id:3,phase:2,deny,status:403"
        """

    private func plan(
        _ mode: RuleSetMode = .block, limit: Int = 100, oversize: InspectionPlan.Oversize = .refuse,
        readsBody: Bool = true, access: AdmissionPlan.Access = .open
    ) throws -> AdmissionPlan {
        var options = RuleSetOptions()
        options.mode = mode
        var problems: [RuleProblem] = []
        let source = RuleSource(path: "own.conf", bytes: Array(Self.rules.utf8))
        let rules = RuleSet.compile([source], files: NoFiles(), options: options, problems: &problems)
        return AdmissionPlan(
            access: access,
            inspection: InspectionPlan(
                index: 0, ruleSet: try #require(rules, "\(problems)"),
                requests: .init(readsBody: readsBody, limit: limit, inflatedLimit: 1000, oversize: oversize)))
    }

    private func admissions(elsewhere: Bool = false) throws -> Admissions {
        let admissions = try Admissions(inspections: InspectionPool(scratch: MatchScratch()))
        admissions.context.inspectsElsewhere = elsewhere
        return admissions
    }

    private func post(_ length: Int, _ fields: [(String, String)] = []) throws -> VettedRequest {
        try request(
            "/", [("content-type", "application/x-www-form-urlencoded"), ("content-length", "\(length)")] + fields)
    }

    private func body(_ text: String) -> AdmissionAnswer { .body(ByteBuffer(string: text)) }

    @Test func aHeadIsJudgedBeforeAnybodyIsAskedWhoTheyAre() throws {
        let plan = try plan(
            access: .anyOf(
                AccessRule(anyOf: []), sources: CredentialSources([.header]), tokens: [], certificates: []))
        var transcript = Transcript(try admissions(), plan, try request("/?a=evil", [("x-evil", "yes")]))
        #expect(transcript.start() == "refuse 403 waf_blocked")
        transcript = Transcript(try admissions(), plan, try request("/?a=evil"))
        #expect(transcript.start() == "refuse 401 credentials_missing")
        transcript = Transcript(try admissions(), plan, try post(6))
        #expect(transcript.start() == "refuse 401 credentials_missing")
    }

    @Test func aRequestWithoutABodyDoesNotWait() throws {
        var transcript = Transcript(try admissions(), try plan(), try request("/?a=good"))
        #expect(transcript.start() == "permit")
        transcript = Transcript(try admissions(), try plan(), try request("/?a=evil"))
        #expect(transcript.start() == "refuse 403 waf_blocked")
    }

    @Test func aBodyIsAskedForAndJudged() throws {
        for (text, verdict) in [("a=good", "permit"), ("a=evil", "refuse 403 waf_blocked")] {
            var transcript = Transcript(try admissions(), try plan(), try post(6))
            #expect(transcript.start() == "wait for a body of 100")
            #expect(transcript.resume(body(text)) == verdict)
        }
    }

    @Test(arguments: [
        (99, "wait for a body of 100"), (100, "wait for a body of 100"), (101, "refuse 413 waf_body_limit"),
    ])
    func aBodyBeyondTheLimitIsRefusedBeforeItIsRead(length: Int, expected: String) throws {
        var transcript = Transcript(try admissions(), try plan(), try post(length))
        #expect(transcript.start() == expected)
    }

    @Test func theBeginningOfALongBodyIsJudgedWhereTheRestMayPass() throws {
        for mode in [RuleSetMode.block, .detect] {
            let plan = try plan(mode, oversize: .pass)
            var transcript = Transcript(try admissions(), plan, try post(1000))
            #expect(transcript.start() == "wait for a body of 100")
            #expect(transcript.resume(.bodyBeginning(ByteBuffer(string: "a=good&b=ha"))) == "permit")
            #expect(transcript.machine.inspection?.part == .beginning)
            transcript = Transcript(try admissions(), plan, try post(1000))
            _ = transcript.start()
            let verdict = transcript.resume(.bodyBeginning(ByteBuffer(string: "a=evil&b=ha")))
            #expect(verdict == (mode == .block ? "refuse 403 waf_blocked" : "permit"))
        }
        // The beginning answers nothing where the whole was asked for.
        var transcript = Transcript(try admissions(), try plan(), try post(50))
        _ = transcript.start()
        #expect(transcript.resume(.bodyBeginning(ByteBuffer(string: "a=good"))) == "refuse 500 internal_error")
    }

    @Test func aStreamedBodyIsNotWaitedFor() throws {
        var transcript = Transcript(try admissions(), try plan(readsBody: false), try post(1_000_000))
        #expect(transcript.start() == "permit")
        #expect(transcript.machine.inspection?.part == RequestInspection.Part.none)
    }

    @Test func detectionRefusesNothingAndTellsAll() throws {
        let plan = try plan(.detect)
        var transcript = Transcript(try admissions(), plan, try request("/?a=evil", [("x-evil", "yes")]))
        #expect(transcript.start() == "permit")
        #expect(transcript.machine.inspection?.result == .detected)
        #expect(transcript.machine.inspection?.inspection.matches.map(\.rule) == [1, 2])
        // What cannot be read is not refused either: it is marked.
        transcript = Transcript(try admissions(), plan, try post(6, [("content-encoding", "br")]))
        #expect(transcript.start() == "permit")
        #expect(transcript.machine.inspection?.part == .unread)
        transcript = Transcript(
            try admissions(), plan, try request("/?slow=" + String(repeating: "a", count: 40) + "!"))
        #expect(transcript.start() == "permit")
        #expect(transcript.machine.inspection?.result == .failed)
    }

    @Test func whatCannotBeJudgedIsRefused() throws {
        var transcript = Transcript(try admissions(), try plan(), try post(6, [("content-encoding", "br")]))
        #expect(transcript.start() == "refuse 415 unsupported_coding")
        // attacks 61
        transcript = Transcript(
            try admissions(), try plan(), try request("/?slow=" + String(repeating: "a", count: 40) + "!"))
        #expect(transcript.start() == "refuse 503 waf_timeout")
        transcript = Transcript(try admissions(), try plan(), try post(6, [("content-encoding", "gzip")]))
        _ = transcript.start()
        #expect(transcript.resume(body("a=good")) == "refuse 400 waf_unparsable")
        // A route that has rules and a loop that has nobody to run them.
        transcript = Transcript(try Admissions(), try plan(), try request("/"))
        #expect(transcript.start() == "refuse 500 undecided")
    }

    @Test func aLargeBodyIsJudgedElsewhere() throws {
        let long = RequestInspection.longestOnLoop
        for (extra, expected) in [(0, "permit"), (1, "wait for the rules")] {
            let text = "a=" + String(repeating: "x", count: long + extra - 2)
            var transcript = Transcript(
                try admissions(elsewhere: true), try plan(limit: 1 << 20), try post(text.utf8.count))
            _ = transcript.start()
            #expect(transcript.resume(body(text)) == expected)
        }
    }

    @Test func theVerdictFromElsewhereDecides() throws {
        for (answer, mode, expected) in [
            (AdmissionAnswer.inspected(nil), RuleSetMode.block, "permit"),
            (.inspected(Fault(.admit, .wafBlocked)), .block, "refuse 403 waf_blocked"),
            (.inspectionMissed, .block, "refuse 503 waf_timeout"), (.inspectionMissed, .detect, "permit"),
            (.delayed, .block, "refuse 500 internal_error"),
        ] {
            let text = "a=" + String(repeating: "x", count: 20_000)
            var transcript = Transcript(
                try admissions(elsewhere: true), try plan(mode, limit: 1 << 20), try post(text.utf8.count))
            _ = transcript.start()
            #expect(transcript.resume(body(text)) == "wait for the rules")
            #expect(transcript.resume(answer) == expected)
        }
    }

    @Test func aJobRunsOnceAndNotAfterItWasCancelled() throws {
        let plan = try plan(limit: 1 << 20)
        let pool = InspectionPool(scratch: MatchScratch())
        for isCancelled in [false, true] {
            let inspection = pool.take(try #require(plan.inspection))
            #expect(inspection.judgeHead(try post(6), try Admissions().facts) == nil)
            inspection.take(ByteBuffer(string: "a=evil"), isBeginning: false)
            let job = InspectionJob(inspection)
            if isCancelled { job.cancel() }
            job.run(in: MatchScratch())
            #expect(job.isDone == !isCancelled)
            #expect(job.fault == (isCancelled ? nil : Fault(.admit, .wafBlocked)))
            pool.giveBack(inspection)
        }
        // What was given back is taken again, and has forgotten everything.
        let again = pool.take(try #require(plan.inspection))
        #expect(again.inspection.matches.isEmpty && again.result == .passed)
    }
}
