public import GatePrimitives

/// One backend: the endpoints that serve the same.
public struct UpstreamSettings: NamedSettings, Described {
    /// How an endpoint is chosen.
    public enum Balance: String, Word {
        /// One after the other, by weight.
        case roundRobin
        /// The one with the fewest requests for its weight.
        case leastRequest

        static let planned = ["hash"]
    }

    /// What is spoken to the endpoints.
    public enum UpstreamProtocol: String, Word {
        /// HTTP/1.1 (RFC 9112).
        case http11 = "http/1.1"
        /// HTTP/2 over TLS (RFC 9113).
        case http2 = "h2"
        /// HTTP/2 in plain text, with prior knowledge (RFC 9113 §3.3).
        case http2Plain = "h2c"
    }

    /// Its name.
    public var name = ""
    /// Where its name stands.
    public var position = SourcePosition.unknown
    /// Who serves.
    public var endpoints: [EndpointSettings] = []
    /// What is spoken.
    public var `protocol` = Located(UpstreamProtocol.http11)
    /// TLS towards the endpoints; nil for plain text.
    public var tls: UpstreamTLSSettings?
    /// How an endpoint is chosen.
    public var balance = Balance.roundRobin
    /// Deadlines.
    public var timeouts = UpstreamTimeoutSettings()
    /// Connections kept for the next request.
    public var keepAlive = KeepAliveSettings()
    /// Connections at a time to all endpoints, per loop.
    public var maxConnections = 1024
    /// Failures after which an endpoint is left alone.
    public var maxFails = 1
    /// For how long it is left alone, and within which time failures count.
    public var failTimeout = TimeSpan.seconds(10)
    /// Whether endpoints may have public addresses.
    public var allowPublicAddresses = Located(false)

    /// No endpoint.
    public init() {}

    static let schema = Schema<UpstreamSettings>(
        "upstreams.NAME", "One backend: the endpoints that serve the same.",
        [
            .required(
                "endpoints", \.endpoints, Shape<EndpointSettings>.endpoint.list(1...1_000),
                "Who serves: `ADDRESS:PORT`, `NAME:PORT`, `unix:PATH`, or a mapping with a weight. Names are resolved, and checked at every resolution."
            ),
            .defaulted(
                "protocol", \.protocol, Shape<UpstreamProtocol>.word.located, default: "http/1.1",
                "What is spoken to the endpoints, whatever the client speaks. `h2` is HTTP/2 over TLS, which the endpoint has to agree to (ALPN); `h2c` is HTTP/2 in plain text, without asking. Many requests share one connection then."
            ),
            .optional(
                "tls", \.tls, .object, absent: "plain text",
                "TLS towards the endpoints; `{}` is enough where the system's authorities vouch for them."),
            .defaulted("balance", \.balance, .word, default: "roundRobin", "How an endpoint is chosen, by weight."),
            .defaulted("timeouts", \.timeouts, .object, default: "{}", "Deadlines towards the endpoints."),
            .defaulted("keepAlive", \.keepAlive, .object, default: "{}", "Connections kept for the next request."),
            .defaulted(
                "maxConnections", \.maxConnections, .integer(1...1_000_000), default: "1024",
                "Connections at a time to all endpoints, per loop; with none free the answer is 503. It is what a slow backend can take from the others."
            ),
            .defaulted(
                "maxFails", \.maxFails, .integer(0...1_000), default: "1",
                "Failures (refused, timed out, closed without an answer) within `failTimeout` after which an endpoint is left alone, as in nginx; 0 never does."
            ),
            .defaulted(
                "failTimeout", \.failTimeout, .duration(), default: "10s",
                "Within which time failures count, and for how long the endpoint is left alone."),
            .planned("health", "Checks that take endpoints out."),
            .defaulted(
                "allowPublicAddresses", \.allowPublicAddresses, Shape<Bool>.flag.located, default: "false",
                "Whether endpoints may have public addresses. Off by default: a backend behind a gateway is private, and a name that turns public is most likely an attack. Link-local and metadata addresses are refused always."
            ),
        ])
}

/// One endpoint.
public struct EndpointSettings: Described {
    /// Where it is.
    public var address = Located(SocketEndpoint.ip(IPAddress(v4: 0), port: 0))
    /// Its share.
    public var weight = 1
    /// Where it stands.
    public var position = SourcePosition.unknown

    /// No address.
    public init() {}

    static let schema = Schema<EndpointSettings>(
        "upstreams.NAME.endpoints[]", "One endpoint with a weight.",
        [
            .required("address", \.address, Shape<SocketEndpoint>.peerAddress.located, "Where it is."),
            .defaulted("weight", \.weight, .integer(1...1_000), default: "1", "Its share of the requests."),
        ])
}

extension Shape where Value == EndpointSettings {
    /// An endpoint: its address alone, or a mapping.
    static let endpoint: Shape = Shape(
        "an address, or a mapping with `address` and `weight`", sections: { EndpointSettings.schema.sections }
    ) { node, decoding in
        guard case .scalar = node.content else { return EndpointSettings.schema.decode(node, &decoding) }
        guard let address = Shape<SocketEndpoint>.peerAddress.located.decode(node, &decoding) else { return nil }
        var endpoint = EndpointSettings()
        endpoint.address = address
        endpoint.position = node.position
        return endpoint
    } render: { endpoint in
        endpoint.weight == 1 ? .text(endpoint.address.value.description) : EndpointSettings.schema.render(endpoint)
    }
}

/// TLS towards an upstream.
public struct UpstreamTLSSettings: Described {
    /// Who vouches for the endpoints; nil: the system's authorities.
    public var ca: Located<FilePath>?
    /// The name that their certificates must have; nil: the endpoint's own.
    public var name: Located<String>?
    /// The gateway's certificate towards them.
    public var certificate: ClientCertificateSettings?
    /// Whether certificates are not verified.
    public var unsafeSkipVerification = Located(false)
    /// Where it stands.
    public var position = SourcePosition.unknown

    /// Verified by the system's authorities.
    public init() {}

    static let schema = Schema<UpstreamTLSSettings>(
        "upstreams.NAME.tls", "TLS towards an upstream. Certificates are verified.",
        [
            .optional(
                "ca", \.ca, Shape<FilePath>.file.located, absent: "the system's authorities",
                "The authorities in PEM that vouch for the endpoints."),
            .optional(
                "name", \.name, Shape<String>.text("a host", most: 253).located,
                absent: "the endpoint's own name or address",
                "The name asked for (SNI) and demanded of the certificate."),
            .optional(
                "certificate", \.certificate, .object, absent: "no client certificate",
                "The gateway's own certificate towards the endpoints."),
            .defaulted(
                "unsafeSkipVerification", \.unsafeSkipVerification, Shape<Bool>.flag.located, default: "false",
                "Whether any certificate is taken: whoever stands in the way reads and changes everything. Listed as a waiver."
            ),
        ])
}

/// The gateway's certificate towards an upstream.
public struct ClientCertificateSettings: Described {
    /// The chain in PEM.
    public var chain = Located(FilePath(written: "", path: ""))
    /// The key in PEM.
    public var key = Located(FilePath(written: "", path: ""))
    /// Where it stands.
    public var position = SourcePosition.unknown

    /// No file.
    public init() {}

    static let schema = Schema<ClientCertificateSettings>(
        "upstreams.NAME.tls.certificate", "The gateway's own certificate towards an upstream.",
        [
            .required(
                "chain", \.chain, Shape<FilePath>.file.located, "The certificates in PEM, the gateway's own first."),
            .required(
                "key", \.key, Shape<FilePath>.file.located,
                "The private key in PEM; the rules for keys of listeners hold."),
        ])
}

/// Deadlines towards an upstream.
public struct UpstreamTimeoutSettings: Described {
    /// Until a connection stands, its TLS handshake included.
    public var connect = TimeSpan.seconds(2)
    /// Between two pieces of the answer.
    public var read = TimeSpan.seconds(60)
    /// Where it stands.
    public var position = SourcePosition.unknown

    /// The defaults.
    public init() {}

    static let schema = Schema<UpstreamTimeoutSettings>(
        "upstreams.NAME.timeouts", "Deadlines towards the endpoints; a route's own replace them one by one.",
        [
            .defaulted(
                "connect", \.connect, .duration(), default: "2s",
                "Until a connection stands, its TLS handshake included; then 504. A backend of the same network answers in milliseconds."
            ),
            .defaulted(
                "read", \.read, .duration(), default: "60s",
                "Between two pieces of the answer, and before the first, as in nginx; then 504, or a cut once the answer has begun."
            ),
        ])
}

/// Connections kept for the next request.
public struct KeepAliveSettings: Described {
    /// Idle connections kept, per loop.
    public var maxIdle = 64
    /// How long one is kept.
    public var idleTimeout = TimeSpan.seconds(60)
    /// Where it stands.
    public var position = SourcePosition.unknown

    /// The defaults.
    public init() {}

    static let schema = Schema<KeepAliveSettings>(
        "upstreams.NAME.keepAlive", "Connections kept for the next request.",
        [
            .defaulted(
                "maxIdle", \.maxIdle, .integer(0...100_000), default: "64",
                "Idle connections kept, per loop; 0 keeps none."),
            .defaulted(
                "idleTimeout", \.idleTimeout, .duration(), default: "60s",
                "How long an idle connection is kept. Keep it below the backend's own, or a request meets a connection that is being closed."
            ),
        ])
}
