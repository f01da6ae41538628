import GatePrimitives

extension EventKind {
    /// The event that an exchange's outcome is worth, where it is worth one.
    ///
    /// Refusals of single requests stand in the access log alone; what points at a limit, a backend or the gateway
    /// itself is an event too, as with nginx.
    init?(outcome record: borrowing ExchangeRecord) {
        switch record.reason {
        case .bodyTooLarge, .wafBodyLimit, .decompressLimit: self = .clientBodyTooLarge
        case .rateLimited: self = .limitingRequests
        case .noLiveUpstream: self = .noLiveUpstreams
        case .upstreamSaturated: self = .upstreamSaturated
        case .upstreamConnectFailed: self = .upstreamConnectFailed
        case .upstreamConnectTimeout: self = .upstreamConnectTimedOut
        case .upstreamTimeout:
            // A response that has begun keeps its own status; only a header that never came is answered with 504.
            self = record.status == 504 || record.status == 0 ? .upstreamHeaderTimedOut : .upstreamBodyTimedOut
        case .upstreamTLSFailed: self = .upstreamHandshakeFailed
        case .upstreamReset: self = .upstreamClosed
        case .badUpstreamResponse: self = .upstreamInvalidResponse
        case .upstreamAddressRefused: self = .upstreamAddressRefused
        case .dnsError: self = .nameResolutionFailed
        case .jwksUnavailable: self = .keySetUnavailable
        case .overload: self = .overloaded
        case .internalError, .undecided: self = .internalError
        case .wafFailed, .wafTimeout, .wafResponseLimit: self = .inspectionFailed
        // A rule set that only detects lets pass what it cannot judge: an alarm all the same.
        case _ where record.inspection.verdict == .failed: self = .inspectionFailed
        default:
            guard record.limitDelay > .zero else { return nil }
            self = .delayingRequest
        }
    }

    /// The facts of that event.
    static func fields(of record: borrowing ExchangeRecord) -> [EventField] {
        var fields = [
            EventField("id", record.id.description), EventField("client", record.client ?? record.connection.peer),
            EventField("reason", record.reason.rawValue),
        ]
        if let route = record.names.routes.at(record.route) { fields.append(EventField("route", route)) }
        if let limit = record.names.limits.at(record.limit) {
            fields.append(EventField("limit", limit))
            fields.append(EventField("excess", Int(record.limitExcess)))
        }
        if record.limitDelay > .zero { fields.append(EventField("delay_ms", Int(record.limitDelay.milliseconds))) }
        if let ruleSet = record.names.ruleSets.at(record.inspection.ruleSet) {
            fields.append(EventField("rule_set", ruleSet))
        }
        if let upstream = record.names.upstreams.at(record.upstream) {
            fields.append(EventField("upstream", upstream.name))
            if let endpoint = upstream.endpoints.at(record.endpoint) { fields.append(EventField("endpoint", endpoint)) }
        }
        return fields
    }
}
