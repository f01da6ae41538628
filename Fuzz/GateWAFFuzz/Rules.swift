import GatePattern
import GateWAF

/// A file of rules, a zero byte, a raw request. Whatever is wrong with the rules is a problem at a line of the file; what
/// compiles judges the request, twice alike.
func runRules(_ bytes: [UInt8]) {
    let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
    let rules = Array(parts.first ?? [])
    let lineCount = rules.reduce(1) { $0 + ($1 == 0x0A ? 1 : 0) }
    var problems: [RuleProblem] = []
    let set = RuleSet.compile(
        [RuleSource(path: "f", bytes: rules)], files: NoFiles(), options: RuleSetOptions(), problems: &problems)
    require((set == nil) == !problems.isEmpty, "a set with problems, or none without")
    for problem in problems {
        require(problem.path == "f", "a problem of another file")
        require(problem.line >= 1 && problem.line <= lineCount, "a problem outside the file")
        require(!problem.message.isEmpty && !problem.remedy.isEmpty, "a problem without words")
    }
    guard let set else { return }
    // Expressions of a fuzzer run long: few steps, and no answer counts as one.
    let scratch = MatchScratch(limits: MatchLimits(matches: 1000))
    let inspection = Inspection(ruleSet: set, scratch: scratch)
    let raw = RawRequest(Array(parts.count > 1 ? parts[1] : []))
    let first = judge(raw, inspection)
    let second = judge(raw, inspection)
    require(first.verdicts == second.verdicts && first.matches == second.matches, "a trace of the transaction before")
}

private func judge(_ raw: RawRequest, _ inspection: Inspection) -> (verdicts: [InspectionVerdict], matches: [RuleMatch])
{
    inspection.begin()
    let address = Array("192.0.2.7".utf8)
    _ = raw.addHead(to: &inspection.variables, remoteAddress: address.span, uniqueID: address.span)
    var verdicts = [inspection.evaluate(.requestHeaders)]
    _ = inspection.variables.addRequestBody(raw.body.span, controls: inspection.bodyControls)
    for phase in [RulePhase.requestBody, .responseHeaders, .responseBody, .logging] {
        verdicts.append(inspection.evaluate(phase))
    }
    return (verdicts, inspection.matches)
}

private struct NoFiles: RuleFiles {
    func contents(of path: String) throws(RuleFileProblem) -> [UInt8] { throw RuleFileProblem(message: "no such file") }
}
