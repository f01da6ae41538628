/// The eight steps that one request goes through; the same words in code, logs, metrics and documents.
///
/// A step takes one type and yields a more trusted one. See ARCHITECTURE.md.
public enum Step: UInt8, Sendable, CaseIterable {
    /// Socket to connection facts.
    case accept
    /// Bytes to a bounded, timed raw head.
    case read
    /// Raw head to one canonical reading, or none.
    case vet
    /// Vetted request to a route of one plan.
    case route
    /// Who is calling, what they may do, how often.
    case admit
    /// Permit to a lease of an upstream connection.
    case dispatch
    /// Two pumps with marks; the response is vetted too.
    case relay
    /// The lease goes back; exactly one outcome.
    case finish

    /// The word that stands in logs, metrics and `explain`.
    public var word: String {
        switch self {
        case .accept: "accept"
        case .read: "read"
        case .vet: "vet"
        case .route: "route"
        case .admit: "admit"
        case .dispatch: "dispatch"
        case .relay: "relay"
        case .finish: "finish"
        }
    }
}

/// Who caused an outcome; `nobody` for a request that was served.
public enum Blame: UInt8, Sendable, CaseIterable {
    /// Nothing went wrong.
    case nobody
    /// The caller sent what is refused.
    case client
    /// The gateway itself: a bug, or a resource of its own ran out.
    case gateway
    /// The backend or what leads to it.
    case upstream
    /// The configuration or the host that runs the gateway.
    case `operator`

    /// The word that stands in the access log; empty for `nobody`.
    public var word: String {
        switch self {
        case .nobody: ""
        case .client: "client"
        case .gateway: "gateway"
        case .upstream: "upstream"
        case .operator: "operator"
        }
    }
}
