import ArgumentParser
import GatePrimitives
import GateSupervisor

/// `portcullis check`: every problem of a configuration at once, without opening a socket.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Validate a configuration without opening a socket.",
        discussion: """
            Prints every problem as `file:line:column: error: what is wrong (what to write instead)` and every \
            protection that the configuration gives up as a waiver. Exit status 1 if there is an error.
            """)

    @Option(help: ArgumentHelp("The configuration file.", valueName: "file"))
    var config: String
    @Flag(help: "Also print the worst case of memory and descriptors that it allows.")
    var capacity = false
    @Flag(help: "Print one JSON object.")
    var json = false
    @Option(help: ArgumentHelp("Print problems as event lines, for `run`.", visibility: .hidden))
    var events: LogFormat?

    func run() throws {
        let checked = ConfigurationCheck(config)
        if let events {
            checked.reportEvents(events.lines)
        } else if json {
            printOutput(checked.json(capacity: capacity).rendered)
        } else {
            for line in checked.lines { printOutput(line) }
            if capacity, let estimate = checked.capacity { estimate.lines.forEach(printOutput) }
            printOutput(checked.summary)
        }
        if !checked.isGood { throw ExitCode(1) }
    }
}

/// The form of the event log, as an option.
enum LogFormat: String, ExpressibleByArgument, CaseIterable {
    case json, text

    /// The same for the supervisor.
    var lines: EventLine.Format { self == .json ? .json : .text }
}
