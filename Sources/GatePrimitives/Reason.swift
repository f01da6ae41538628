/// Why an exchange or a connection ended as it did: one fixed word, finer than the public code.
///
/// The raw value is the word in the access log's `reason` and in tests. `code`, `blame` and `keepsConnection`
/// are the one place that maps a reason to what the client sees, who is to blame and what becomes of the connection.
public enum Reason: String, Sendable, CaseIterable {
    // Served.
    case ok

    // Reading and vetting (attacks 1–17, 32–42).
    case clAndTe = "cl_and_te"
    case badTe = "bad_te"
    case unknownTe = "unknown_te"
    case badCl = "bad_cl"
    case teHttp10 = "te_http10"
    case badChunk = "bad_chunk"
    case badTrailer = "bad_trailer"
    case badHeaderByte = "bad_header_byte"
    case badHeader = "bad_header"
    case badRequestLine = "bad_request_line"
    case badVersion = "bad_version"
    case badHost = "bad_host"
    case badTarget = "bad_target"
    case badExpect = "bad_expect"
    case earlyUpgradeData = "early_upgrade_data"
    case upgradeWithBody = "upgrade_with_body"
    case hopByHopAbuse = "hop_by_hop_abuse"
    case bodyLengthMismatch = "body_length_mismatch"
    case pathTraversal = "path_traversal"
    case pathNormalised = "path_normalised"
    case pathEncoded = "path_encoded"
    case pathParam = "path_param"
    case identitySpoof = "identity_spoof"
    case requestLineTooLong = "request_line_too_long"
    case headTooLarge = "too_large"
    case bodyTooLarge = "body_too_large"
    case timeoutHeader = "timeout_header"
    case timeoutBody = "timeout_body"
    case timeoutRead = "timeout_read"
    case timeoutTLS = "timeout_tls"
    case timeoutIdle = "timeout_idle"
    case timeoutTotal = "timeout_total"
    case loop = "loop_detected"

    // Accepting.
    case addressDenied = "address_denied"
    case overload
    case proxyProto = "proxy_proto"
    case tlsFailed = "tls_failed"
    case tlsUnknownName = "tls_unknown_name"
    case tlsNoProtocol = "tls_no_protocol"
    case tlsCertificateMissing = "tls_certificate_missing"
    case tlsCertificateInvalid = "tls_certificate_invalid"
    case tlsCertificateExpired = "tls_certificate_expired"
    case tlsCertificateRevoked = "tls_certificate_revoked"
    case tlsRevocationUnknown = "tls_revocation_unknown"
    case draining
    case clientClosed = "client_closed"

    // HTTP/2 (attacks 18–31): what ends a connection or a stream before an answer.
    case h2ResetFlood = "h2_reset_flood"
    case h2StreamErrors = "h2_stream_errors"
    case h2Continuation = "h2_continuation"
    case h2EmptyFrames = "h2_empty_frames"
    case h2ControlFlood = "h2_control_flood"
    case h2HeaderList = "h2_header_list"
    case h2Malformed = "h2_malformed"
    case h2Unsendable = "h2_unsendable"
    case h2Protocol = "h2_protocol"

    // Routing.
    case noRoute = "no_route"
    case methodNotAllowed = "method_not_allowed"
    case routeAmbiguous = "route_ambiguous"
    case patternEncoding = "pattern_encoding"
    case patternLimit = "pattern_limit"
    case sniHostMismatch = "sni_host_mismatch"
    case redirected = "redirected_to_https"
    case preflight = "cors_preflight"
    case upgradeUnsupported = "upgrade_unsupported"
    case webSocketHandshake = "ws_handshake"
    case webSocketOrigin = "ws_origin"

    // Admission (attacks 44–53).
    case credentialsMissing = "credentials_missing"
    case jwtAlg = "jwt_alg"
    case jwtKid = "jwt_kid"
    case jwtCrit = "jwt_crit"
    case jwtMalformed = "jwt_malformed"
    case jwtSignature = "jwt_signature"
    case jwtClaim = "jwt_claim"
    case jwtExpired = "jwt_expired"
    case jwtNotYetValid = "jwt_not_yet_valid"
    case jwtType = "jwt_type"
    case jwtAmbiguous = "jwt_ambiguous"
    case jwksUnavailable = "jwks_unavailable"
    case certificateMismatch = "certificate_mismatch"
    case certificateExpired = "certificate_expired"
    case scopeMissing = "scope_missing"
    case claimMismatch = "claim_mismatch"
    case rateLimited = "rate_limited"
    case undecided

    // The web application firewall (attacks 57–61).
    case wafBlocked = "waf_blocked"
    case wafFailed = "waf_failed"
    case wafTimeout = "waf_timeout"
    case wafBodyLimit = "waf_body_limit"
    case wafMultipart = "waf_multipart"
    case wafUnparsable = "waf_unparsable"
    case wafResponseLimit = "waf_response_limit"
    case decompressLimit = "decompress_limit"
    case unsupportedCoding = "unsupported_coding"

    // Dispatch.
    case noLiveUpstream = "no_live_upstream"
    case upstreamSaturated = "upstream_saturated"
    case upstreamConnectFailed = "upstream_connect_failed"
    case upstreamConnectTimeout = "upstream_connect_timeout"
    case upstreamTLSFailed = "upstream_tls_failed"
    case upstreamAddressRefused = "upstream_address_refused"
    case dnsError = "dns_error"

    // Relay.
    case badUpstreamResponse = "bad_upstream_response"
    case upstreamReset = "upstream_reset"
    case upstreamTimeout = "upstream_timeout"
    case earlyFinal = "early_final"
    case clientAborted = "client_aborted"
    case webSocketFrame = "ws_frame"
    case webSocketIdle = "ws_idle"
    case credentialExpired = "credential_expired"
    case routeWithdrawn = "route_withdrawn"

    // Ours.
    case internalError = "internal_error"

    /// The public code, or nil where no refusal is answered (served, or the peer is gone).
    public var code: RefusalCode? {
        switch self {
        case .ok, .redirected, .preflight, .earlyFinal, .clientAborted, .clientClosed, .proxyProto, .tlsFailed,
            .tlsUnknownName, .tlsNoProtocol, .tlsCertificateMissing, .tlsCertificateInvalid, .tlsCertificateExpired,
            .tlsCertificateRevoked, .tlsRevocationUnknown, .timeoutTLS, .timeoutIdle, .draining, .h2ResetFlood,
            .h2StreamErrors, .h2Continuation, .h2EmptyFrames, .h2ControlFlood, .h2HeaderList, .h2Unsendable,
            .h2Protocol, .webSocketFrame, .webSocketIdle, .routeWithdrawn:
            nil
        case .clAndTe, .badTe, .badCl, .teHttp10, .badChunk, .badTrailer, .badHeaderByte, .badHeader,
            .badRequestLine, .badVersion, .badHost, .badTarget, .badExpect, .earlyUpgradeData, .upgradeWithBody,
            .hopByHopAbuse, .bodyLengthMismatch, .pathTraversal, .pathNormalised, .pathEncoded, .pathParam,
            .identitySpoof, .routeAmbiguous, .patternEncoding, .wafMultipart, .wafUnparsable,
            .h2Malformed, .webSocketHandshake:
            .malformedRequest
        case .unknownTe, .upgradeUnsupported: .unsupported
        case .requestLineTooLong: .uriTooLong
        case .headTooLarge: .headersTooLarge
        case .bodyTooLarge, .wafBodyLimit, .decompressLimit: .bodyTooLarge
        case .unsupportedCoding: .unsupportedMedia
        case .wafBlocked: .wafBlocked
        case .wafFailed, .wafTimeout, .wafResponseLimit: .wafFailed
        case .timeoutHeader, .timeoutBody, .timeoutRead, .timeoutTotal: .requestTimeout
        case .loop: .loopDetected
        case .addressDenied: .forbidden
        case .overload: .overloaded
        case .noRoute: .noRoute
        case .methodNotAllowed: .methodNotAllowed
        case .sniHostMismatch: .misdirectedRequest
        case .credentialsMissing: .credentialsMissing
        case .jwtAlg, .jwtKid, .jwtCrit, .jwtMalformed, .jwtSignature, .jwtClaim, .jwtNotYetValid, .jwtType,
            .jwtAmbiguous:
            .credentialsInvalid
        case .jwtExpired, .certificateExpired, .credentialExpired: .credentialsExpired
        case .jwksUnavailable: .dependencyUnavailable
        case .scopeMissing: .scopeMissing
        case .claimMismatch, .certificateMismatch, .webSocketOrigin: .forbidden
        case .rateLimited: .rateLimited
        case .undecided: .internalError
        case .noLiveUpstream: .noHealthyUpstream
        case .upstreamSaturated: .upstreamSaturated
        case .upstreamConnectFailed, .upstreamAddressRefused, .dnsError: .upstreamConnectFailed
        case .upstreamConnectTimeout: .upstreamConnectTimeout
        case .upstreamTLSFailed: .upstreamTLSFailed
        case .badUpstreamResponse: .upstreamInvalidResponse
        case .upstreamReset: .upstreamClosed
        case .upstreamTimeout: .upstreamTimeout
        case .patternLimit, .internalError: .internalError
        }
    }

    /// Who is to blame.
    public var blame: Blame {
        switch self {
        case .ok, .redirected, .preflight, .draining, .timeoutIdle, .clientClosed, .webSocketIdle, .credentialExpired:
            .nobody
        case .overload, .internalError, .undecided, .wafFailed, .wafTimeout: .gateway
        case .jwksUnavailable, .noLiveUpstream, .upstreamSaturated, .upstreamConnectFailed,
            .upstreamConnectTimeout, .upstreamTLSFailed, .dnsError, .badUpstreamResponse, .upstreamReset,
            .upstreamTimeout, .earlyFinal, .wafResponseLimit:
            .upstream
        case .upstreamAddressRefused, .patternLimit, .routeWithdrawn: .operator
        default: .client
        }
    }

    /// Whether the framing of the connection can still be trusted after this refusal.
    ///
    /// A refusal by policy keeps the connection; what was misread or not drained closes it.
    public var keepsConnection: Bool {
        switch self {
        case .ok, .redirected, .preflight, .noRoute, .methodNotAllowed, .sniHostMismatch, .credentialsMissing,
            .jwtAlg, .jwtKid, .jwtCrit, .jwtMalformed, .jwtSignature, .jwtClaim, .jwtExpired, .jwtNotYetValid,
            .jwtType, .jwtAmbiguous, .jwksUnavailable, .scopeMissing, .claimMismatch, .certificateMismatch,
            .certificateExpired, .rateLimited,
            .undecided,
            .routeAmbiguous, .patternEncoding, .patternLimit, .noLiveUpstream, .upstreamSaturated,
            .upstreamConnectFailed,
            .upstreamConnectTimeout, .upstreamTLSFailed, .upstreamAddressRefused, .dnsError, .badUpstreamResponse,
            .upstreamReset, .upstreamTimeout, .addressDenied, .identitySpoof, .pathTraversal, .pathNormalised,
            .pathEncoded, .pathParam, .loop, .upgradeUnsupported, .webSocketOrigin, .earlyFinal, .internalError,
            .wafBlocked, .wafFailed, .wafTimeout, .wafMultipart, .wafUnparsable, .wafResponseLimit, .decompressLimit,
            .unsupportedCoding:
            true
        default: false
        }
    }
}
