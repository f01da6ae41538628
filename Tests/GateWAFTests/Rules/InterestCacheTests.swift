import Testing

@testable import GateWAF

@Suite struct InterestCacheTests {
    @Test func aKindListsTheChainsThatMayChangeItsValues() throws {
        let rules = """
            SecRule ARGS "@rx one" "id:1,phase:1,t:lowercase"
            SecRule ARGS "@rx two" "id:2,phase:1,t:urlDecode"
            SecRule ARGS:name "@rx three" "id:3,phase:1,t:removeWhitespace"
            """
        var problems: [RuleProblem] = []
        let set = try #require(RuleFixture.compile(rules, problems: &problems))
        let plan = set.plan
        let words = plan.scanners[0].wordCount
        let name = plan.names.find(Array("NAME".utf8).span, space: 0)
        let named = Int(plan.classes.of(.args, name: Int32(try #require(name))))
        let interest = try #require(plan.classes.interests[0][named])
        var cache = InterestCache()
        func concern(_ traits: ByteTraits) -> (Int, Int) {
            let kind = cache.kind(0, named, traits, interest, plan, words)
            return (cache.masks[kind.mask].nonzeroBitCount, kind.changing.count)
        }
        // A change of case alone is nothing to a scan.
        #expect(concern([.any, .upper]) == (3, 0))
        #expect(concern([.any, .percent]) == (2, 1))
        #expect(concern([.any, .percent, .space]) == (1, 2))
        #expect(concern([.any, .percent]) == (2, 1))
        // More kinds than are remembered: all are right all the same.
        for bits in 0..<2000 as Range<UInt32> {
            let traits = ByteTraits(rawValue: bits &<< 1 | 1)
            let expected =
                (traits.isDisjoint(with: [.percent, .plus]) ? 0 : 1)
                + (traits.isDisjoint(with: [.space, .control, .high]) ? 0 : 1)
            #expect(concern(traits) == (3 - expected, expected))
        }
    }
}
