import GateAdmission
import GateConfig
import GateObserve
import GatePlan
import GateSettings
import GateWAF
import Testing

private let head = """
    version: 1
    listeners: { public: { address: 127.0.0.1:8080 } }
    upstreams: { orders: { endpoints: ["127.0.0.1:9000"] } }

    """
private let rules = "=== rules/own.conf\nSecRule ARGS \"@contains evil\" \"id:1,phase:2,deny\"\n"

/// A plan with these rule sets and routes.
private func plan(_ text: String, rules: String = rules, previous: Plan? = nil) throws -> Plan {
    let loaded = compile(head + text + "\n" + rules, previous: previous)
    return try #require(loaded.plan, "\(loaded.diagnostics.map(\.line))")
}

@Suite struct RuleSetTests {
    private let sets = """
        waf:
          edge: { rules: [rules/own.conf] }
          twin: { rules: ["rules/*.conf"], body: { limit: 1KiB } }
          detect: { rules: [rules/own.conf], mode: detect }
          off: { rules: [rules/own.conf], mode: off }
        defaults: { waf: edge }
        routes:
          - { name: byDefault, match: { path: / }, auth: none, upstream: orders }
          - { name: twin, match: { path: /twin }, auth: none, waf: twin, upstream: orders }
          - { name: none, match: { path: /none }, auth: none, waf: none, upstream: orders }
          - { name: off, match: { path: /off }, auth: none, waf: off, upstream: orders }
          - { name: heads, match: { path: /heads }, auth: none, waf: detect, body: { inspect: headOnly }, upstream: orders }
        """

    @Test func routesGetTheSetTheyNameOrTheDefault() throws {
        let plan = try plan(sets)
        let inspections = plan.routes.map(\.admission.inspection)
        #expect(inspections.map { $0?.index } == [0, 1, nil, nil, 2])
        #expect(inspections[0]?.requests.limit == 1 << 20)
        #expect(inspections[1]?.requests.limit == 1 << 10)
        #expect(inspections[0]?.requests.readsBody == true && inspections[4]?.requests.readsBody == false)
        #expect(inspections[0]?.refuses == true && inspections[4]?.refuses == false)
        #expect(plan.names.ruleSets == ["edge", "twin", "detect", "off"])
    }

    @Test func setsWithEqualRulesShareOneCompiledCopy() throws {
        let sets = try plan(sets).ruleSets
        #expect(sets[0].rules != nil && sets[0].rules === sets[1].rules)
        #expect(sets[2].rules !== sets[0].rules)
        #expect(sets[3].rules == nil)
    }

    @Test func aReloadKeepsRulesThatDidNotChange() throws {
        let first = try plan(sets)
        let same = try plan(sets, previous: first)
        #expect(same.ruleSets[0].rules === first.ruleSets[0].rules)
        let changed = try plan(sets, rules: rules + "SecMarker END\n", previous: first)
        #expect(changed.ruleSets[0].rules !== first.ruleSets[0].rules)
        let stricter = try plan(
            sets.replacing("edge: { rules: [rules/own.conf] }", with: "edge: { rules: [rules/own.conf], paranoia: 2 }"),
            previous: first)
        #expect(stricter.ruleSets[0].rules !== first.ruleSets[0].rules)
    }

    @Test func aDataFileThatChangedIsCompiledAnew() throws {
        func files(_ phrases: String) -> String {
            "=== rules/own.conf\nSecRule ARGS \"@pmFromFile words.data\" \"id:1,phase:2,deny\"\n\n=== rules/words.data\n\(phrases)\n"
        }
        let first = try plan(sets, rules: files("evil"))
        #expect(try plan(sets, rules: files("evil"), previous: first).ruleSets[0].rules === first.ruleSets[0].rules)
        #expect(try plan(sets, rules: files("worse"), previous: first).ruleSets[0].rules !== first.ruleSets[0].rules)
    }

    /// A stock set then refuses what it would refuse elsewhere, and takes calls of gRPC.
    @Test func theMediaTypesOfTheCoreRuleSetAreItsOwnDefault() {
        let initialization = """
            # setvar:'tx.allowed_request_content_type=|text/plain|'
            SecRule &TX:allowed_request_content_type "@eq 0" \\
                "id:901162,setvar:'tx.allowed_request_content_type=|application/json| |text/xml|'"
            """
        func types(_ files: String...) -> [String] {
            RuleSetPlan.defaultContentTypes(in: files.map { RuleSource(path: "a.conf", bytes: Array($0.utf8)) })
        }
        #expect(types("SecAction id:1", initialization) == ["application/json", "text/xml"])
        #expect(types("SecAction \"id:1,setvar:'tx.allowed_request_content_type=|a/b|'\"") == [])
        #expect(types() == [])
    }
}
