public import GatePrimitives

/// One address the gateway listens on.
public struct ListenerSettings: NamedSettings, Described {
    /// Its name.
    public var name = ""
    /// Where its name stands.
    public var position = SourcePosition.unknown
    /// Where it listens.
    public var address = Located(SocketEndpoint.ip(IPAddress(v4: 0), port: 0))
    /// TLS; nil for a plain listener.
    public var tls: TLSSettings?
    /// The protocols offered.
    public var protocols: [HTTPProtocol] = [.http2, .http11]
    /// Whose PROXY header is taken; nil: nobody's.
    public var proxyProtocol: ProxyProtocolSettings?
    /// How the client's address is found behind proxies; nil: it is the peer's.
    public var clientAddress: ClientAddressSettings?
    /// Who may connect; nil: everybody.
    public var allow: [CIDR]?
    /// Who may not connect.
    public var deny: [CIDR] = []
    /// Whether it only redirects to HTTPS.
    public var redirectToHTTPS = Located(false)
    /// Bounds of what is read.
    public var limits = ListenerLimitSettings()
    /// Deadlines towards the client.
    public var timeouts = ListenerTimeoutSettings()

    /// A listener without an address.
    public init() {}

    static let schema = Schema<ListenerSettings>(
        "listeners.NAME",
        "One address the gateway listens on. The name is a label of metrics and a field of the access log.",
        [
            .required(
                "address", \.address, Shape<SocketEndpoint>.listenAddress.located,
                "Where to listen: `0.0.0.0:443`, `[::]:443` or `unix:PATH`. Names are not looked up."),
            .optional("tls", \.tls, .object, absent: "plain HTTP", "TLS with these certificates."),
            .defaulted(
                "protocols", \.protocols, Shape<HTTPProtocol>.word.list(1...3), default: "[h2, http/1.1]",
                "The protocols offered over TLS by ALPN, the preferred one first; a plain listener speaks HTTP/1.1. A client that offers others only is refused."
            ),
            .optional(
                "proxyProtocol", \.proxyProtocol, .object, absent: "no PROXY header is looked for",
                "The client's address from a load balancer's PROXY header."),
            .optional(
                "clientAddress", \.clientAddress, .object, absent: "the peer's address is the client's",
                "How the client's address is found behind trusted proxies."),
            .optional(
                "allow", \.allow, Shape<CIDR>.addresses.list(1...100_000), absent: "everybody may connect",
                "Who may connect; everybody else is closed before a byte is read. Behind `proxyProtocol` the client that the header names."
            ),
            .defaulted(
                "deny", \.deny, Shape<CIDR>.addresses.list(0...100_000), default: "[]",
                "Who may not connect; it wins over `allow`."),
            .defaulted(
                "redirectToHTTPS", \.redirectToHTTPS, Shape<Bool>.flag.located, default: "false",
                "Whether this plain listener answers every request with a redirect to `https` and serves nothing."),
            .defaulted("limits", \.limits, .object, default: "{}", "Bounds of what is read from a client."),
            .defaulted("timeouts", \.timeouts, .object, default: "{}", "Deadlines towards the client."),
        ])
}

/// A protocol that a listener offers.
public enum HTTPProtocol: String, Word {
    /// HTTP/1.1 (RFC 9112).
    case http11 = "http/1.1"
    /// HTTP/2 (RFC 9113), over TLS alone.
    case http2 = "h2"

    static let planned = ["h3"]
}

/// How the client's address is found behind proxies.
public struct ClientAddressSettings: Described {
    /// A field that names the client.
    public enum Source: String, Word {
        /// `X-Forwarded-For`.
        case xForwardedFor = "x-forwarded-for"
        /// `Forwarded` (RFC 7239).
        case forwarded
        /// `X-Real-IP`.
        case xRealIP = "x-real-ip"

    }

    /// The one field that is read.
    public var from = Source.xForwardedFor
    /// The proxies that are believed.
    public var trusted: [CIDR] = []
    /// Where it stands.
    public var position = SourcePosition.unknown

    /// Nobody is believed.
    public init() {}

    static let schema = Schema<ClientAddressSettings>(
        "listeners.NAME.clientAddress",
        """
        How the client's address is found behind proxies: the rightmost address of the field that is not a trusted \
        proxy's. It is read only where the peer itself is trusted, since anybody can send the field.
        """,
        [
            .required("from", \.from, .word, "The one field that is read."),
            .required(
                "trusted", \.trusted, Shape<CIDR>.addresses.list(1...10_000),
                "The proxies that are believed, here and with their `x-request-id`."),
        ])
}

/// Bounds of what is read from a client.
public struct ListenerLimitSettings: Described {
    /// Bytes of the request line.
    public var requestLine = ByteCount.kibibytes(8)
    /// Bytes of one field line.
    public var field = ByteCount.kibibytes(8)
    /// Bytes of a head.
    public var head = ByteCount.kibibytes(64)
    /// Fields of a head.
    public var fields = 100
    /// Where it stands.
    public var position = SourcePosition.unknown

    /// The defaults.
    public init() {}

    static let schema = Schema<ListenerLimitSettings>(
        "listeners.NAME.limits",
        "Bounds of what is read from a client. The value itself passes, one more is refused; a line counts without its CRLF.",
        [
            .defaulted(
                "requestLine", \.requestLine, .size(ByteCount(64)...(.mebibytes(1))), default: "8KiB",
                "The request line. RFC 9112 asks for 8,000 bytes at least; longer ones are a 414."),
            .defaulted(
                "field", \.field, .size(ByteCount(64)...ByteCount(65_535)), default: "8KiB",
                "One field line with its name; what nginx and Apache httpd take. Longer ones are a 431."),
            .defaulted(
                "head", \.head, .size(ByteCount(256)...(.mebibytes(16))), default: "64KiB",
                "The whole head: what a stranger can make the gateway hold before anything is decided. More is a 431."),
            .defaulted(
                "fields", \.fields, .integer(1...10_000), default: "100",
                "Fields of a head, as in Apache httpd and Envoy: the work for a head stays bounded. More is a 431."),
        ])
}

/// Deadlines towards the client.
public struct ListenerTimeoutSettings: Described {
    /// Until the TLS handshake is done.
    public var handshake = TimeSpan.seconds(10)
    /// Until the head is complete.
    public var head = TimeSpan.seconds(10)
    /// Until the body is complete.
    public var body = TimeSpan.seconds(300)
    /// Between two pieces of the body.
    public var bodyProgress = TimeSpan.seconds(30)
    /// Between two requests.
    public var idle = TimeSpan.seconds(60)
    /// Between two pieces that the client takes.
    public var write = TimeSpan.seconds(30)
    /// Where it stands.
    public var position = SourcePosition.unknown

    /// The defaults.
    public init() {}

    static let schema = Schema<ListenerTimeoutSettings>(
        "listeners.NAME.timeouts",
        """
        Deadlines towards the client. Those of the handshake, the head and the body are totals: a client that sends one \
        byte at a time gains nothing.
        """,
        [
            .defaulted(
                "handshake", \.handshake, .duration(), default: "10s",
                "From accepting the connection to the end of the TLS handshake; then the connection is closed. A PROXY header has as long, before it."
            ),
            .defaulted(
                "head", \.head, .duration(), default: "10s",
                "From the first byte of a request to the end of its head; then 408."),
            .defaulted(
                "body", \.body, .duration(), default: "5m",
                "From the end of the head to the end of the request's body; then 408. Raise it where large uploads over slow lines are expected."
            ),
            .defaulted(
                "bodyProgress", \.bodyProgress, .duration(), default: "30s",
                "Between two pieces of the request's body; then 408."),
            .defaulted(
                "idle", \.idle, .duration(), default: "60s",
                "Between two requests of a connection. Then the connection is closed without an answer."),
            .defaulted(
                "write", \.write, .duration(), default: "30s",
                "Between two pieces of the answer that the client takes; then the connection is closed, since a client that does not read holds a backend."
            ),
        ])
}
