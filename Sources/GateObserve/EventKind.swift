/// How much an event matters.
public enum EventLevel: UInt8, Sendable, CaseIterable, Comparable {
    /// What happens in the normal course.
    case info
    /// What an operator may want to look at.
    case warn
    /// What an operator must look at.
    case error

    /// The word in the log.
    public var word: String {
        switch self {
        case .info: "info"
        case .warn: "warn"
        case .error: "error"
        }
    }

    /// Whether this level matters less.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// What happened: the kinds of the event log. Phrases that operators grep for are nginx's.
public enum EventKind: UInt8, Sendable, CaseIterable {
    // The process.
    /// The gateway is ready for traffic.
    case started
    /// A listener is open.
    case listening
    /// A new configuration is in force.
    case configurationReloaded
    /// A new configuration was refused; the old one stays.
    case configurationReloadFailed
    /// Files of certificates, keys or revocation lists changed, and are in force.
    case certificatesRenewed
    /// Such files changed and cannot be used; the old ones stay.
    case certificateRenewalFailed
    /// A setting that weakens the gateway is in force.
    case waiver
    /// The process takes no new connections.
    case draining
    /// The process ends.
    case stopped
    /// A worker died and was started again.
    case workerRestarted
    /// Log files were opened anew.
    case logsReopened
    /// A log file could not be opened anew; the old one stays in use.
    case logReopenFailed
    /// Log lines were lost (attacks 75).
    case logLinesDropped
    /// A certificate expires soon.
    case certificateExpiring
    /// Descriptors or another resource ran out; accepting pauses.
    case acceptPaused
    /// Accepting goes on.
    case acceptResumed

    // Connections and requests.
    /// A connection was closed before a request existed.
    case connectionRefused
    /// A TLS handshake failed.
    case handshakeFailed
    /// A request to the admin or telemetry listener was refused.
    case adminDenied
    /// A body is larger than its route allows.
    case clientBodyTooLarge
    /// A limit refused.
    case limitingRequests
    /// A limit delayed.
    case delayingRequest
    /// The gateway refused for want of its own resources.
    case overloaded
    /// A bug: one request failed with an internal error.
    case internalError
    /// A rule set gave no answer to a request in time, or none at all.
    case inspectionFailed

    // Upstreams.
    /// No endpoint of an upstream is healthy.
    case noLiveUpstreams
    /// An upstream's connections are all in use.
    case upstreamSaturated
    /// An endpoint refused or was unreachable.
    case upstreamConnectFailed
    /// An endpoint did not accept in time.
    case upstreamConnectTimedOut
    /// An endpoint did not answer in time.
    case upstreamHeaderTimedOut
    /// An endpoint stopped in the middle of its response.
    case upstreamBodyTimedOut
    /// TLS to an endpoint failed.
    case upstreamHandshakeFailed
    /// An endpoint closed too early.
    case upstreamClosed
    /// An endpoint's response is not valid.
    case upstreamInvalidResponse
    /// An endpoint resolved to an address that is refused.
    case upstreamAddressRefused
    /// A name did not resolve.
    case nameResolutionFailed
    /// An endpoint became healthy or unhealthy.
    case endpointHealthChanged

    // Key sets.
    /// A key set was fetched.
    case keySetFetched
    /// A key set could not be fetched.
    case keySetFetchFailed
    /// A key set is missing or too old, and requests are refused for it.
    case keySetUnavailable
}

extension EventKind {
    /// How much it matters.
    public var level: EventLevel {
        switch self {
        case .started, .listening, .configurationReloaded, .certificatesRenewed, .draining, .stopped, .logsReopened,
            .acceptResumed,
            .connectionRefused, .handshakeFailed, .delayingRequest, .endpointHealthChanged, .keySetFetched:
            .info
        case .waiver, .certificateExpiring, .adminDenied, .clientBodyTooLarge, .limitingRequests, .upstreamSaturated,
            .keySetFetchFailed, .logLinesDropped, .nameResolutionFailed:
            .warn
        case .configurationReloadFailed, .certificateRenewalFailed, .workerRestarted, .logReopenFailed, .acceptPaused,
            .overloaded, .internalError, .inspectionFailed, .noLiveUpstreams, .upstreamConnectFailed,
            .upstreamConnectTimedOut,
            .upstreamHeaderTimedOut, .upstreamBodyTimedOut, .upstreamHandshakeFailed, .upstreamClosed,
            .upstreamInvalidResponse, .upstreamAddressRefused, .keySetUnavailable:
            .error
        }
    }

    /// The phrase for people, and for their grep.
    public var message: String {
        switch self {
        case .started: "ready"
        case .listening: "listening"
        case .configurationReloaded: "configuration reloaded"
        case .configurationReloadFailed: "configuration not reloaded, the old one stays in force"
        case .certificatesRenewed: "certificates reloaded"
        case .certificateRenewalFailed: "certificates not reloaded, the old ones stay in force"
        case .waiver: "insecure setting in force"
        case .draining: "draining"
        case .stopped: "stopped"
        case .workerRestarted: "worker restarted"
        case .logsReopened: "log files reopened"
        case .logReopenFailed: "log file not reopened, the old one stays in use"
        case .logLinesDropped: "log lines dropped"
        case .certificateExpiring: "certificate expires soon"
        case .acceptPaused: "accepting paused"
        case .acceptResumed: "accepting resumed"
        case .connectionRefused: "connection refused before a request"
        case .handshakeFailed: "TLS handshake failed"
        case .adminDenied: "admin request denied"
        case .clientBodyTooLarge: "client intended to send too large body"
        case .limitingRequests: "limiting requests"
        case .delayingRequest: "delaying request"
        case .overloaded: "gateway overloaded"
        case .internalError: "internal error"
        case .inspectionFailed: "request could not be inspected"
        case .noLiveUpstreams: "no live upstreams"
        case .upstreamSaturated: "upstream saturated"
        case .upstreamConnectFailed: "connect() failed while connecting to upstream"
        case .upstreamConnectTimedOut: "upstream timed out while connecting to upstream"
        case .upstreamHeaderTimedOut: "upstream timed out while reading response header from upstream"
        case .upstreamBodyTimedOut: "upstream timed out while reading upstream"
        case .upstreamHandshakeFailed: "TLS handshake failed while connecting to upstream"
        case .upstreamClosed: "upstream prematurely closed connection"
        case .upstreamInvalidResponse: "upstream sent an invalid response"
        case .upstreamAddressRefused: "upstream address refused"
        case .nameResolutionFailed: "host not found in upstream"
        case .endpointHealthChanged: "endpoint health changed"
        case .keySetFetched: "key set fetched"
        case .keySetFetchFailed: "key set not fetched"
        case .keySetUnavailable: "key set unavailable"
        }
    }

    /// Whether strangers can cause it as often as they like, so that it must be limited.
    var isLimited: Bool {
        switch self {
        case .started, .listening, .configurationReloaded, .configurationReloadFailed, .certificatesRenewed,
            .certificateRenewalFailed, .waiver, .draining, .stopped,
            .workerRestarted, .logsReopened, .logReopenFailed:
            false
        default: true
        }
    }
}
