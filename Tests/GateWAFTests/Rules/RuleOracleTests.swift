import GatePattern
import Testing

@testable import GateWAF

/// Random programs of rules, put to Debian's ModSecurity and to this engine: the same rules match.
@Suite struct RuleOracleTests {
    @Test func randomProgramsMatchAsInModSecurity() throws {
        guard ModSecurityEngine(files: [], before: "SecRuleEngine On") != nil else {
            print("skipped: no data (libmodsecurity)")
            return
        }
        var source = RandomRules(seed: 7)
        var compared = 0
        for _ in 0..<40 {
            let rules = source.program()
            let head = "SecRuleEngine DetectionOnly\nSecRequestBodyAccess On\n"
            let oracle = try #require(ModSecurityEngine(files: [], before: head + rules), "\(rules)")
            var problems: [RuleProblem] = []
            var options = RuleSetOptions()
            options.mode = .detect
            let ours = RuleFixture.compile(rules, options: options, problems: &problems)
            let set = try #require(ours, "\(problems)")
            let inspection = Inspection(ruleSet: set, scratch: MatchScratch())
            for _ in 0..<6 {
                let message = RegressionMessage(Array(source.request().utf8))
                let expected = ModSecurityEngine.ids(in: oracle.log(of: message))
                let found = Self.run(message, in: inspection)
                #expect(found == expected, "\(rules)\n\(message.target)")
                if !found.isEmpty { compared += 1 }
            }
        }
        #expect(compared > 80, "too few of the programs match anything")
    }

    /// The ids that match in all phases of a request.
    private static func run(_ message: RegressionMessage, in inspection: Inspection) -> Set<Int> {
        inspection.begin()
        let address = Array("127.0.0.1".utf8)
        inspection.variables.addConnection(remoteAddress: address.span, uniqueID: address.span)
        _ = inspection.variables.addRequestLine(
            method: Array(message.method.utf8).span, target: Array(message.target.utf8).span,
            protocolName: Array("HTTP/\(message.version)".utf8).span)
        for field in message.fields {
            inspection.variables.addRequestHeader(name: field.name.span, value: field.value.span)
        }
        _ = inspection.evaluate(.requestHeaders)
        _ = inspection.variables.addRequestBody(message.body.span, controls: inspection.bodyControls)
        _ = inspection.evaluate(.requestBody)
        _ = inspection.evaluate(.logging)
        return Set(inspection.matches.map(\.rule)).subtracting(BaseRules.ids)
    }
}

/// Rules and requests from a seed.
struct RandomRules {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// Some rules of both request phases that set, read, chain, skip, remove and compare.
    mutating func program() -> String {
        var rules: [String] = []
        var id = 0
        for _ in 0..<12 {
            id += 1
            let phase = pick(["1", "2"])
            switch number(9) {
            // ModSecurity removes no SecAction by its id; here a control does.
            case 0: rules.append("SecAction \"id:\(700 + id),phase:\(phase),\(log()),pass,\(assignment())\"")
            case 1:
                rules.append(
                    "SecRule \(targets()) \"\(test())\" \"id:\(id),phase:\(phase),\(log()),pass,skipAfter:M\(id)\"")
                for _ in 0...number(2) {
                    let inner = 100 + rules.count
                    rules.append(rule(inner, phase: pick(["1", "2"])))
                }
                rules.append("SecMarker M\(id)")
            case 2:
                // ModSecurity adds to MATCHED_VARS until a rule does not match; here each rule begins anew. Two rules that
                // match nothing: a skip passes over one.
                for none in [500, 600] {
                    rules.append("SecRule ARGS:z \"@streq z\" \"id:\(none + id),phase:\(phase),nolog,pass\"")
                }
                rules.append(
                    "SecRule \(targets()) \"\(test())\" \"id:\(id),phase:\(phase),\(log()),pass,chain,\(transformations())\(assignment())\""
                )
                let child = pick([targets(), "MATCHED_VARS", "MATCHED_VARS_NAMES", "TX:0|TX:1"])
                rules.append("SecRule \(child) \"\(test())\" \"t:none,\(assignment())\"")
            case 3:
                let control = pick([
                    "ruleRemoveById=\(id + 1)", "ruleRemoveById=\(id + 1)-\(id + 3)", "ruleRemoveByTag=t1",
                    "ruleRemoveTargetById=\(id + 2);ARGS:a", "ruleRemoveTargetByTag=t1;ARGS:b",
                ])
                rules.append(
                    "SecRule \(targets()) \"\(test())\" \"id:\(id),phase:\(phase),\(log()),pass,ctl:\(control)\"")
            default: rules.append(rule(id, phase: phase))
            }
        }
        // ModSecurity carries a skip over the end of its phase; here it ends with it.
        for phase in 1...2 { rules.append("SecAction \"id:\(900 + phase),phase:\(phase),nolog,pass\"") }
        return rules.joined(separator: "\n")
    }

    private mutating func rule(_ id: Int, phase: String) -> String {
        let extra = pick(["", "capture,", "multiMatch,", "tag:t1,", "tag:t2,", "skip:1,"])
        // ModSecurity reports each match of multiMatch, whatever the rule says.
        let log = extra == "multiMatch," ? "log" : log()
        return
            "SecRule \(targets()) \"\(test())\" \"id:\(id),phase:\(phase),\(log),pass,\(extra)\(transformations())\(assignment())\""
    }

    private mutating func log() -> String { pick(["log", "log", "nolog", "nolog,auditlog", "log,noauditlog"]) }

    private mutating func targets() -> String {
        let all = [
            "ARGS", "ARGS:a", "&ARGS", "&ARGS:b", "&ARGS|!ARGS:a", "ARGS_NAMES", "ARGS:/^[ab]$/", "ARGS|!ARGS:a",
            "ARGS_GET|ARGS_POST",
            "REQUEST_COOKIES", "&REQUEST_COOKIES:c", "REQUEST_HEADERS:x-one", "REQUEST_HEADERS|!REQUEST_HEADERS:Host",
            "REQUEST_URI", "REQUEST_FILENAME", "QUERY_STRING", "REQUEST_METHOD", "REQUEST_BODY", "TX:n", "&TX:n",
            "TX:s", "TX:/^v_/", "&TX:/^v_/", "REQBODY_PROCESSOR", "REQUEST_BASENAME",
        ]
        return number(3) == 0 ? "\(pick(all))|\(pick(all))" : pick(all)
    }

    private mutating func test() -> String {
        let tests = [
            "@rx ^(\\w)(\\w+)?", "@rx a.*b", "@rx (?i)SELECT", "@rx [0-9]{2}", "@rx ^$", "@pm one two select",
            "@contains a",
            "@streq a", "@beginsWith /", "@endsWith b", "@within GET POST ab 12", "@eq 0", "@eq 1", "@ge 2", "@lt 5",
            "@gt %{tx.n}", "@streq %{tx.s}", "@within %{args.a} x", "@contains %{tx.1}", "@validateByteRange 32-126",
            "@validateUrlEncoding", "@containsWord one", "@unconditionalMatch", "@detectSQLi",
        ]
        return (number(4) == 0 ? "!" : "") + pick(tests)
    }

    private mutating func transformations() -> String {
        let names = [
            "none", "lowercase", "uppercase", "urlDecodeUni", "removeWhitespace", "compressWhitespace", "length",
            "trim",
            "hexEncode", "replaceComments", "htmlEntityDecode", "normalizePath",
        ]
        return (0..<number(4)).map { _ in "t:\(pick(names))," }.joined()
    }

    private mutating func assignment() -> String {
        let values = [
            "tx.n=+1", "tx.n=+%{tx.n}", "tx.n=-2", "tx.n=3", "tx.s=a", "tx.s=%{QUERY_STRING}", "!tx.n", "tx.s",
            "tx.v_%{MATCHED_VAR_NAME}=+1", "tx.v_x=%{tx.0}", "tx.s=%{tx.1}%{ARGS.a}", "tx.n=%{REQUEST_METHOD}",
        ]
        return (0...number(2)).map { _ in "setvar:'\(pick(values))'" }.joined(separator: ",")
    }

    /// A request with a few of the things that the rules look at.
    mutating func request() -> String {
        let values = [
            "", "a", "ab", "one two", "1", "12", "SELECT", "%41%62", "x%20%20y", "1'%20or%20'1'='1", "&amp;", "/*a*/b",
        ]
        let names = ["a", "b", "A", "c"]
        let query = (0..<number(4)).map { _ in "\(pick(names))=\(pick(values))" }.joined(separator: "&")
        var lines = [
            "\(pick(["GET", "POST"])) /\(pick(["", "one/two", "a/../b", "x.php"]))\(query.isEmpty ? "" : "?\(query)") HTTP/1.1",
            "Host: a.example",
        ]
        if number(2) == 0 { lines.append("X-One: \(pick(["a", "one", "12", "A b"]))") }
        if number(2) == 0 { lines.append("Cookie: c=\(pick(["1", "a", "one"])); d=2") }
        let body = (0..<number(3)).map { _ in "\(pick(names))=\(pick(values))" }.joined(separator: "&")
        if !body.isEmpty {
            lines.append("Content-Type: application/x-www-form-urlencoded")
            lines.append("Content-Length: \(body.utf8.count)")
        }
        return lines.joined(separator: "\r\n") + "\r\n\r\n" + body
    }

    private mutating func number(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(bound))
    }

    private mutating func pick(_ all: [String]) -> String { all[number(all.count)] }
}
