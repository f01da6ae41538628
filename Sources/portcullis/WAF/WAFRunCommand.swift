import ArgumentParser
import GatePattern
import GatePrimitives
import GateWAF

/// `portcullis waf run`: raw requests through a rule set, and every rule that matched.
struct WAFRunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run raw requests through a rule set and print every rule that matched.",
        discussion: """
            A request is a file with the bytes that a client would send, head and body; `-` is standard input. It is \
            read leniently, so that what no gateway would let through can be tried, too. Exit status 0 if every request \
            passes, 1 if one is refused.
            """)

    @Argument(help: "Files with one raw request each; `-` for standard input.") var requests: [String]
    @OptionGroup var rules: RuleSetArguments
    @Option(help: ArgumentHelp("The client's address.", valueName: "address")) var client = "127.0.0.1"
    @Flag(help: "Print one JSON object a request, each on a line.") var json = false

    func validate() throws {
        guard IPAddress(client) != nil else { throw ValidationError("--client \(client) is no address") }
    }

    func run() throws {
        let inspection = Inspection(ruleSet: try rules.ruleSet(), scratch: MatchScratch())
        var isRefused = false
        for name in requests {
            let bytes =
                name == "-"
                ? try CommandFile.readStandardInput(maxBytes: 64 << 20)
                : try CommandFile.read(name, maxBytes: 64 << 20, isPrivate: false)
            let found = RawInspection(bytes, in: inspection, client: Array(client.utf8))
            if found.verdict != .passed { isRefused = true }
            if json { printOutput(Self.json(found, name).rendered) } else { print(found, name) }
        }
        if isRefused { throw ExitCode(1) }
    }

    private func print(_ found: RawInspection, _ name: String) {
        if requests.count > 1 { printOutput("\(name):") }
        for match in found.matches { printOutput(match.sentence) }
        let reason =
            switch found.verdict {
            case .passed: ""
            case .blocked(let rule, let status): ", by rule \(rule) (status \(status))"
            case .unreadable(let what): ", the request cannot be inspected: \(what)"
            case .failed(let rule, let cause): ", rule \(rule) has no answer: \(cause)"
            }
        printOutput("\(found.verdict.word): score \(found.score), \(found.matches.count) rules matched\(reason)")
    }

    private static func json(_ found: RawInspection, _ name: String) -> JSONOutput {
        var members: [JSONOutput.Member] = [
            .init("request", .text(name)), .init("verdict", .text(found.verdict.word)),
            .init("score", .number(found.score)),
        ]
        switch found.verdict {
        case .passed: break
        case .blocked(let rule, let status):
            members += [.init("rule", .number(rule)), .init("status", .number(status))]
        case .unreadable(let what): members.append(.init("problem", .text(what)))
        case .failed(let rule, let cause):
            members += [.init("rule", .number(rule)), .init("problem", .text(cause))]
        }
        members.append(.init("rules", .array(found.matches.map(\.json))))
        return .object(members)
    }
}

extension RuleMatch {
    /// Where it matched: `VARIABLE` or `VARIABLE:name`.
    var place: String { name.isEmpty ? variable : "\(variable):\(name)" }

    /// The match for people, in one line.
    var sentence: String {
        let grade = severity.map { " \($0.word)" } ?? ""
        let value = excerpt.isEmpty ? "" : JSONOutput.text(excerpt).rendered
        let at = [place, value].filter { !$0.isEmpty }.joined(separator: " = ")
        return "\(rule)\(grade) phase \(phase.rawValue)" + (at.isEmpty ? "" : "  \(at)")
            + (message.isEmpty ? "" : "  \(message)") + "  (\(path):\(line))"
    }

    /// The match for programs.
    var json: JSONOutput {
        .object([
            .init("rule", .number(rule)), .init("phase", .number(Int(phase.rawValue))),
            .init("severity", severity.map { .text($0.word) } ?? .null), .init("message", .text(message)),
            .init("where", .text(place)), .init("value", .text(excerpt)), .init("logData", .text(logData)),
            .init("tags", .array(tags.map { .text($0) })), .init("file", .text(path)), .init("line", .number(line)),
        ])
    }
}
