import Foundation
import GateWAF
import Testing

/// The Core Rule Set's own regression tests, all in one process: each passes or stands in the list of known ones.
struct RegressionTests {
    @Test(arguments: CoreRuleSet.areInstalled() ? CoreRuleSet.installed.map(\.name) : [])
    func everyTestPassesOrIsKnown(name: String) throws {
        let set = try #require(CoreRuleSet.installed.first { $0.name == name })
        let tests = RegressionTest.all(below: set.tests)
        let known = KnownFailures.reasons[name] ?? [:]
        let runner = EngineRunner(try set.compiled())
        var failing: Set<String> = []
        for test in tests {
            for (number, stage) in test.stages.enumerated() {
                guard let reason = Self.failure(of: stage, runner) else { continue }
                failing.insert(test.name)
                if known[test.name] == nil { Issue.record("\(test.name) stage \(number + 1): \(reason)") }
            }
        }
        print("\(name): \(tests.count) tests, \(failing.count) fail, \(known.count) known")
        let stale = known.keys.filter { !failing.contains($0) }
        #expect(stale.isEmpty, "known to fail, but these pass: \(stale.sorted())")
        #expect(tests.count > 2000, "the suite is not all there")
    }

    /// What is wrong with how a stage went, or nil.
    private static func failure(of stage: RegressionTest.Stage, _ runner: EngineRunner) -> String? {
        let (matches, failure) = runner.run(RegressionMessage(stage.request))
        if let failure { return "no answer: \(failure)" }
        let ids = Set(matches.map(\.rule))
        let missing = stage.expected.subtracting(ids)
        let extra = stage.unexpected.intersection(ids)
        if !missing.isEmpty { return "missing \(missing.sorted()), matched \(ids.sorted())" }
        if !extra.isEmpty { return "matched \(extra.sorted())" }
        guard let pattern = stage.pattern else { return nil }
        let texts = matches.flatMap { [$0.message, $0.logData, "\($0.variable):\($0.name)"] }
        let isThere = texts.contains { $0.range(of: pattern, options: .regularExpression) != nil }
        return isThere ? nil : "nothing says \(pattern)"
    }
}
