import ArgumentParser

/// The root of the command line.
@main
struct Portcullis: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "portcullis",
        abstract: "An API gateway: the only door to private backends.",
        discussion: """
            Exit status: 0 success, 1 a check failed, 2 a difference was found, 64 bad usage.
            """,
        version: Version.number,
        subcommands: [
            RunCommand.self, CheckCommand.self, ExplainCommand.self, WAFCommand.self, TokenCommand.self,
            DemoCommand.self,
            VersionCommand.self,
            SampleBackendCommand.self, WorkerCommand.self,
            TestCommand.self, PlanCommand.self, ApplyCommand.self, AuditCommand.self, ImportCommand.self,
        ]
    )
}
