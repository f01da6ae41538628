import GatePattern
import Testing

@testable import GateWAF

/// What is decided when rules are compiled.
@Suite struct RuleSetTests {
    /// How many rules of each request phase are left to run.
    private func left(_ rules: String, options: RuleSetOptions = RuleSetOptions()) -> [Int] {
        var problems: [RuleProblem] = []
        let base = BaseRules.ids
        let all = base.map { "SecRuleRemoveById \($0)\n" }.joined() + rules
        let set = RuleFixture.compile(all, options: options, problems: &problems)
        return set.map { Array($0.summary.rulesByPhase[..<2]) } ?? []
    }

    @Test(arguments: InstalledRules.allCases)
    func theCoreRuleSetCompilesWithoutAProblemAndALowerLevelLeavesFewerRules(version: InstalledRules) {
        var counts: [Int] = []
        for level in [1, 4] {
            var options = RuleSetOptions()
            options.paranoiaLevel = level
            var problems: [RuleProblem] = []
            let set = version.compile(options, problems: &problems)
            #expect(problems.isEmpty)
            guard let set else { return }
            #expect(set.summary.rules > 600)
            #expect(set.summary.interpretedPatterns == 0 || !MatchScratch.isJITBuiltIn)
            counts.append(set.summary.rulesByPhase[..<2].reduce(0, +))
        }
        #expect(counts[0] < counts[1])
    }

    @Test func aRuleThatAlwaysSetsAValueCostsNothing() {
        let rules = """
            SecAction "msg:m,id:1,phase:1,nolog,setvar:tx.level=2"
            SecRule &TX:level "@eq 0" "id:2,phase:1,nolog,setvar:tx.level=1"
            SecRule TX:level "@lt 3" "id:3,phase:1,nolog,skipAfter:END"
            SecRule ARGS "@rx a" "id:4,phase:1"
            SecMarker END
            SecRule TX:level "@eq 2" "id:5,phase:1,nolog,setvar:tx.seen=%{tx.level}"
            SecRule REQUEST_METHOD "@rx ." "id:6,phase:1,msg:'%{tx.seen}'"
            """
        #expect(left(rules) == [1, 0])
        #expect(RuleFixture(rules).matches.map(\.message) == ["2"])
    }

    @Test func aValueThatARuleBeforeReadsIsSetInItsTurn() {
        let rules = """
            SecRule TX:a "@rx ." "id:1,phase:1,msg:early"
            SecRule REQUEST_METHOD "@rx ." "id:2,phase:1,msg:'<%{tx.a}>'"
            SecAction "msg:m,id:3,phase:1,nolog,setvar:tx.a=1"
            SecRule REQUEST_METHOD "@rx ." "id:4,phase:1,msg:'<%{tx.a}>'"
            """
        #expect(RuleFixture(rules).matches.map(\.message) == ["<>", "<1>"])
    }

    @Test func whatDependsOnTheRequestIsNotDecidedBefore() {
        let rules = """
            SecRule ARGS:a "@rx 1" "id:1,phase:1,nolog,skipAfter:END"
            SecAction "msg:m,id:2,phase:1,nolog,setvar:tx.a=1"
            SecMarker END
            SecRule &TX:a "@eq 1" "id:3,phase:1"
            SecRule ARGS:b "@rx 1" "id:4,phase:1,nolog,ctl:ruleRemoveById=5"
            SecAction "msg:m,id:5,phase:1,nolog,setvar:tx.b=1"
            SecRule &TX:b "@eq 1" "id:6,phase:1"
            SecRule &TX:c_x "@eq 1" "id:7,phase:1"
            SecRule ARGS_NAMES "@rx x" "id:8,phase:1,nolog,setvar:tx.c_%{matched_var}=1"
            SecRule &TX:c_x "@eq 1" "id:9,phase:1"
            """
        #expect(RuleFixture(rules, request: "GET / HTTP/1.1").transcript == ["1: 3 6"])
        #expect(RuleFixture(rules, request: "GET /?a=1 HTTP/1.1").transcript == ["1: 6"])
        #expect(RuleFixture(rules, request: "GET /?b=1 HTTP/1.1").transcript == ["1: 3"])
        #expect(RuleFixture(rules, request: "GET /?x=1 HTTP/1.1").transcript == ["1: 3 6 9"])
    }

    @Test func aSkipThatAControlCouldRemoveStillSkipsTheRest() {
        let rules = """
            SecRule ARGS:a "@rx 1" "id:1,phase:1,nolog,ctl:ruleRemoveById=2"
            SecAction "msg:m,id:2,phase:1,nolog,skipAfter:END"
            SecAction "msg:m,id:3,phase:1"
            SecMarker END
            """
        #expect(RuleFixture(rules, request: "GET / HTTP/1.1").transcript.isEmpty)
        #expect(RuleFixture(rules, request: "GET /?a=1 HTTP/1.1").transcript == ["1: 3"])
    }

    @Test func aRuleThatCanNeverRunMayNameWhatIsNotSupported() {
        let rules = """
            SecRule TX:countries "!@rx ^$" "id:1,phase:1,chain"
                SecRule REMOTE_ADDR "@geoLookup" "chain"
                SecRule GEO:COUNTRY_CODE "@within %{tx.countries}" "t:none"
            """
        #expect(left(rules) == [0, 0])
        let reachable = "SecAction \"msg:m,id:2,phase:1,nolog,setvar:tx.countries=XX\"\n" + rules
        #expect(
            RuleFixture.problems(reachable) == [
                "3: the test @geolookup is not supported", "4: the variable GEO is not supported",
            ])
    }

    @Test func aRuleThatRefusesEveryRequestIsAProblem() {
        let rules = "SecRule &TX:crs_setup_version \"@eq 0\" \"id:1,phase:1,deny,status:500\""
        #expect(RuleFixture.problems(rules) == ["1: rule 1 refuses every request with 500"])
    }

    @Test func theConfigurationOverridesWhatFilesSet() {
        let rules = """
            SecAction "msg:m,id:1,phase:1,nolog,setvar:tx.paranoia_level=1,setvar:tx.inbound_anomaly_score_threshold=5"
            SecAction "msg:m,id:2,phase:1,nolog,setvar:'tx.allowed_methods=GET'"
            SecRule &TX:executing_paranoia_level "@eq 0" "id:3,phase:1,nolog,setvar:tx.executing_paranoia_level=%{tx.paranoia_level}"
            SecRule REQUEST_METHOD "!@within %{tx.allowed_methods}" "id:4,phase:1,deny"
            SecRule REQUEST_METHOD "@rx ." "id:5,phase:1,\\
              msg:'%{tx.paranoia_level} %{tx.executing_paranoia_level} %{tx.inbound_anomaly_score_threshold}'"
            """
        var options = RuleSetOptions()
        options.paranoiaLevel = 3
        options.inboundThreshold = 9
        options.allowedMethods = ["GET", "PUT"]
        let put = "PUT / HTTP/1.1"
        #expect(RuleFixture(rules, request: put).transcript == ["1: 4 block 4 403"])
        #expect(RuleFixture(rules, request: put, options: options).matches.map(\.message) == ["3 3 9"])
    }

    @Test func aRouteReplacesMethodsAndContentTypesForItsRequests() throws {
        let rules = """
            SecAction "msg:m,id:1,phase:1,nolog,setvar:'tx.allowed_methods=GET'"
            SecRule REQUEST_METHOD "!@within %{tx.allowed_methods}" "id:2,phase:1,deny"
            SecRule REQUEST_HEADERS:Content-Type "@rx ^([^;]+)" "id:3,phase:1,nolog,capture,setvar:'tx.type=|%{tx.1}|'"
            SecRule TX:type "!@within %{tx.allowed_request_content_type}" "id:4,phase:1,t:lowercase,deny"
            """
        var problems: [RuleProblem] = []
        let set = try #require(RuleFixture.compile(rules, problems: &problems))
        let inspection = Inspection(ruleSet: set, scratch: MatchScratch())
        func verdict(_ allowances: RouteAllowances?) -> InspectionVerdict {
            inspection.begin(allowances)
            _ = inspection.variables.addRequestLine(
                method: Array("PUT".utf8).span, target: Array("/".utf8).span, protocolName: Array("HTTP/1.1".utf8).span)
            inspection.variables.addRequestHeader(
                name: Array("Content-Type".utf8).span, value: Array("application/Grpc-Web; a=b".utf8).span)
            return inspection.evaluate(.requestHeaders)
        }
        #expect(verdict(nil) == .block(rule: 2, status: 403))
        #expect(verdict(RouteAllowances(methods: ["PUT"], contentTypes: nil)) == .block(rule: 4, status: 403))
        let types = ["text/plain", "application/grpc-web"]
        #expect(verdict(RouteAllowances(methods: ["GET", "PUT"], contentTypes: types)) == .pass)
        #expect(
            verdict(RouteAllowances(methods: ["PUT"], contentTypes: ["application/grpc"]))
                == .block(rule: 4, status: 403))
        #expect(verdict(nil) == .block(rule: 2, status: 403))
    }

    @Test func exclusionsLeaveOutRulesAndTargets() {
        let rules = "SecRule ARGS \"@rx x\" \"id:1,phase:1\"\nSecRule ARGS \"@rx x\" \"id:2,phase:1\""
        var options = RuleSetOptions()
        options.exclusions = [RuleExclusion(rules: 1...1), RuleExclusion(rules: 2...2, target: "ARGS:comment")]
        let request = "GET /?comment=x HTTP/1.1"
        #expect(RuleFixture(rules, request: request).transcript == ["1: 1 2"])
        #expect(RuleFixture(rules, request: request, options: options).transcript.isEmpty)
        #expect(RuleFixture(rules, request: "GET /?a=x HTTP/1.1", options: options).transcript == ["1: 2"])
        options.exclusions = [RuleExclusion(rules: 2...2, target: "ARGZ")]
        #expect(RuleFixture(rules, options: options).transcript == ["1: ARGZ: ARGZ is not a variable"])
    }

    @Test func dataFilesAreMeantFromTheFolderOfTheirRule() throws {
        let source = RuleSource(
            path: "/etc/rules/a.conf", bytes: Array("SecRule ARGS \"@pmFromFile words.data\" \"id:1,phase:1\"".utf8))
        let files = MemoryFiles(files: ["/etc/rules/words.data": "# words\nneil\nbob\n"])
        var problems: [RuleProblem] = []
        let set = try #require(
            RuleSet.compile([source], files: files, options: RuleSetOptions(), problems: &problems))
        let inspection = Inspection(ruleSet: set, scratch: MatchScratch())
        #expect(RuleFixture.run("GET /?a=Bobby HTTP/1.1", in: inspection).0 == ["1: 1"])
        #expect(RuleFixture.run("GET /?a=words HTTP/1.1", in: inspection).0 == [])
    }

    @Test func theCoreRuleSetRefusesAnAttackByItsScore() throws {
        for version in InstalledRules.allCases {
            var problems: [RuleProblem] = []
            guard let set = version.compile(problems: &problems) else { continue }
            let inspection = Inspection(ruleSet: set, scratch: MatchScratch())
            let browser = "Host: shop.example\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:109.0)\nAccept: */*"
            let (none, pass) = RuleFixture.run("GET /find?q=red+shoes HTTP/1.1\n\(browser)", in: inspection)
            #expect(pass == .pass && none.isEmpty)
            let attack = "GET /find?q=1%27%20OR%20%271%27%3D%271%20UNION%20SELECT%20a%20FROM%20b-- HTTP/1.1\n\(browser)"
            let (_, verdict) = RuleFixture.run(attack, in: inspection)
            #expect(verdict == .block(rule: 949_110, status: 403))
            #expect(inspection.score >= 5)
            #expect(inspection.matches.contains { $0.rule == 942_100 && $0.variable == "ARGS" && $0.name == "q" })
        }
    }
}
