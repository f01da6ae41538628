public import GateHTTP
public import GatePrimitives

/// What one listener enforces; part of the plan, replaced whole on reload for connections accepted afterwards.
public struct ListenerSettings: Sendable {
    /// Index in the plan; stable over reloads by name.
    public var index: Int
    /// TLS termination; nil for a plain listener.
    public var tls: ServerTLS?
    /// Bounds of a request's head.
    public var headLimits: HeadLimits
    /// Deadlines of the client's side.
    public var timeouts: DownstreamTimeouts
    /// From whom a PROXY header is taken; nil looks for none.
    public var proxy: ProxyRule?
    /// Addresses that may connect; empty means all.
    public var allow: AddressSet
    /// Addresses that may not connect.
    public var deny: AddressSet
    /// The most connections a loop may hold open; more are closed at once.
    public var maximumConnections: Int
    /// Whether HTTP/2 clients are told that a WebSocket can be opened on a stream (RFC 8441).
    public var offersWebSocket = false

    /// A listener's settings.
    public init(
        index: Int, tls: ServerTLS?, headLimits: HeadLimits, timeouts: DownstreamTimeouts, proxy: ProxyRule? = nil,
        allow: AddressSet = .empty, deny: AddressSet = .empty, maximumConnections: Int
    ) {
        self.index = index
        self.tls = tls
        self.headLimits = headLimits
        self.timeouts = timeouts
        self.proxy = proxy
        self.allow = allow
        self.deny = deny
        self.maximumConnections = maximumConnections
    }

    /// Whether a peer may connect: denied addresses never, else all or those that are allowed.
    ///
    /// A unix socket has no address; its file's mode decides who may connect.
    func admits(_ peer: IPAddress?) -> Bool {
        guard let peer else { return true }
        return !deny.contains(peer) && (allow.isEmpty || allow.contains(peer))
    }
}

/// Deadlines of the client's side; each ends what a slow or silent peer could hold open (attacks 63).
public struct DownstreamTimeouts: Sendable {
    /// From accept, or from the end of the PROXY header, to the end of the TLS handshake; also to the end of that header.
    /// Default 10 s: a handshake is two flights. Breach: closed.
    public var handshake = TimeSpan.seconds(10)
    /// From a request's first byte to the end of its head. Default 10 s, a total and not per byte. Breach: 408.
    public var head = TimeSpan.seconds(10)
    /// Between two reads of a body. Default 30 s (nginx' `client_body_timeout` is 60 s). Breach: 408.
    public var bodyRead = TimeSpan.seconds(30)
    /// From the end of the head to the end of the body. Default 1 h: a stall is `bodyRead`'s. Breach: 408.
    public var body = TimeSpan.seconds(3600)
    /// How long a kept-alive connection may be silent. Default 60 s. Breach: closed.
    public var idle = TimeSpan.seconds(60)
    /// How long a client may take no byte of what waits for it. Default 30 s. Breach: cut.
    public var write = TimeSpan.seconds(30)
    /// How long a closing connection is drained. Default 2 s, with at most 256 KiB.
    public var lingering = TimeSpan.seconds(2)

    /// The defaults.
    public init() {}
}
