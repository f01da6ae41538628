import ArgumentParser
import GatePattern
import GatePrimitives
import GateWAF

/// `portcullis waf replay`: what a rule set would have refused of a log's requests, per rule.
struct WAFReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Count what a rule set would have refused of the requests in an access log.",
        discussion: """
            Reads the gateway's own log (JSON lines; what `waf_rules` says of the live request is counted, too) or \
            nginx's and Apache's combined format. A log has no bodies and few fields: the gateway's own has no query \
            either. `mode: detect` sees all of a request; this is the rehearsal before it.
            """)

    @Argument(help: "The access log; `-` for standard input.") var log: String
    @OptionGroup var rules: RuleSetArguments
    @Flag(help: "Print one JSON object.") var json = false

    func run() throws {
        let inspection = Inspection(ruleSet: try rules.ruleSet(), scratch: MatchScratch())
        let limit = 1 << 30
        let bytes =
            log == "-"
            ? try CommandFile.readStandardInput(maxBytes: limit)
            : try CommandFile.read(log, maxBytes: limit, isPrivate: false)
        var count = ReplayCount()
        for line in bytes.split(separator: 0x0a) {
            count.add(LoggedRequest(Substring(String(decoding: line, as: UTF8.self))), in: inspection)
        }
        if json { printOutput(count.json.rendered) } else { count.lines.forEach(printOutput) }
    }
}

/// What a replay counts.
struct ReplayCount {
    /// What is counted of one rule.
    struct Rule {
        var message = ""
        /// Replayed requests on which it matched.
        var replayed = 0
        /// Those of them that would have been refused.
        var blocked = 0
        /// Requests on which it matched when they were live.
        var logged = 0
    }

    private(set) var requests = 0
    private(set) var unreadable = 0
    private(set) var blocked = 0
    private(set) var failed = 0
    private(set) var logged = 0
    private(set) var rules: [Int: Rule] = [:]

    /// Runs one request of the log; nil for a line that has none.
    mutating func add(_ request: LoggedRequest?, in inspection: Inspection) {
        guard let request else {
            unreadable += 1
            return
        }
        requests += 1
        if let live = request.rules {
            logged += 1
            for rule in Set(live) { rules[rule, default: Rule()].logged += 1 }
        }
        let found = RawInspection(request.bytes, in: inspection, client: Array("127.0.0.1".utf8))
        var isBlocked = false
        switch found.verdict {
        case .passed: break
        case .blocked, .unreadable: isBlocked = true
        case .failed: failed += 1
        }
        if isBlocked { blocked += 1 }
        var seen: Set<Int> = []
        for match in found.matches where seen.insert(match.rule).inserted {
            var rule = rules[match.rule, default: Rule()]
            if rule.message.isEmpty { rule.message = match.message }
            rule.replayed += 1
            if isBlocked { rule.blocked += 1 }
            rules[match.rule] = rule
        }
    }

    private var sorted: [(id: Int, rule: Rule)] {
        rules.map { (id: $0.key, rule: $0.value) }
            .sorted {
                (-$0.rule.blocked, -$0.rule.replayed, -$0.rule.logged, $0.id) < (
                    -$1.rule.blocked, -$1.rule.replayed, -$1.rule.logged, $1.id
                )
            }
    }

    /// The count for people.
    var lines: [String] {
        var lines = [
            "\(requests) requests replayed, \(blocked) would have been refused"
                + (failed > 0 ? ", \(failed) without an answer" : "")
                + (unreadable > 0 ? ", \(unreadable) lines without a request" : "")
                + (logged > 0 ? "; rules matched \(logged) of them live" : "")
        ]
        for (id, rule) in sorted {
            lines.append(
                "\(id)  \(rule.blocked) refused, \(rule.replayed) matched"
                    + (logged > 0 ? ", \(rule.logged) live" : "") + (rule.message.isEmpty ? "" : "  \(rule.message)"))
        }
        return lines
    }

    /// The count for programs.
    var json: JSONOutput {
        .object([
            .init("requests", .number(requests)), .init("blocked", .number(blocked)),
            .init("failed", .number(failed)), .init("unreadable", .number(unreadable)),
            .init("live", .number(logged)),
            .init(
                "rules",
                .array(
                    sorted.map { id, rule in
                        .object([
                            .init("rule", .number(id)), .init("message", .text(rule.message)),
                            .init("blocked", .number(rule.blocked)), .init("matched", .number(rule.replayed)),
                            .init("live", .number(rule.logged)),
                        ])
                    })),
        ])
    }
}
