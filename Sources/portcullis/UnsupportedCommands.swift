import ArgumentParser

/// A command that users of the documented interface may try and this version does not have; hidden from `--help`.
///
/// It takes any arguments, says so, and exits 64: a script must not mistake it for a check that passed.
protocol UnsupportedCommand: ParsableCommand {
    /// The command's name.
    static var name: String { get }
}

extension UnsupportedCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: name, abstract: "Not in this version.", shouldDisplay: false)
    }

    func run() throws {
        throw ValidationError("\(Self.name): not in this version")
    }
}

/// `portcullis test`.
struct TestCommand: UnsupportedCommand {
    static let name = "test"
    @Argument(parsing: .captureForPassthrough) var arguments: [String] = []
}

/// `portcullis plan`.
struct PlanCommand: UnsupportedCommand {
    static let name = "plan"
    @Argument(parsing: .captureForPassthrough) var arguments: [String] = []
}

/// `portcullis apply`.
struct ApplyCommand: UnsupportedCommand {
    static let name = "apply"
    @Argument(parsing: .captureForPassthrough) var arguments: [String] = []
}

/// `portcullis audit`.
struct AuditCommand: UnsupportedCommand {
    static let name = "audit"
    @Argument(parsing: .captureForPassthrough) var arguments: [String] = []
}

/// `portcullis import`.
struct ImportCommand: UnsupportedCommand {
    static let name = "import"
    @Argument(parsing: .captureForPassthrough) var arguments: [String] = []
}
