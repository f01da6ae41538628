import GatePattern
import GatePrimitives
import GateWAF

/// One raw request under a rule set, as leniently read as attackers write: for commands, never for live traffic.
struct RawInspection {
    /// How it ended.
    enum Verdict: Equatable {
        /// Nothing refuses.
        case passed
        /// A rule refuses, or would in a set that only detects.
        case blocked(rule: Int, status: Int)
        /// The body cannot be inspected.
        case unreadable(String)
        /// There is no answer.
        case failed(rule: Int, String)

        var word: String {
            switch self {
            case .passed: "pass"
            case .blocked: "block"
            case .unreadable: "unreadable"
            case .failed: "failed"
            }
        }
    }

    /// How it ended.
    let verdict: Verdict
    /// The inbound anomaly score.
    let score: Int
    /// The rules that matched, in their order.
    let matches: [RuleMatch]

    /// Runs the phases of a request: 1 and 2, and 5, whose rules only tell. `inspection` is reused.
    init(_ bytes: [UInt8], in inspection: Inspection, client: [UInt8]) {
        let request = RawRequest(bytes)
        inspection.begin()
        let id: [UInt8] = []
        var verdict = Verdict.passed
        let isComplete = request.addHead(to: &inspection.variables, remoteAddress: client.span, uniqueID: id.span)
        if !isComplete { verdict = .unreadable("too many arguments") }
        var isOver = Self.note(inspection.evaluate(.requestHeaders), &verdict)
        if !isOver {
            Self.addBody(request.body, to: inspection, &verdict)
            isOver = Self.note(inspection.evaluate(.requestBody), &verdict)
        }
        _ = inspection.evaluate(.logging)
        if case .passed = verdict, let refusal = inspection.refusal {
            verdict = .blocked(rule: refusal.rule, status: refusal.status)
        }
        self.verdict = verdict
        score = inspection.score
        matches = inspection.matches
    }

    private static func addBody(_ body: [UInt8], to inspection: Inspection, _ verdict: inout Verdict) {
        var inflated = body
        if let coding = inspection.variables.requestContentCoding {
            do throws(InflateProblem) {
                inflated = try Inflater.inflate(body.span, coding, limit: 64 << 20)
            } catch {
                // The rules see what was sent.
                verdict = .unreadable("the body does not inflate")
            }
        } else if !body.isEmpty {
            verdict = .unreadable("content-encoding")
        }
        let problem = inspection.variables.addRequestBody(inflated.span, controls: inspection.bodyControls)
        if let problem, case .passed = verdict { verdict = .unreadable(problem.rawValue) }
    }

    /// Notes what a phase says; whether the request is over.
    private static func note(_ found: InspectionVerdict, _ verdict: inout Verdict) -> Bool {
        switch found {
        case .pass: return false
        case .block(let rule, let status):
            verdict = .blocked(rule: rule, status: status)
            return true
        case .failed(let failure):
            verdict = .failed(rule: failure.rule, failure.cause.rawValue)
            return true
        }
    }
}
