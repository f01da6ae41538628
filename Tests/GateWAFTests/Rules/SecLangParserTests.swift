import Testing

@testable import GateWAF

@Suite struct SecLangParserTests {
    /// Problems with the line of the directive: whatever is not understood is one, nothing is passed over.
    @Test(arguments: [
        ("SecRule ARGS \"@rx a\" \"id:1", "1: a quoted argument does not end"),
        ("SecRule ARGS \"@rx a\nSecMarker a", "1: a quoted argument does not end on its line"),
        ("SecRule ARGS \"@rx a\"x \"id:1\"", "1: a quoted argument goes on after its closing quote"),
        ("\n\nSecRule ARGS", "3: the directive has 1 arguments"),
        ("SecRule ARGZ \"@rx a\" \"id:1\"", "1: ARGZ is not a variable"),
        ("SecRule REQUEST_URI:a \"@rx a\" \"id:1\"", "1: REQUEST_URI has no named values"),
        ("SecRule ARGS: \"@rx a\" \"id:1\"", "1: a target has nothing after its colon"),
        ("SecRule ARGS:/a \"@rx a\" \"id:1\"", "1: an expression of a target does not end"),
        ("SecRule XML:/a/b \"@rx a\" \"id:1\"", "1: this path of XML is not supported"),
        ("SecRule TIME_HOUR \"@eq 1\" \"id:1\"", "1: the variable TIME_HOUR is not supported"),
        (
            "SecRule ARGS \"@rx (\" \"id:1\"",
            "1: the expression does not compile: missing closing parenthesis at byte 1"
        ),
        ("SecRule ARGS \"@frob a\" \"id:1\"", "1: @frob is not a test"),
        ("SecRule ARGS \"@geoLookup\" \"id:1\"", "1: the test @geolookup is not supported"),
        ("SecRule ARGS \"@pmFromFile no.data\" \"id:1\"", "1: no.data cannot be read: no such file"),
        ("SecRule ARGS \"@validateByteRange 1-999\" \"id:1\"", "1: the bytes are no list of numbers up to 255"),
        ("SecRule REMOTE_ADDR \"@ipMatch 192.0.2.0/99\" \"id:1\"", "1: 192.0.2.0/99 is not an address or block"),
        ("SecRule ARGS \"@rx a%{tx.b\" \"id:1\"", "1: a macro does not end"),
        ("SecRule ARGS \"@rx a\" \"id:1,msg:'%{nothing}'\"", "1: the macro %{nothing} is not known"),
        ("SecRule ARGS \"@rx a\"", "1: the rule has no id"),
        ("SecRule ARGS \"@rx a\" \"id:0\"", "1: id is not a number of 1 to 999999999"),
        ("SecRule ARGS \"@rx a\" \"id:1,phase:6\"", "1: phase is not 1 to 5"),
        ("SecRule ARGS \"@rx a\" \"id:1,t:rot13\"", "1: the transformation rot13 is not known"),
        ("SecRule ARGS \"@rx a\" \"id:1,frob\"", "1: frob is not an action"),
        ("SecRule ARGS \"@rx a\" \"id:1,exec:/bin/sh\"", "1: the action exec is not supported"),
        ("SecRule ARGS \"@rx a\" \"id:1,redirect:'http://a/'\"", "1: the action redirect is not supported"),
        (
            "SecRule ARGS \"@rx a\" \"id:1,deny,pass\"",
            "1: the rule has two actions that decide what becomes of the request"
        ),
        ("SecRule ARGS \"@rx a\" \"id:1,msg:'a\"", "1: a quoted value does not end"),
        ("SecRule ARGS \"@rx a\" \"id:1,setvar:a=b\"", "1: setvar has no collection and name"),
        ("SecRule ARGS \"@rx a\" \"id:1,setvar:session.a=b\"", "1: setvar cannot set session"),
        ("SecRule ARGS \"@rx a\" \"id:1,ctl:ruleRemoveById=x\"", "1: x is not the id of a rule or a range of ids"),
        ("SecRule ARGS \"@rx a\" \"id:1,ctl:ruleRemoveById=9-1\"", "1: 9-1 is not the id of a rule or a range of ids"),
        ("SecRule ARGS \"@rx a\" \"id:1,ctl:frob=On\"", "1: ctl:frob is not supported"),
        ("SecRule ARGS \"@rx a\" \"id:1,chain\"", "1: the chain has no next rule"),
        ("SecRule ARGS \"@rx a\" \"id:1,skipAfter:END\"", "1: no marker END follows"),
        ("SecMarker END\nSecRule ARGS \"@rx a\" \"id:1,skipAfter:END\"", "2: no marker END follows"),
        ("SecAction \"id:7\"\nSecAction \"id:7\"", "2: the id 7 stands already at test.conf:1"),
        (
            "SecRule ARGS \"@rx a\" \"id:1,chain\"\nSecRule ARGS \"@rx b\" \"id:2\"",
            "2: a chained rule has an id, a phase or an action on the request"
        ),
        ("SecRuleRemoveById", "1: the directive has 0 arguments"),
        ("Include other.conf", "1: rule files do not include others"),
        ("SecRuleEngine Off", "1: SecRuleEngine off is not supported"),
        ("SecRequestBodyAccess Off", "1: SecRequestBodyAccess off is not supported"),
        ("SecFrob On", "1: the directive SecFrob is not known"),
    ])
    func whatIsNotUnderstoodIsAProblem(rules: String, problem: String) {
        #expect(RuleFixture.problems(rules) == [problem])
    }

    @Test func allProblemsOfAFileAreFound() {
        let rules =
            "SecFrob\nSecRule ARGS \"@rx (\" \"id:1\"\n# fine\nSecRule ARGS \\\n  \"@rx a\" \\\n  \"id:2,frob\"\nSecBar"
        #expect(RuleFixture.problems(rules).map { $0.prefix(2) } == ["1:", "4:", "7:", "2:"])
    }

    @Test func bytesThatAreNotUTF8AreAProblem() {
        var problems: [RuleProblem] = []
        let source = RuleSource(path: "a.conf", bytes: Array("SecMarker ".utf8) + [0xFF])
        #expect(RuleSet.compile([source], files: NoFiles(), options: RuleSetOptions(), problems: &problems) == nil)
        #expect(problems.map(\.message) == ["the file is not UTF-8"])
    }

    @Test func aDirectiveGoesOnAfterABackslashAndACommentEndsWithItsLine() throws {
        var lexer = SecLangLexer(Array("# a \\\nSecRule A \\\r\n \"b\\\n  c\\\"d\" 'e f'\\\n g".utf8))
        let directive = try #require(try lexer.next())
        #expect(directive.line == 2)
        #expect(directive.name == "SecRule")
        #expect(directive.arguments.map(\.text) == ["A", "b  c\\\"d", "e f", "g"])
        #expect(try lexer.next() == nil)
    }

    @Test func targetsAreReadWithTheirSelectors() throws {
        let text = "ARGS|&ARGS:a.b[0]|!ARGS:/^a|b\\/c/|TX:'/x|y/'|XML://@*|REQUEST_HEADERS:User-Agent"
        let targets = try TargetSyntax.list(Array(text.utf8))
        #expect(
            targets == [
                TargetSyntax(variable: .known(.args), selector: .all),
                TargetSyntax(variable: .known(.args), selector: .name("a.b[0]"), isCount: true),
                TargetSyntax(variable: .known(.args), selector: .pattern("^a|b\\/c"), isExclusion: true),
                TargetSyntax(variable: .known(.tx), selector: .pattern("x|y")),
                TargetSyntax(variable: .known(.xml), selector: .name("//@*")),
                TargetSyntax(variable: .known(.requestHeaders), selector: .name("User-Agent")),
            ])
    }

    @Test func aTestMayBeNegatedOrLeftToBeAnExpression() throws {
        func read(_ text: String) throws -> [String] {
            let operation = try OperatorSyntax(parsing: Array(text.utf8))
            return [
                operation.isNegated ? "!" : "", operation.name, String(decoding: operation.argument, as: UTF8.self),
            ]
        }
        #expect(try read("@rx a b") == ["", "rx", "a b"])
        #expect(try read("!@streq  a") == ["!", "streq", "a"])
        #expect(try read("! @eq 1") == ["!", "eq", "1"])
        #expect(try read("^a@b") == ["", "rx", "^a@b"])
        #expect(try read("!^a") == ["!", "rx", "^a"])
        #expect(try read("@detectSQLi") == ["", "detectsqli", ""])
    }

    @Test func actionsKeepTheirQuotesAndCommas() throws {
        let text = "id:'7', msg:'it\\'s a, b',setvar:'tx.a=b, c',setvar:tx.d='e,f',tag:'x/y',t:none,t:lowercase,nolog"
        let actions = try ActionsSyntax(parsing: Array(text.utf8))
        #expect(actions.id == 7)
        #expect(actions.message == TemplateSyntax(text: Array("it's a, b".utf8)))
        #expect(
            actions.assignments.map(\.operation) == [
                .set(TemplateSyntax(text: Array("b, c".utf8))), .set(TemplateSyntax(text: Array("e,f".utf8))),
            ])
        #expect(actions.transformations == ["none", "lowercase"])
        #expect(actions.reports == [false])
    }

    @Test func assignmentsAddSubtractSetAndRemove() throws {
        func read(_ text: String) throws -> AssignmentSyntax { try AssignmentSyntax(parsing: Array(text.utf8)) }
        let five = TemplateSyntax(text: Array("5".utf8))
        #expect(try read("tx.a=+5").operation == .add(five))
        #expect(try read("TX:a=-5").operation == .subtract(five))
        #expect(try read("ip.a").operation == .set(TemplateSyntax(text: Array("1".utf8))))
        #expect(try read("!tx.a").operation == .remove)
        let macro = try read("tx.a_%{matched_var_name}=%{tx.1}")
        #expect(
            macro.name.parts == [.text(Array("a_".utf8)), .variable(.known(.matchedVarName), name: "")])
        #expect(macro.operation == .set(TemplateSyntax(parts: [.variable(.known(.tx), name: "1")])))
    }
}
