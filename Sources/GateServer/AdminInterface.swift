import GateHTTP
import GateObserve
import GatePlan
import GatePrimitives
import GateWire
import NIOCore

/// One of the gateway's own listeners: what it serves, and to whom.
struct AdminInterface {
    enum Kind { case admin, telemetry }

    let kind: Kind
    let address: SocketEndpoint
    unowned let worker: Worker

    /// What is served.
    enum Resource: Equatable {
        case metrics
        case health
        case readiness
        case configuration
        case decision(String)
        case upstreams
        case reload
        case page
    }

    /// The resource of a path; telemetry has the read-only three.
    func resource(_ method: HTTPMethod, _ path: String) -> Resource? {
        switch (method, path) {
        case (.get, "/metrics"): .metrics
        case (.get, "/healthz"): .health
        case (.get, "/readyz"): .readiness
        case _ where kind == .telemetry: nil
        case (.get, "/config"): .configuration
        case (.get, "/upstreams"): .upstreams
        case (.post, "/reload"): .reload
        case (.get, "/"): .page
        case (.get, _) where path.hasPrefix("/decisions/"): .decision(String(path.dropFirst(11)))
        default: nil
        }
    }

    /// Whether `host` is this interface's own name: a page elsewhere whose name was pointed here must not read it.
    func owns(_ host: String) -> Bool {
        switch address {
        case .unix: return host == "localhost"
        case .ip(let own, _):
            let text = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
            guard let named = IPAddress(text) else { return text == "localhost" && own.isLoopback }
            return named == own || own.isUnspecified
        case .name: return false
        }
    }

    /// Whether the caller may: on a unix socket the file's mode decides, on TCP the configured token.
    func admits(_ request: borrowing VettedRequest) -> Bool {
        guard kind == .admin, case .ip = address else { return true }
        guard let token = worker.plan.admin.token, let line = request.first(.authorization),
            request.next(.authorization, after: line) == nil
        else { return false }
        let value = request.valueText(at: line)
        guard value.lowercased().hasPrefix("bearer ") else { return false }
        return token == Secret(String(value.dropFirst(7)))
    }
}

extension ListenerSettings {
    /// What the gateway's own interfaces enforce.
    static let own = ListenerSettings(
        index: -1, tls: nil, headLimits: .standard, timeouts: DownstreamTimeouts(), maximumConnections: 1024)
}
