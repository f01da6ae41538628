import ArgumentParser

/// `portcullis sample-backend`: the demo's backend, a process of its own; hidden from `--help`.
struct SampleBackendCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sample-backend", abstract: "The demo's backend.", shouldDisplay: false)

    func run() throws {
        throw ExitCode(SampleBackend.run())
    }
}
