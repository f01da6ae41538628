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
        let (settings, _) = try ConfigurationCheck(config).good()
        guard let admin = settings.admin else { throw CommandFailure("\(config) has no admin interface") }
        guard id.utf8.allSatisfy({ ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x61 && $0 <= 0x66) }), !id.isEmpty else {
            throw ValidationError("\(id) is no decision id: it is what x-request-id carried")
        }
        self.id = id
        let token = try admin.token?.value.resolved()
        answer = try AdminClient.get("/decisions/\(id)", from: admin.address.value, token: token)
    }

    /// Prints it, as the JSON that the gateway gave or as one fact a line.
    func print(json: Bool) throws {
        guard answer.status == 200 else {
            let reason =
                answer.status == 404 ? "the gateway has forgotten it, or never made it" : "status \(answer.status)"
            throw CommandFailure("decision \(id): \(reason)")
        }
        let text = String(decoding: answer.body, as: UTF8.self)
        guard !json, case .object(let members) = try? JSONReader.read(answer.body.span) else {
            return printOutput(String(text.reversed().drop { $0.isNewline }.reversed()))
        }
        let rows = members.flatMap { Self.rows($0.value, name: String(decoding: $0.name, as: UTF8.self)) }
        let width = rows.map(\.name.count).max() ?? 0
        for row in rows {
            printOutput(row.name + String(repeating: " ", count: width - row.name.count) + "  " + row.value)
        }
    }

    /// One fact a row: the outcome's members as they are, steps by their names, others below the name of their whole.
    private static func rows(_ value: JSONNode, name: String) -> [(name: String, value: String)] {
        switch value {
        case .object(let members):
            return members.flatMap { member in
                let own = String(decoding: member.name, as: UTF8.self)
                return rows(member.value, name: name == "outcome" ? own : "\(name).\(own)")
            }
        case .array(let elements):
            return elements.flatMap { element -> [(name: String, value: String)] in
                if element["rule"] != nil { return [("\(name.dropLast()) \(text(element, "rule"))", match(element))] }
                guard let step = element["step"]?.string, case .object(let members) = element else {
                    return rows(element, name: name)
                }
                let words = members.filter { $0.value.string != step }.map { shown($0.value) }
                return [("step \(String(decoding: step, as: UTF8.self))", words.joined(separator: ": "))]
            }
        default: return [(name, shown(value))]
        }
    }

    /// One rule that matched: where, how grave, what it says, the value.
    private static func match(_ rule: JSONNode) -> String {
        let words = ["where", "value", "severity", "message"].map { text(rule, $0) }
        return words.filter { !$0.isEmpty }.joined(separator: "  ")
    }

    private static func text(_ node: JSONNode, _ name: String) -> String { node[name].map(shown) ?? "" }

    private static func shown(_ value: JSONNode) -> String {
        String(decoding: value.string ?? value.text, as: UTF8.self)
    }
}

extension SecretReference {
    /// The secret itself.
    fileprivate func resolved() throws -> String {
        switch self {
        case .file(let path):
            let bytes = try CommandFile.read(path.path, maxBytes: 1 << 16, isPrivate: true)
            return String(decoding: bytes.last == 0x0A ? bytes.dropLast() : bytes[...], as: UTF8.self)
        case .environment(let name):
            guard let value = DiskFiles().environment(name) else { throw CommandFailure("\(name) is not set") }
            return value
        }
    }
}
