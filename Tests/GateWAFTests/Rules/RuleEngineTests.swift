import GatePattern
import Testing

@testable import GateWAF

/// What rules do to a request, phase by phase; the semantics are ModSecurity 3's.
@Suite struct RuleEngineTests {
    private static let attack = "GET /a/b.php?id=7&Name=O%27Neil&id=8 HTTP/1.1\nHost: a.example\nCookie: s=1; t=2"

    /// Rules, and the ids that match the request above.
    @Test(arguments: [
        // Targets: names in any case, counts, patterns, exclusions.
        ("SecRule ARGS:ID \"@streq 8\" \"id:1,phase:1\"", "1: 1"),
        ("SecRule ARGS:/^i/ \"@streq 7\" \"id:1,phase:1\"", "1: 1"),
        ("SecRule &ARGS:id \"@eq 2\" \"id:1,phase:1\"", "1: 1"),
        ("SecRule &ARGS \"@eq 3\" \"id:1,phase:1\"", "1: 1"),
        ("SecRule &ARGS|!ARGS:name \"@eq 3\" \"id:1,phase:1\"", "1: 1"),
        ("SecRule &ARGS:none \"@eq 0\" \"id:1,phase:1\"", "1: 1"),
        ("SecRule ARGS:none \"!@rx x\" \"id:1,phase:1\"", ""),
        ("SecRule ARGS|!ARGS:/NAME/ \"@contains '\" \"id:1,phase:1\"", ""),
        ("SecRule ARGS_NAMES \"@streq Name\" \"id:1,phase:1\"", "1: 1"),
        ("SecRule REQUEST_COOKIES:t \"@eq 2\" \"id:1,phase:1\"", "1: 1"),
        ("SecRule REQUEST_HEADERS:host \"@endsWith .example\" \"id:1,phase:1\"", "1: 1"),
        ("SecRule REMOTE_ADDR \"@ipMatch 192.0.2.0/24\" \"id:1,phase:1\"", "1: 1"),
        // A variable of one value is empty where nothing set it.
        ("SecRule REQUEST_BODY \"@rx ^$\" \"id:1,phase:2\"", "2: 1"),
        ("SecRule REQUEST_BODY \"@streq 0\" \"id:1,phase:2,t:length\"", "2: 1"),
        ("SecRule REQUEST_BODY \"@rx ^da39a3ee\" \"id:1,phase:2,t:sha1,t:hexEncode\"", "2: 1"),
        // Tests.
        ("SecRule ARGS:id \"!@within 7 8 9\" \"id:1,phase:1\"", ""),
        ("SecRule ARGS \"@pm neil alice\" \"id:1,phase:1\"", "1: 1"),
        ("SecRule REQUEST_FILENAME \"@endsWith .PHP\" \"id:1,phase:1,t:uppercase\"", "1: 1"),
        ("SecRule ARGS \"@validateByteRange 48-57,65-90,97-122\" \"id:1,phase:1\"", "1: 1"),
        ("SecRule ARGS \"@unconditionalMatch\" \"id:1,phase:1\"", "1: 1"),
        ("SecRule ARGS \"@noMatch\" \"id:1,phase:1\"", ""),
        // An expression sees all lines and the very bytes.
        ("SecRule REQUEST_LINE \"@rx (?i)get.*http\" \"id:1,phase:1\"", "1: 1"),
        // Phases in their order, phase 2 by default; nolog is not reported.
        (
            "SecAction \"msg:m,id:5,phase:5\"\nSecAction \"msg:m,id:2\"\nSecAction \"msg:m,id:1,phase:1\"\nSecAction \"msg:m,id:3,nolog\"",
            "1: 1|2: 2|5: 5"
        ),
        // The last of log and nolog counts.
        ("SecAction \"msg:m,id:1,phase:1,nolog,log\"\nSecAction \"msg:m,id:2,phase:1,log,noauditlog\"", "1: 1"),
        // Chains: all links; the report is the first link's.
        ("SecRule ARGS:id \"@eq 7\" \"id:1,phase:1,chain\"\nSecRule ARGS:name \"@rx Neil\" \"t:none\"", "1: 1"),
        ("SecRule ARGS:id \"@eq 7\" \"id:1,phase:1,chain\"\nSecRule ARGS:name \"@rx Bob\" \"t:none\"", ""),
        // skipAfter and skip count in their phase.
        (
            "SecAction \"msg:m,id:1,phase:1,nolog,skipAfter:E\"\nSecAction \"msg:m,id:2,phase:1\"\nSecMarker E\nSecAction \"msg:m,id:3,phase:1\"",
            "1: 3"
        ),
        (
            "SecRule ARGS:id \"@eq 7\" \"id:1,phase:1,skipAfter:E\"\nSecAction \"msg:m,id:2,phase:1\"\nSecMarker \"E\"\nSecAction \"msg:m,id:3,phase:1\"",
            "1: 1 3"
        ),
        (
            "SecRule ARGS:id \"@eq 7\" \"id:1,phase:1,skip:1\"\nSecAction \"msg:m,id:2,phase:1\"\nSecAction \"msg:m,id:3,phase:1\"",
            "1: 1 3"
        ),
        // Refusals end the phase.
        (
            "SecRule ARGS:id \"@eq 7\" \"id:1,phase:1,deny,status:418\"\nSecAction \"msg:m,id:2,phase:1\"",
            "1: 1 block 1 418"
        ),
        (
            "SecDefaultAction \"phase:1,log,deny,status:400\"\nSecRule ARGS:id \"@eq 7\" \"id:1,phase:1,block\"",
            "1: 1 block 1 400"
        ),
        ("SecDefaultAction \"phase:1,log,pass\"\nSecRule ARGS:id \"@eq 7\" \"id:1,phase:1,block\"", "1: 1"),
        // allow: for the phase, for the request, for good.
        (
            "SecRule ARGS:id \"@eq 7\" \"id:1,phase:1,allow:phase\"\nSecAction \"msg:m,id:2,phase:1\"\nSecAction \"msg:m,id:3\"",
            "1: 1|2: 3"
        ),
        (
            "SecRule ARGS:id \"@eq 7\" \"id:1,phase:1,allow:request\"\nSecAction \"msg:m,id:3\"\nSecAction \"msg:m,id:5,phase:5\"",
            "1: 1|5: 5"
        ),
        (
            "SecRule ARGS:id \"@eq 7\" \"id:1,phase:1,allow\"\nSecAction \"msg:m,id:3\"\nSecAction \"msg:m,id:5,phase:5\"",
            "1: 1|5: 5"
        ),
        // Controls.
        (
            "SecRule ARGS:id \"@eq 7\" \"id:1,phase:1,ctl:ruleRemoveById=2-3\"\nSecAction \"msg:m,id:2,phase:1\"\nSecAction \"msg:m,id:3\"\nSecAction \"msg:m,id:4\"",
            "1: 1|2: 4"
        ),
        (
            "SecRule ARGS:id \"@eq 7\" \"id:1,phase:1,ctl:ruleRemoveByTag=x\"\nSecAction \"msg:m,id:2,phase:1,tag:x\"\nSecAction \"msg:m,id:3,tag:xy\"",
            "1: 1|2: 3"
        ),
        (
            "SecRule ARGS:id \"@eq 7\" \"id:1,phase:1,nolog,ctl:ruleRemoveTargetById=2;ARGS:id\"\nSecRule ARGS \"@rx \\d\" \"id:2\"",
            ""
        ),
        (
            "SecRule ARGS:id \"@eq 7\" \"id:1,phase:1,nolog,ctl:ruleRemoveTargetByTag=x;ARGS:/^I/\"\nSecRule ARGS \"@rx \\d\" \"id:2,tag:'x'\"",
            ""
        ),
        (
            "SecRule ARGS:id \"@eq 7\" \"id:1,phase:1,ctl:ruleEngine=DetectionOnly\"\nSecRule ARGS:id \"@eq 7\" \"id:2,deny\"",
            "1: 1|2: 2"
        ),
        (
            "SecRule ARGS:id \"@eq 7\" \"id:1,phase:1,ctl:ruleEngine=Off\"\nSecRule ARGS:id \"@eq 7\" \"id:2,deny\"",
            "1: 1"
        ),
        // Directives that remove and change.
        (
            "SecAction \"msg:m,id:1,phase:1,tag:a\"\nSecAction \"msg:m,id:2,phase:1,msg:b\"\nSecAction \"msg:m,id:3,phase:1\"\nSecRuleRemoveByTag a\nSecRuleRemoveByMsg b",
            "1: 3"
        ),
        (
            "SecRuleRemoveById 1 5-9\nSecAction \"msg:m,id:1,phase:1\"\nSecAction \"msg:m,id:6,phase:1\"\nSecAction \"msg:m,id:10,phase:1\"",
            "1: 10"
        ),
        ("SecRule ARGS \"@contains '\" \"id:1,phase:1\"\nSecRuleUpdateTargetById 1 \"!ARGS:name\"", ""),
        ("SecRule ARGS \"@eq 2\" \"id:1,phase:1,tag:x\"\nSecRuleUpdateTargetByTag x \"REQUEST_COOKIES:/t/\"", "1: 1"),
        (
            "SecRule ARGS:id \"@eq 7\" \"id:1,phase:1,pass\"\nSecRuleUpdateActionById 1 \"deny,status:401\"",
            "1: 1 block 1 401"
        ),
    ])
    func rulesMatchAsModSecurityHasIt(rules: String, transcript: String) {
        let fixture = RuleFixture(rules, request: RuleEngineTests.attack)
        #expect(fixture.transcript.joined(separator: "|") == transcript)
    }

    /// Rules on collections; each ends with a rule whose message shows what they hold.
    @Test(arguments: [
        // Every value that matches adds.
        ("SecRule ARGS:id \"@rx .\" \"id:1,phase:1,nolog,setvar:tx.n=+5\"", "%{tx.n}", "10"),
        ("SecRule ARGS:name \"@rx .\" \"id:1,phase:1,nolog,setvar:tx.n=3,setvar:tx.n=-5\"", "%{tx.n}", "-2"),
        ("SecRule ARGS:name \"@rx .\" \"id:1,phase:1,nolog,setvar:tx.n,setvar:!tx.n\"", "<%{tx.n}>", "<>"),
        // A parent's assignments are made although its chain does not match.
        (
            "SecRule ARGS:name \"@rx .\" \"id:1,phase:1,nolog,chain,setvar:tx.n=1\"\nSecRule ARGS:name \"@streq x\" \"setvar:tx.n=2\"",
            "%{tx.n}", "1"
        ),
        // Macros: in any case, in names, of the rule, of what matched.
        (
            "SecRule ARGS:name \"@rx Ne\" \"id:1,phase:1,nolog,setvar:'tx.a_%{matched_var_name}=%{MATCHED_VAR}'\"",
            "%{tx.A_args:Name}", "O'Neil"
        ),
        (
            "SecRule ARGS:name \"@rx .\" \"id:1,phase:1,nolog,msg:'m %{rule.id}',severity:2,setvar:'tx.a=%{rule.msg} %{rule.severity}'\"",
            "%{tx.a}", "m 1 2"
        ),
        (
            "SecRule REQUEST_METHOD \"@rx G\" \"id:1,phase:1,nolog,setvar:'tx.a=%{request_headers.HOST} %{ARGS.id} %{request_method}'\"",
            "%{tx.a}", "a.example 8 GET"
        ),
        // Captures: TX.0 to TX.9; a group that took no part keeps what it had.
        (
            "SecRule ARGS:name \"@rx (O)(x)?'(N)\" \"id:1,phase:1,nolog,capture,setvar:'tx.a=%{tx.0}-%{tx.1}-%{tx.3}'\"",
            "%{tx.a}", "O'N-O-N"
        ),
        ("SecRule ARGS:name \"@pm neil\" \"id:1,phase:1,nolog,capture,setvar:tx.a=%{tx.0}\"", "%{tx.a}", "Neil"),
        (
            "SecRule REQUEST_METHOD \"@rx (G)(E)\" \"id:1,phase:1,nolog,capture\"\nSecRule ARGS:name \"@rx (O)\" \"id:2,phase:1,nolog,capture\"",
            "%{tx.1}%{tx.2}", "OE"
        ),
        // multiMatch looks at the value after each transformation that changed it.
        (
            "SecRule ARGS:name \"@rx (?i)neil\" \"id:1,phase:1,nolog,multiMatch,t:lowercase,t:uppercase,t:trim,setvar:tx.n=+1\"",
            "%{tx.n}", "3"
        ),
        // What the chain matched so far.
        (
            "SecRule ARGS:id \"@rx .\" \"id:1,phase:1,nolog,chain\"\nSecRule MATCHED_VARS \"@eq 7\" \"chain\"\nSecRule MATCHED_VARS_NAMES \"@streq ARGS:id\" \"setvar:tx.a=%{MATCHED_VAR_NAME}\"",
            "%{tx.a}", "MATCHED_VARS_NAMES"
        ),
        // Names that came with the request are found by patterns.
        (
            "SecRule ARGS_NAMES \"@rx .\" \"id:1,phase:1,nolog,setvar:'tx.c_%{matched_var}=+1'\"\nSecRule TX:/^c_/ \"@gt 1\" \"id:2,phase:1,nolog,setvar:tx.a=%{MATCHED_VAR_NAME}\"",
            "%{tx.a}", "TX:c_id"
        ),
        (
            "SecRule ARGS_NAMES \"@rx .\" \"id:1,phase:1,nolog,setvar:'tx.c_%{matched_var}=+1'\"\nSecRule &TX:/^c_/ \"@eq 2\" \"id:2,phase:1,nolog,setvar:tx.a=2\"",
            "%{tx.a}", "2"
        ),
        // IP lives as long as the transaction.
        (
            "SecRule ARGS:id \"@eq 7\" \"id:1,phase:1,nolog,initcol:ip=%{REMOTE_ADDR},setvar:ip.n=+2,expirevar:ip.n=60\"\nSecRule IP:N \"@eq 2\" \"id:2,phase:1,nolog,setvar:tx.a=yes\"",
            "%{tx.a}", "yes"
        ),
    ])
    func collectionsHoldWhatRulesSet(rules: String, shown: String, value: String) {
        let last = "\nSecRule REQUEST_METHOD \"@streq GET\" \"id:99,phase:2,msg:'\(shown)'\""
        let fixture = RuleFixture(rules + last, request: RuleEngineTests.attack)
        #expect(fixture.matches.last?.message == value)
    }

    @Test func aMatchSaysWhatWhereAndHowGrave() throws {
        let rules = """
            SecRule ARGS "@rx neil" "id:7,phase:1,t:lowercase,log,severity:'WARNING',tag:'a/b',tag:'c',\\
                msg:'seen %{MATCHED_VAR}',logdata:'in %{MATCHED_VAR_NAME}'"
            """
        let match = try #require(RuleFixture(rules, request: RuleEngineTests.attack).matches.first)
        #expect(match.rule == 7)
        #expect(match.phase == .requestHeaders)
        #expect(match.message == "seen o'neil")
        #expect(match.logData == "in ARGS:Name")
        #expect(match.severity == .warning)
        #expect(match.tags == ["a/b", "c"])
        #expect(match.variable == "ARGS")
        #expect(match.name == "Name")
        #expect(match.excerpt == "o'neil")
        #expect(match.path == "test.conf")
        #expect(match.line == 1)
    }

    @Test(arguments: [199, 200, 201])
    func theExcerptEndsAt200Bytes(count: Int) {
        let rules = "SecRule ARGS:a \"@rx x\" \"id:1,phase:1\""
        let fixture = RuleFixture(rules, request: "GET /?a=\(String(repeating: "x", count: count)) HTTP/1.1")
        #expect(fixture.matches.first?.excerpt.utf8.count == min(count, 200))
    }

    @Test func detectModeRemembersTheFirstRefusalAndGoesOn() {
        var options = RuleSetOptions()
        options.mode = .detect
        let rules =
            "SecRule ARGS:id \"@eq 7\" \"id:1,phase:1,deny\"\nSecRule ARGS:id \"@eq 8\" \"id:2,deny,status:400\""
        let fixture = RuleFixture(rules, request: RuleEngineTests.attack, options: options)
        #expect(fixture.transcript == ["1: 1", "2: 2"])
        #expect(fixture.refusal == InspectionRefusal(rule: 1, status: 403, phase: .requestHeaders))
    }

    @Test func controlsOfTheBodyReachTheCaller() {
        let rules = """
            SecRule ARGS:id "@eq 7" "id:1,phase:1,ctl:requestBodyProcessor=json,ctl:forceRequestBodyVariable=On"
            SecRule REQBODY_PROCESSOR "@streq JSON" "id:2,phase:1"
            SecRule ARGS:id "@eq 8" "id:3,phase:1,ctl:requestBodyAccess=Off"
            """
        let fixture = RuleFixture(rules, request: RuleEngineTests.attack)
        #expect(fixture.transcript == ["1: 1 2 3"])
        #expect(fixture.bodyControls.processor == .json)
        #expect(fixture.bodyControls.forcesRequestBody)
        #expect(!fixture.bodyControls.readsBody)
    }

    @Test func theBaseRulesRefuseABodyThatCannotBeRead() {
        let request = "POST / HTTP/1.1\nHost: a\nContent-Type: application/json\nContent-Length: 3\n\n{a}"
        #expect(RuleFixture("", request: request).transcript == ["2: 200002 block 200002 400"])
        // A source that defines the rule replaces it.
        let own = "SecRule REQBODY_ERROR \"!@eq 0\" \"id:200002,phase:2,pass\""
        #expect(RuleFixture(own, request: request).transcript == ["2: 200002"])
    }

    @Test func anExpressionWithoutAnAnswerFailsAndNeverPasses() {
        // attacks 61
        let rules = "SecRule ARGS:a \"@rx ^(?:(?:a|aa)+)+$\" \"id:1,phase:1\"\nSecAction \"msg:m,id:2,phase:1\""
        let request = "GET /?a=\(String(repeating: "a", count: 64))! HTTP/1.1"
        #expect(RuleFixture(rules, request: request).transcript == ["1: failed 1 matchLimit"])
    }

    @Test func anInspectionIsUsedAgainWithoutTraces() throws {
        var problems: [RuleProblem] = []
        let rules = """
            SecRule ARGS_NAMES "@rx ." "id:1,phase:1,nolog,setvar:'tx.c_%{matched_var}=+1',ctl:ruleRemoveById=3,capture"
            SecRule &TX:/^c_/ "@gt 0" "id:2,phase:1"
            SecAction "msg:m,id:3,phase:1"
            SecRule TX:0 "@rx ." "id:4,phase:1"
            """
        let set = try #require(RuleFixture.compile(rules, problems: &problems))
        let inspection = Inspection(ruleSet: set, scratch: MatchScratch())
        #expect(RuleFixture.run("GET /?a=1 HTTP/1.1", in: inspection).0 == ["1: 2 4"])
        #expect(RuleFixture.run("GET / HTTP/1.1", in: inspection).0 == ["1: 3"])
        #expect(RuleFixture.run("GET /?a=1 HTTP/1.1", in: inspection).0 == ["1: 2 4"])
    }
}
