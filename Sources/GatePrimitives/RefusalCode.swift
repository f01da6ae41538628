/// The public codes of refusals: what a client sees in problem+json.
///
/// The table of statuses is part of the contract with users; `Reason` is finer and stays in the log.
public enum RefusalCode: UInt8, Sendable, CaseIterable {
    case malformedRequest, requestTimeout, uriTooLong, headersTooLarge, bodyTooLarge, unsupportedMedia
    case noRoute, methodNotAllowed, misdirectedRequest
    case credentialsMissing, credentialsInvalid, credentialsExpired, scopeMissing, forbidden
    case unsupported, loopDetected
    case rateLimited, concurrencyLimited, wafBlocked, wafFailed, banned
    case upstreamConnectFailed, upstreamClosed, upstreamInvalidResponse, upstreamTLSFailed
    case noHealthyUpstream, upstreamSaturated, dependencyUnavailable, overloaded
    case upstreamConnectTimeout, upstreamTimeout, internalError

    /// The HTTP status that goes with the code.
    public var status: Int {
        switch self {
        case .malformedRequest: 400
        case .credentialsMissing, .credentialsInvalid, .credentialsExpired: 401
        case .scopeMissing, .forbidden, .wafBlocked, .banned: 403
        case .noRoute: 404
        case .methodNotAllowed: 405
        case .requestTimeout: 408
        case .bodyTooLarge: 413
        case .uriTooLong: 414
        case .unsupportedMedia: 415
        case .misdirectedRequest: 421
        case .rateLimited, .concurrencyLimited: 429
        case .headersTooLarge: 431
        case .internalError: 500
        case .unsupported: 501
        case .upstreamConnectFailed, .upstreamClosed, .upstreamInvalidResponse, .upstreamTLSFailed: 502
        case .noHealthyUpstream, .upstreamSaturated, .dependencyUnavailable, .overloaded, .wafFailed: 503
        case .upstreamConnectTimeout, .upstreamTimeout: 504
        case .loopDetected: 508
        }
    }

    /// The status of a gRPC call that is refused with the code, by its HTTP status.
    ///
    /// gRPC's own table for statuses of intermediaries is for clients that get no `grpc-status`, and names fewer.
    public var grpcStatus: Int {
        switch status {
        case 401: 16  // UNAUTHENTICATED
        case 403: 7  // PERMISSION_DENIED
        case 404, 405, 415, 501: 12  // UNIMPLEMENTED
        case 408, 504: 4  // DEADLINE_EXCEEDED
        case 413, 414, 429, 431: 8  // RESOURCE_EXHAUSTED
        case 421, 502, 503: 14  // UNAVAILABLE
        default: 13  // INTERNAL
        }
    }

    /// The word of the contract, as it stands in `code`.
    public var word: String {
        switch self {
        case .malformedRequest: "malformed_request"
        case .requestTimeout: "request_timeout"
        case .uriTooLong: "uri_too_long"
        case .headersTooLarge: "headers_too_large"
        case .bodyTooLarge: "body_too_large"
        case .unsupportedMedia: "unsupported_media"
        case .noRoute: "no_route"
        case .methodNotAllowed: "method_not_allowed"
        case .misdirectedRequest: "misdirected_request"
        case .credentialsMissing: "credentials_missing"
        case .credentialsInvalid: "credentials_invalid"
        case .credentialsExpired: "credentials_expired"
        case .scopeMissing: "scope_missing"
        case .forbidden: "forbidden"
        case .unsupported: "unsupported"
        case .loopDetected: "loop_detected"
        case .rateLimited: "rate_limited"
        case .concurrencyLimited: "concurrency_limited"
        case .wafBlocked: "waf_blocked"
        case .wafFailed: "waf_failed"
        case .banned: "banned"
        case .upstreamConnectFailed: "upstream_connect_failed"
        case .upstreamClosed: "upstream_closed"
        case .upstreamInvalidResponse: "upstream_invalid_response"
        case .upstreamTLSFailed: "upstream_tls_failed"
        case .noHealthyUpstream: "no_healthy_upstream"
        case .upstreamSaturated: "upstream_saturated"
        case .dependencyUnavailable: "dependency_unavailable"
        case .overloaded: "overloaded"
        case .upstreamConnectTimeout: "upstream_connect_timeout"
        case .upstreamTimeout: "upstream_timeout"
        case .internalError: "internal_error"
        }
    }

    /// One plain sentence without internals, for `title`.
    public var title: String {
        switch self {
        case .malformedRequest: "The request is malformed"
        case .requestTimeout: "The request took too long to arrive"
        case .uriTooLong: "The request target is too long"
        case .headersTooLarge: "The header fields are too large"
        case .bodyTooLarge: "The request body is too large"
        case .unsupportedMedia: "The media type is not supported"
        case .noRoute: "No such resource"
        case .methodNotAllowed: "The method is not allowed here"
        case .misdirectedRequest: "This connection does not serve that host"
        case .credentialsMissing: "Credentials are required"
        case .credentialsInvalid: "The credentials are not valid"
        case .credentialsExpired: "The credentials have expired"
        case .scopeMissing: "The credentials do not permit this"
        case .forbidden: "Access is denied"
        case .unsupported: "Not supported"
        case .loopDetected: "The request went in a circle"
        case .rateLimited: "Too many requests"
        case .concurrencyLimited: "Too many requests at once"
        case .wafBlocked: "The request was refused"
        case .wafFailed: "The request could not be inspected"
        case .banned: "Access is suspended"
        case .upstreamConnectFailed: "The service could not be reached"
        case .upstreamClosed: "The service closed the connection"
        case .upstreamInvalidResponse: "The service gave an invalid answer"
        case .upstreamTLSFailed: "The service could not be reached securely"
        case .noHealthyUpstream: "The service is not available"
        case .upstreamSaturated: "The service is saturated"
        case .dependencyUnavailable: "A dependency is not available"
        case .overloaded: "The gateway is overloaded"
        case .upstreamConnectTimeout: "The service could not be reached in time"
        case .upstreamTimeout: "The service did not answer in time"
        case .internalError: "An internal error occurred"
        }
    }
}
