import GatePattern

@testable import GateWAF

/// A rule set of a few lines and a request put to it; yields a transcript.
struct RuleFixture {
    /// What the rules say about the request: a line for each phase that was run.
    let transcript: [String]
    /// The matches, as the inspection reports them.
    let matches: [RuleMatch]
    let score: Int
    let refusal: InspectionRefusal?
    let bodyControls: BodyControls

    /// Compiles `rules` and runs the request phases of `request`, in which each line feed stands for a line's end.
    init(_ rules: String, request: String = "GET / HTTP/1.1", options: RuleSetOptions = RuleSetOptions()) {
        var problems: [RuleProblem] = []
        guard let set = RuleFixture.compile(rules, options: options, problems: &problems) else {
            transcript = problems.map { "\($0.line): \($0.message)" }
            matches = []
            score = 0
            refusal = nil
            bodyControls = BodyControls()
            return
        }
        let inspection = Inspection(ruleSet: set, scratch: MatchScratch())
        let (lines, _) = RuleFixture.run(request, in: inspection)
        transcript = lines
        matches = inspection.matches
        score = inspection.score
        refusal = inspection.refusal
        bodyControls = inspection.bodyControls
    }

    /// Compiles rules that name no file.
    static func compile(
        _ rules: String, options: RuleSetOptions = RuleSetOptions(), problems: inout [RuleProblem]
    ) -> RuleSet? {
        RuleSet.compile(
            [RuleSource(path: "test.conf", bytes: Array(rules.utf8))], files: NoFiles(), options: options,
            problems: &problems)
    }

    /// The problems of rules, each as `line: message`.
    static func problems(_ rules: String) -> [String] {
        var problems: [RuleProblem] = []
        let set = compile(rules, problems: &problems)
        return set == nil ? problems.map { "\($0.line): \($0.message)" } : []
    }

    /// Runs the phases of a request and of logging: for each phase the ids that matched and the verdict.
    static func run(_ request: String, in inspection: Inspection) -> ([String], InspectionVerdict) {
        let raw = RawRequest(
            Array(request.replacing("\n", with: "\r\n").utf8) + (request.contains("\n\n") ? [] : [13, 10, 13, 10]))
        inspection.begin()
        _ = raw.addHead(
            to: &inspection.variables, remoteAddress: Array("192.0.2.7".utf8).span, uniqueID: Array("id".utf8).span)
        var lines: [String] = []
        var last = InspectionVerdict.pass
        for phase in [RulePhase.requestHeaders, .requestBody, .logging] {
            if phase == .requestBody {
                _ = inspection.variables.addRequestBody(raw.body.span, controls: inspection.bodyControls)
            }
            let before = inspection.matches.count
            let verdict = inspection.evaluate(phase)
            let ids = inspection.matches[before...].map { String($0.rule) }
            switch verdict {
            case .pass: if !ids.isEmpty { lines.append("\(phase.rawValue): \(ids.joined(separator: " "))") }
            case .block(let rule, let status):
                lines.append("\(phase.rawValue): \(ids.joined(separator: " ")) block \(rule) \(status)")
            case .failed(let failure): lines.append("\(phase.rawValue): failed \(failure.rule) \(failure.cause)")
            }
            if verdict != .pass {
                last = verdict
                if phase != .logging { break }
            }
        }
        return (lines, last)
    }
}

/// No rule may name a file.
struct NoFiles: RuleFiles {
    func contents(of path: String) throws(RuleFileProblem) -> [UInt8] { throw RuleFileProblem(message: "no such file") }
}

/// Files that a test holds in memory.
struct MemoryFiles: RuleFiles {
    let files: [String: String]

    func contents(of path: String) throws(RuleFileProblem) -> [UInt8] {
        guard let text = files[path] else { throw RuleFileProblem(message: "no such file") }
        return Array(text.utf8)
    }
}
