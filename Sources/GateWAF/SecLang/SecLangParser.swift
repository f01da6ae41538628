/// What a file of rules says, in its order.
enum SecLangStatement {
    /// `SecRule` or `SecAction`.
    case rule(RuleSyntax)
    /// `SecMarker`.
    case marker(String)
    /// `SecDefaultAction`.
    case defaultAction(ActionsSyntax)
    /// `SecRuleRemoveById`.
    case removeByID([ClosedRange<Int>])
    /// `SecRuleRemoveByTag`.
    case removeByTag([UInt8])
    /// `SecRuleRemoveByMsg`.
    case removeByMessage([UInt8])
    /// `SecRuleUpdateTargetById`.
    case updateTargetByID([ClosedRange<Int>], [TargetSyntax])
    /// `SecRuleUpdateTargetByTag`.
    case updateTargetByTag([UInt8], [TargetSyntax])
    /// `SecRuleUpdateTargetByMsg`.
    case updateTargetByMessage([UInt8], [TargetSyntax])
    /// `SecRuleUpdateActionById`.
    case updateActionByID([ClosedRange<Int>], ActionsSyntax)
}

/// A statement and where it stands.
struct LocatedStatement {
    let source: Int
    let line: Int
    let statement: SecLangStatement
}

/// Reads a file of rules; whatever it does not understand is a problem with its line.
struct SecLangParser {
    private let source: Int
    private let file: RuleSource

    /// A parser of the file at index `source`.
    init(_ file: RuleSource, source: Int) {
        self.file = file
        self.source = source
    }

    /// All statements of the file. LIMIT: 1,000 problems, then the file is given up.
    func statements(problems: inout [RuleProblem]) -> [LocatedStatement] {
        guard String(validating: file.bytes, as: UTF8.self) != nil else {
            problems.append(problem(1, SecLangError("the file is not UTF-8", remedy: "write other bytes as \\x..")))
            return []
        }
        var lexer = SecLangLexer(file.bytes)
        var statements: [LocatedStatement] = []
        var line = 1
        var budget = 1000
        while budget > 0 {
            do throws(SecLangError) {
                guard let directive = try lexer.next() else { break }
                line = directive.line
                if let statement = try statement(directive) {
                    statements.append(LocatedStatement(source: source, line: line, statement: statement))
                }
            } catch {
                problems.append(problem(lexer.directiveLine, error))
                lexer.skipDirective()
                budget -= 1
            }
        }
        return statements
    }

    private func problem(_ line: Int, _ error: SecLangError) -> RuleProblem {
        RuleProblem(path: file.path, line: line, message: error.message, remedy: error.remedy)
    }

    private func statement(_ directive: SecLangDirective) throws(SecLangError) -> SecLangStatement? {
        let arguments = directive.arguments
        switch directive.name.lowercased() {
        case "secrule": return .rule(try rule(directive))
        case "secaction":
            try expect(arguments, 1...1, "its actions")
            let actions = try ActionsSyntax(parsing: arguments[0].bytes)
            return .rule(
                RuleSyntax(source: source, line: directive.line, targets: [], operation: nil, actions: actions))
        case "secmarker":
            try expect(arguments, 1...1, "a name")
            return .marker(arguments[0].text)
        case "secdefaultaction":
            try expect(arguments, 1...1, "its actions")
            return .defaultAction(try ActionsSyntax(parsing: arguments[0].bytes))
        case "secruleremovebyid":
            try expect(arguments, 1...1000, "ids of rules")
            return .removeByID(try RuleIDs.parse(arguments.map(\.text).joined(separator: " ")))
        case "secruleremovebytag":
            try expect(arguments, 1...1, "a tag")
            return .removeByTag(arguments[0].bytes)
        case "secruleremovebymsg":
            try expect(arguments, 1...1, "a message")
            return .removeByMessage(arguments[0].bytes)
        case "secruleupdatetargetbyid":
            return .updateTargetByID(try RuleIDs.parse(try first(arguments)), try updatedTargets(arguments))
        case "secruleupdatetargetbytag":
            return .updateTargetByTag(Array(try first(arguments).utf8), try updatedTargets(arguments))
        case "secruleupdatetargetbymsg":
            return .updateTargetByMessage(Array(try first(arguments).utf8), try updatedTargets(arguments))
        case "secruleupdateactionbyid":
            try expect(arguments, 2...2, "the id of a rule and actions")
            return .updateActionByID(
                try RuleIDs.parse(arguments[0].text), try ActionsSyntax(parsing: arguments[1].bytes))
        default:
            try BaseDirective.check(directive)
            return nil
        }
    }

    private func rule(_ directive: SecLangDirective) throws(SecLangError) -> RuleSyntax {
        try expect(directive.arguments, 2...3, "targets, a test and actions")
        let targets = try TargetSyntax.list(directive.arguments[0].bytes)
        let operation = try OperatorSyntax(parsing: directive.arguments[1].bytes)
        var actions = ActionsSyntax()
        if directive.arguments.count == 3 { actions = try ActionsSyntax(parsing: directive.arguments[2].bytes) }
        return RuleSyntax(
            source: source, line: directive.line, targets: targets, operation: operation, actions: actions)
    }

    private func first(_ arguments: [SecLangArgument]) throws(SecLangError) -> String {
        try expect(arguments, 2...2, "rules and targets")
        return arguments[0].text
    }

    private func updatedTargets(_ arguments: [SecLangArgument]) throws(SecLangError) -> [TargetSyntax] {
        try TargetSyntax.list(arguments[1].bytes, commaSeparates: true)
    }

    private func expect(_ arguments: [SecLangArgument], _ count: ClosedRange<Int>, _ what: String) throws(SecLangError)
    {
        guard count.contains(arguments.count) else {
            throw SecLangError(
                "the directive has \(arguments.count) arguments", remedy: "write \(what), each in double quotes")
        }
    }
}

extension OperatorSyntax {
    /// Reads `@name argument`, with `!` before it where it is negated; what begins otherwise is an expression.
    init(parsing bytes: [UInt8]) throws(SecLangError) {
        var rest = bytes[...]
        while let first = rest.first, first == UInt8(ascii: " ") || first == UInt8(ascii: "\t") {
            rest = rest.dropFirst()
        }
        isNegated = false
        if rest.first == UInt8(ascii: "!") {
            isNegated = true
            rest = rest.dropFirst()
            while rest.first == UInt8(ascii: " ") { rest = rest.dropFirst() }
        }
        guard rest.first == UInt8(ascii: "@") else {
            name = "rx"
            argument = Array(rest)
            return
        }
        let word = rest.dropFirst().prefix { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
        name = String(decoding: word, as: UTF8.self).lowercased()
        guard !name.isEmpty else { throw SecLangError("a test has no name", remedy: "write @rx, @pm or another") }
        var argument = rest[word.endIndex...]
        while let first = argument.first, first == UInt8(ascii: " ") || first == UInt8(ascii: "\t") {
            argument = argument.dropFirst()
        }
        self.argument = Array(argument)
    }
}
