import GatePattern
import Testing

@testable import GateWAF

/// What one transaction may hold.
@Suite struct RuleMemoryTests {
    /// A rule for each of many chains of transformations, none of which matches.
    private static let chains: String = {
        var id = 0
        let steps = ["lowercase", "urlDecodeUni", "htmlEntityDecode", "removeWhitespace", "uppercase", "jsDecode"]
        var rules = ""
        for first in steps {
            for second in steps {
                id += 1
                rules += "SecRule ARGS \"@rx ^never-\(id)$\" \"id:\(id),t:\(first),t:\(second),t:hexEncode\"\n"
            }
        }
        return rules
    }()

    @Test func transformedValuesDoNotGrowWithTheNumberOfRules() throws {
        var problems: [RuleProblem] = []
        let set = try #require(RuleFixture.compile(RuleMemoryTests.chains, problems: &problems))
        var transaction = Transaction(set.plan, mode: .block)
        let value = Array(repeating: Array("Ab%26 &amp;\\x41 ".utf8), count: 20_000).joined()
        transaction.table.add(.args, name: Array("a".utf8).span, value: Array(value).span)
        #expect(transaction.evaluate(.requestBody, MatchScratch()) == .pass)
        // What is kept, and one value on its way through a chain.
        #expect(transaction.arena.count <= 64 * 1024 + value.count)
    }

    @Test func valuesBeyondTheCacheAreJudgedAlike() throws {
        let rules = RuleMemoryTests.chains + "SecRule ARGS:b \"@rx ^61$\" \"id:100,t:lowercase,t:hexEncode\""
        let padding = String(repeating: "Ab%25 ", count: 40_000)
        for size in [0, padding.count] {
            let request =
                "POST / HTTP/1.1\nHost: a\nContent-Type: application/x-www-form-urlencoded\n\na=\(padding.prefix(size))&b=A"
            #expect(RuleFixture(rules, request: request).transcript == ["2: 100"])
        }
    }

    @Test func whatMatchesIsBoundedAndFailsBeyond() throws {
        let rules = (1...60).map {
            "SecRule ARGS \"@rx .\" \"id:\($0),t:hexEncode,setvar:'tx.v\($0)=<%{MATCHED_VAR}>'\""
        }
        var problems: [RuleProblem] = []
        let set = try #require(RuleFixture.compile(rules.joined(separator: "\n"), problems: &problems))
        var transaction = Transaction(set.plan, mode: .block)
        let value = [UInt8](repeating: 0x41, count: 100_000)
        transaction.table.add(.args, name: Array("a".utf8).span, value: value.span)
        let verdict = transaction.evaluate(.requestBody, MatchScratch())
        guard case .failed(let failure) = verdict else {
            Issue.record("\(verdict)")
            return
        }
        #expect(failure.cause == .valueLimit)
        #expect(transaction.arena.count <= 1024 * 1024 + 17 * value.count + 4 * value.count)
    }
}
