import GatePattern

extension PlanBuilder {
    /// What a rule asks, with its argument.
    mutating func test(_ syntax: RuleSyntax, _ files: some RuleFiles) -> (PlanTest, PlanArgument, Int) {
        let none = PlanArgument.constant(.empty)
        guard let operation = syntax.operation else { return (.always, none, 0) }
        let argument = String(decoding: operation.argument, as: UTF8.self)
        switch operation.name {
        case "unconditionalmatch": return (.always, none, 0)
        case "nomatch": return (.never, none, 0)
        case "rx": return (expression(operation.argument), none, 0)
        case "pm":
            guard let set = PhraseSet(parameter: operation.argument) else {
                report("the phrases hold an escape without meaning", "write |41 42| for bytes, \\\\ for a backslash")
                return (.never, none, 0)
            }
            return (phrases(set, key: "pm \(argument)"), none, 0)
        case "pmf", "pmfromfile": return (phraseFiles(argument, files), none, 0)
        case "ipmatch": return (addresses(.success(argument), fromFile: false), none, 0)
        case "ipmatchf", "ipmatchfromfile":
            return (addresses(contents(argument, files), fromFile: true), none, 0)
        case "validatebyterange":
            guard let set = ByteRangeSet(parameter: argument) else {
                report("the bytes are no list of numbers up to 255", "write such as 9,10,13,32-126")
                return (.never, none, 0)
            }
            plan.byteSets.append(set)
            return (.byteRange(Int32(plan.byteSets.count - 1)), none, 0)
        case "validateurlencoding": return (.encoding(.validateUrlEncoding), none, 0)
        case "validateutf8encoding": return (.encoding(.validateUtf8Encoding), none, 0)
        case "detectsqli": return (.sqlInjection, none, 0)
        case "detectxss": return (.scriptInjection, none, 0)
        default: return comparison(operation)
        }
    }

    private mutating func comparison(_ operation: OperatorSyntax) -> (PlanTest, PlanArgument, Int) {
        let none = PlanArgument.constant(.empty)
        let test: PlanTest
        if let number = NumericOperator(rawValue: operation.name) {
            test = .number(number)
        } else if let text = TextOperator.allCases.first(where: { $0.rawValue.lowercased() == operation.name }) {
            test = .text(text)
        } else {
            let known = PlanBuilder.unsupportedTests.contains(operation.name)
            report(
                known ? "the test @\(operation.name) is not supported" : "@\(operation.name) is not a test",
                known ? "leave the rule out by its id" : "write one of ModSecurity's operators, such as @rx")
            return (.never, none, 0)
        }
        guard let template = readTemplate(PlanBuilder.unescaped(operation.argument)) else { return (.never, none, 0) }
        guard let constant = constantText(template) else {
            return (test, .template(Int32(self.template(template, in: nil))), 0)
        }
        var value = 0
        if case .number(let number) = test { value = number.number(in: constant.span) }
        return (test, .constant(text(constant)), value)
    }

    /// A backslash before a quote only keeps the quote from ending the argument.
    private static func unescaped(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            let next = index + 1 < bytes.count ? bytes[index + 1] : 0
            if byte == UInt8(ascii: "\\"), next == UInt8(ascii: "\"") { continue }
            result.append(byte)
        }
        return result
    }

    private mutating func readTemplate(_ bytes: [UInt8]) -> TemplateSyntax? {
        do throws(SecLangError) {
            return try TemplateSyntax(parsing: bytes[...])
        } catch {
            report(error.message, error.remedy)
            return nil
        }
    }

    private mutating func expression(_ argument: [UInt8]) -> PlanTest {
        // An expression may hold %{ only as a macro, as in ModSecurity.
        guard let template = readTemplate(argument) else { return .never }
        guard let constant = constantText(template) else {
            report(
                "the expression holds a macro whose value depends on the request",
                "compare with @within, @contains or @streq instead")
            return .never
        }
        // ModSecurity's meaning of an empty expression.
        guard !constant.isEmpty else { return .always }
        let index = pattern(String(decoding: constant, as: UTF8.self), [.dotMatchesNewline, .multiline])
        return index < 0 ? .never : .expression(index)
    }

    private mutating func phrases(_ set: PhraseSet, key: String) -> PlanTest {
        if let index = phraseIndex[key] { return .phrases(Int32(index)) }
        plan.phraseSets.append(set)
        phraseIndex[key] = plan.phraseSets.count - 1
        return .phrases(Int32(plan.phraseSets.count - 1))
    }

    /// Files of phrases, several of them between spaces.
    private mutating func phraseFiles(_ argument: String, _ files: some RuleFiles) -> PlanTest {
        let directory = current.map { PlanBuilder.folder(sources[$0.source].path) } ?? ""
        let key = "file \(directory) \(argument)"
        if let index = phraseIndex[key] { return .phrases(Int32(index)) }
        var lines: [UInt8] = []
        for name in argument.split(separator: " ") {
            guard case .success(let text) = contents(String(name), files) else { return .never }
            lines += Array(text.utf8) + [0x0A]
        }
        return phrases(PhraseSet(lines: lines), key: key)
    }

    /// What a file holds that a rule names; a relative name is meant from the rule's own folder.
    private mutating func contents(_ name: String, _ files: some RuleFiles) -> Result<String, RuleFileProblem> {
        guard let current else { return .failure(RuleFileProblem(message: "no rule")) }
        let path = name.hasPrefix("/") ? name : PlanBuilder.folder(sources[current.source].path) + name
        do throws(RuleFileProblem) {
            return .success(String(decoding: try files.contents(of: path), as: UTF8.self))
        } catch {
            report("\(path) cannot be read: \(error.message)", "put the file there, or write where it is")
            return .failure(error)
        }
    }

    private static func folder(_ path: String) -> String {
        path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    }

    private mutating func addresses(_ text: Result<String, RuleFileProblem>, fromFile: Bool) -> PlanTest {
        guard case .success(let text) = text else { return .never }
        do throws(AddressOperator.Problem) {
            plan.addressSets.append(
                fromFile ? try AddressOperator(lines: text) : try AddressOperator(parameter: text))
            return .address(Int32(plan.addressSets.count - 1))
        } catch {
            report("\(error.entry) is not an address or block", "write such as 192.0.2.0/24")
            return .never
        }
    }

    /// Operators of ModSecurity that need what this engine does not have.
    private static let unsupportedTests: Set<String> = [
        "fuzzyhash", "geolookup", "gsblookup", "inspectfile", "rbl", "rsub", "rxglobal", "validatedtd", "validatehash",
        "validateschema", "verifycc", "verifycpf", "verifyssn", "verifysvnr",
    ]
}
