import ArgumentParser
import GateConfig
import GatePrimitives
import GateSettings
import GateWAF

/// `portcullis waf check`: compiles a rule set and says what it holds and costs.
struct WAFCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Compile rule files and report what they hold and cost.",
        discussion: """
            Prints every problem as `file:line: error: what is wrong (what to write instead)`. Exit status 1 if there \
            is one.
            """)

    @Argument(help: "Rule files or patterns, in the order in which they are read.") var rules: [String]
    @Option(help: ArgumentHelp("The Core Rule Set's paranoia level, 1 to 4.", valueName: "level")) var paranoia: Int?
    @Flag(help: "Print one JSON object.") var json = false

    func validate() throws {
        if let paranoia, !(1...4).contains(paranoia) { throw ValidationError("--paranoia takes 1 to 4") }
    }

    func run() throws {
        let sources = try RuleSetArguments.sources(rules)
        var options = RuleSetOptions()
        options.paranoiaLevel = paranoia
        let memoryBefore = ProcessMemory.resident
        let begin = MonotonicInstant.now()
        let compiled = RuleSetLoader(files: DiskFiles()).compile(sources, options: options)
        let report = RuleSetReport(
            sources: sources, compiled: compiled, time: MonotonicInstant.now().since(begin),
            memory: max(0, ProcessMemory.resident - memoryBefore))
        if json { printOutput(report.json.rendered) } else { report.lines.forEach(printOutput) }
        if compiled.rules == nil { throw ExitCode(1) }
    }
}

/// What compiling a rule set gave.
struct RuleSetReport {
    let sources: [RuleSource]
    let compiled: RuleSetLoader.Compiled
    let time: TimeSpan
    let memory: Int

    /// The report for people.
    var lines: [String] {
        guard let summary = compiled.rules?.summary else {
            let count = compiled.problems.count
            return compiled.problems.map(\.sentence) + ["\(count) problem\(count == 1 ? "" : "s")"]
        }
        let phases = summary.rulesByPhase.enumerated().map { "\($0.element) in phase \($0.offset + 1)" }
        let share = summary.patterns == 0 ? 100 : summary.prefilteredPatterns * 100 / summary.patterns
        return [
            "files:     \(sources.count), and \(compiled.dataFiles.count) of data",
            "rules:     \(summary.rules): \(phases.joined(separator: ", "))",
            "patterns:  \(summary.patterns), \(share) % behind the prefilter"
                + (summary.interpretedPatterns > 0 ? ", \(summary.interpretedPatterns) without machine code" : ""),
            "chains:    \(summary.transformationChains) of transformations",
            "memory:    \((memory + 1023) / 1024) KiB",
            "time:      \(time.milliseconds) ms",
        ]
    }

    /// The report for programs.
    var json: JSONOutput {
        let problems = compiled.problems.map { problem in
            JSONOutput.object([
                .init("file", .text(problem.path)), .init("line", .number(problem.line)),
                .init("problem", .text(problem.message)), .init("remedy", .text(problem.remedy)),
            ])
        }
        var members: [JSONOutput.Member] = [
            .init("good", .flag(compiled.rules != nil)), .init("problems", .array(problems)),
            .init("files", .number(sources.count)), .init("dataFiles", .number(compiled.dataFiles.count)),
        ]
        if let summary = compiled.rules?.summary {
            members += [
                .init("rules", .number(summary.rules)),
                .init("rulesByPhase", .array(summary.rulesByPhase.map { .number($0) })),
                .init("patterns", .number(summary.patterns)),
                .init("prefilteredPatterns", .number(summary.prefilteredPatterns)),
                .init("interpretedPatterns", .number(summary.interpretedPatterns)),
                .init("transformationChains", .number(summary.transformationChains)),
                .init("memoryBytes", .number(memory)), .init("milliseconds", .number(Int(time.milliseconds))),
            ]
        }
        return .object(members)
    }
}

/// What this process has in memory.
enum ProcessMemory {
    /// Resident bytes; 0 where the kernel does not say.
    static var resident: Int {
        guard let bytes = try? CommandFile.read("/proc/self/statm", maxBytes: 4096, isPrivate: false),
            let pages = String(decoding: bytes, as: UTF8.self).split(separator: " ").dropFirst().first.flatMap({
                Int($0)
            })
        else { return 0 }
        return pages * 4096
    }
}
