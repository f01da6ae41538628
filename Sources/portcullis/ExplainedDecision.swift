import ArgumentParser
import GateIdentity
import GatePrimitives
import GateSettings

/// One decision of the running gateway, as its admin interface tells it.
struct ExplainedDecision {
    private let answer: AdminClient.Answer
    private let id: String

    /// Asks the gateway that runs with the configuration at `config` for the decision `id`.
    init(id: String, config: String) throws {
        let settings = try GoodSettings.load(config)
        guard let admin = settings.admin else { throw TokenFailure("\(config) has no admin interface") }
        guard id.utf8.allSatisfy({ ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x61 && $0 <= 0x66) }), !id.isEmpty else {
            throw ValidationError("\(id) is no decision id: it is what x-request-id carried")
        }
        self.id = id
        let token = try admin.token.map { try GoodSettings.secret($0.value) }
        answer = try AdminClient.get("/decisions/\(id)", from: admin.address.value, token: token)
    }

    /// Prints it, as the JSON that the gateway gave or as one fact a line.
    func print(json: Bool) throws {
        guard answer.status == 200 else {
            let reason =
                answer.status == 404 ? "the gateway has forgotten it, or never made it" : "status \(answer.status)"
            throw TokenFailure("decision \(id): \(reason)")
        }
        let text = String(decoding: answer.body, as: UTF8.self)
        guard !json, case .object(let members) = try? JSONReader.read(answer.body.span) else {
            return printOutput(text.hasSuffix("\n") ? String(text.dropLast()) : text)
        }
        let width = members.map(\.name.count).max() ?? 0
        for member in members {
            let name = String(decoding: member.name, as: UTF8.self)
            let value = member.value.string ?? member.value.text
            printOutput(
                name + String(repeating: " ", count: width - member.name.count) + "  "
                    + String(decoding: value, as: UTF8.self))
        }
    }
}

/// The settings of a configuration that loads.
enum GoodSettings {
    /// The settings at `path`; prints every problem where it does not load.
    static func load(_ path: String) throws -> Settings {
        let checked = ConfigurationCheck(path)
        guard let settings = checked.settings else {
            checked.lines.forEach(printError)
            throw ExitCode(1)
        }
        return settings
    }

    /// The secret behind a reference.
    static func secret(_ reference: SecretReference) throws -> String {
        switch reference {
        case .file(let path):
            let bytes = try TokenFile.read(path.path, maxBytes: 1 << 16, isPrivate: true)
            return String(decoding: bytes.last == 0x0A ? bytes.dropLast() : bytes[...], as: UTF8.self)
        case .environment(let name):
            guard let value = DiskFiles().environment(name) else { throw TokenFailure("\(name) is not set") }
            return value
        }
    }
}
