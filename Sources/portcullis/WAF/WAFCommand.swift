import ArgumentParser

/// `portcullis waf`: rule sets of the web application firewall, without a gateway.
struct WAFCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "waf",
        abstract: "Compile rule sets, run requests through them, rehearse them on a log.",
        subcommands: [WAFCheckCommand.self, WAFRunCommand.self, WAFReplayCommand.self]
    )
}
