/// The names of fields that the gateway itself knows, recognised while a head is parsed.
///
/// The raw value of `text` is the name in lower case, as it is compared and written. Everything else is `other`.
public enum FieldName: UInt8, Sendable, CaseIterable {
    /// A name that is not one of the known ones; its bytes stand in the head.
    case other

    // Framing and the connection (RFC 9110 §7.6.1, RFC 9112 §6).
    case connection, contentLength, transferEncoding, te, trailer, upgrade, keepAlive, proxyConnection
    case proxyAuthenticate, proxyAuthorization, http2Settings, expect

    // Routing and representation.
    case host, date, accept, acceptEncoding, acceptLanguage, acceptCharset, userAgent, referer, range,
        ifMatch
    case ifNoneMatch, ifModifiedSince, ifUnmodifiedSince, ifRange, cacheControl, pragma, priority
    case contentType, contentEncoding, contentLanguage, contentLocation, contentRange,
        contentDisposition
    case location, etag, lastModified, expires, age, vary, allow, retryAfter, acceptRanges, link
    case altSvc, server, via, xPoweredBy, strictTransportSecurity, rateLimit, rateLimitPolicy

    // Credentials and identity.
    case authorization, cookie, setCookie, wwwAuthenticate, xAPIKey
    case xAuthSubject, xAuthIssuer, xAuthScopes, xAuthIdentity

    // Forwarding (RFC 7239) and tracing (W3C Trace Context).
    case forwarded, xForwardedFor, xForwardedProto, xForwardedHost, xForwardedPort, xForwardedPrefix
    case xForwardedServer, xRealIP, xRequestID, traceparent, tracestate

    // Cross-origin requests and WebSocket (RFC 6455).
    case origin, accessControlRequestMethod, accessControlRequestHeaders, accessControlAllowOrigin
    case accessControlAllowMethods, accessControlAllowHeaders, accessControlAllowCredentials
    case accessControlExposeHeaders, accessControlMaxAge
    case secWebSocketKey, secWebSocketAccept, secWebSocketVersion, secWebSocketProtocol,
        secWebSocketExtensions

    // Names by which a request contradicts its own request line or steers a proxy (attacks 40).
    case xOriginalURL, xOriginalURI, xOriginalHost, xRewriteURL, xOverrideURL
    case xHTTPMethod, xHTTPMethodOverride, xMethodOverride, xEnvoyOriginalPath

    /// The name in lower case; empty for `other`.
    public var text: String {
        switch self {
        case .other: ""
        case .connection: "connection"
        case .contentLength: "content-length"
        case .transferEncoding: "transfer-encoding"
        case .te: "te"
        case .trailer: "trailer"
        case .upgrade: "upgrade"
        case .keepAlive: "keep-alive"
        case .proxyConnection: "proxy-connection"
        case .proxyAuthenticate: "proxy-authenticate"
        case .proxyAuthorization: "proxy-authorization"
        case .http2Settings: "http2-settings"
        case .expect: "expect"
        case .host: "host"
        case .date: "date"
        case .accept: "accept"
        case .acceptEncoding: "accept-encoding"
        case .acceptLanguage: "accept-language"
        case .acceptCharset: "accept-charset"
        case .userAgent: "user-agent"
        case .referer: "referer"
        case .range: "range"
        case .ifMatch: "if-match"
        case .ifNoneMatch: "if-none-match"
        case .ifModifiedSince: "if-modified-since"
        case .ifUnmodifiedSince: "if-unmodified-since"
        case .ifRange: "if-range"
        case .cacheControl: "cache-control"
        case .pragma: "pragma"
        case .priority: "priority"
        case .contentType: "content-type"
        case .contentEncoding: "content-encoding"
        case .contentLanguage: "content-language"
        case .contentLocation: "content-location"
        case .contentRange: "content-range"
        case .contentDisposition: "content-disposition"
        case .location: "location"
        case .etag: "etag"
        case .lastModified: "last-modified"
        case .expires: "expires"
        case .age: "age"
        case .vary: "vary"
        case .allow: "allow"
        case .retryAfter: "retry-after"
        case .acceptRanges: "accept-ranges"
        case .link: "link"
        case .altSvc: "alt-svc"
        case .server: "server"
        case .via: "via"
        case .xPoweredBy: "x-powered-by"
        case .strictTransportSecurity: "strict-transport-security"
        case .rateLimit: "ratelimit"
        case .rateLimitPolicy: "ratelimit-policy"
        case .authorization: "authorization"
        case .cookie: "cookie"
        case .setCookie: "set-cookie"
        case .wwwAuthenticate: "www-authenticate"
        case .xAPIKey: "x-api-key"
        case .xAuthSubject: "x-auth-subject"
        case .xAuthIssuer: "x-auth-issuer"
        case .xAuthScopes: "x-auth-scopes"
        case .xAuthIdentity: "x-auth-identity"
        case .forwarded: "forwarded"
        case .xForwardedFor: "x-forwarded-for"
        case .xForwardedProto: "x-forwarded-proto"
        case .xForwardedHost: "x-forwarded-host"
        case .xForwardedPort: "x-forwarded-port"
        case .xForwardedPrefix: "x-forwarded-prefix"
        case .xForwardedServer: "x-forwarded-server"
        case .xRealIP: "x-real-ip"
        case .xRequestID: "x-request-id"
        case .traceparent: "traceparent"
        case .tracestate: "tracestate"
        case .origin: "origin"
        case .accessControlRequestMethod: "access-control-request-method"
        case .accessControlRequestHeaders: "access-control-request-headers"
        case .accessControlAllowOrigin: "access-control-allow-origin"
        case .accessControlAllowMethods: "access-control-allow-methods"
        case .accessControlAllowHeaders: "access-control-allow-headers"
        case .accessControlAllowCredentials: "access-control-allow-credentials"
        case .accessControlExposeHeaders: "access-control-expose-headers"
        case .accessControlMaxAge: "access-control-max-age"
        case .secWebSocketKey: "sec-websocket-key"
        case .secWebSocketAccept: "sec-websocket-accept"
        case .secWebSocketVersion: "sec-websocket-version"
        case .secWebSocketProtocol: "sec-websocket-protocol"
        case .secWebSocketExtensions: "sec-websocket-extensions"
        case .xOriginalURL: "x-original-url"
        case .xOriginalURI: "x-original-uri"
        case .xOriginalHost: "x-original-host"
        case .xRewriteURL: "x-rewrite-url"
        case .xOverrideURL: "x-override-url"
        case .xHTTPMethod: "x-http-method"
        case .xHTTPMethodOverride: "x-http-method-override"
        case .xMethodOverride: "x-method-override"
        case .xEnvoyOriginalPath: "x-envoy-original-path"
        }
    }
}
