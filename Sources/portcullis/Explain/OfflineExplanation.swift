import ArgumentParser
import GateExchange
import GateIdentity
import GatePlan
import GatePrimitives
import GateSettings

/// One request, run through the decision code without a socket.
struct OfflineExplanation {
    private let request: ExplainedRequest
    private let lines: [Explainer.Line]
    private let verdict: Explainer.Verdict

    /// Explains `request` as a client at `client` would send it to the listener of that name.
    init(
        _ request: ExplainedRequest, plan: Plan, settings: Settings, listener: String?, client: String,
        clientCertificate: [UInt8]?, keySets: [String: KeySet], body: [UInt8]?
    ) throws {
        self.request = request
        guard let index = Self.listener(listener, for: request, in: plan, settings) else {
            throw ValidationError(
                "name one of the listeners with --listener: \(plan.listeners.map(\.name).joined(separator: ", "))")
        }
        var explainer = Explainer(
            plan: plan, listener: index, client: IPAddress(client), clientCertificate: clientCertificate,
            keySets: keySets, body: body, now: .now())
        (lines, verdict) = explainer.explain(head: request.head)
    }

    /// The listener of that name; without a name the only one that speaks the URL's scheme.
    private static func listener(
        _ name: String?, for request: ExplainedRequest, in plan: Plan, _ settings: Settings
    ) -> Int? {
        let fitting = settings.listeners.filter { ($0.tls != nil) == request.isTLS }.map(\.name)
        guard let wanted = name ?? (fitting.count == 1 ? fitting[0] : nil) else { return nil }
        return plan.listeners.firstIndex { $0.name == wanted }
    }

    /// The verdict in words.
    private var sentence: String {
        switch verdict {
        case .forwarded(let route, let upstream): "forwarded: route \(route), upstream \(upstream)"
        case .refused(let fault):
            "refused: \(fault.code.status) \(fault.code.word), step \(fault.step.word), reason \(fault.reason.rawValue)"
        case .answered(let status): "answered by the gateway: \(status)"
        case .undecided(let needs): "undecided: needs \(needs)"
        }
    }

    /// Prints each step and the verdict; exits 1 where something is missing.
    func print(json: Bool) throws {
        if json {
            let steps = lines.map { line in
                JSONOutput.object([.init("step", .text(line.step.word)), .init("text", .text(line.text))])
            }
            let members: [JSONOutput.Member] = [
                .init("steps", .array(steps)), .init("verdict", .text(word)), .init("summary", .text(sentence)),
            ]
            printOutput(JSONOutput.object(members + facts).rendered)
        } else {
            let width = lines.map(\.step.word.count).max() ?? 0
            for line in lines {
                let padding = String(repeating: " ", count: width - line.step.word.count)
                printOutput(line.step.word + padding + "  " + line.text)
            }
            printOutput(sentence)
        }
        if case .undecided = verdict { throw ExitCode(1) }
    }

    private var word: String {
        switch verdict {
        case .forwarded: "forwarded"
        case .refused: "refused"
        case .answered: "answered"
        case .undecided: "undecided"
        }
    }

    /// What belongs to the verdict, by the names of the access log.
    private var facts: [JSONOutput.Member] {
        switch verdict {
        case .forwarded(let route, let upstream):
            [.init("route", .text(route)), .init("upstream", .text(upstream))]
        case .refused(let fault):
            [
                .init("status", .number(fault.code.status)), .init("code", .text(fault.code.word)),
                .init("step", .text(fault.step.word)), .init("reason", .text(fault.reason.rawValue)),
                .init("blame", .text(fault.blame.word)),
            ]
        case .answered(let status): [.init("status", .number(status))]
        case .undecided(let needs): [.init("needs", .text(needs))]
        }
    }
}
