public import GatePrimitives
public import GateUpstreams

/// What became of the wish for a connection.
public enum LeaseResult: ~Copyable {
    /// Here it is: the request may be written.
    case leased(Lease)
    /// None can be had.
    case unavailable(Fault)
    /// One is being opened: `upstreamLeased` or `upstreamUnavailable` follows.
    case connecting
}

/// The right to one request and its answer on an upstream connection; cannot be copied, and goes back exactly once.
public struct Lease: ~Copyable {
    /// The connection (HTTP/1.1), or one stream of it (HTTP/2).
    public let stream: any UpstreamStream
    /// Whether it went back.
    private var isOver = false

    init(_ stream: any UpstreamStream) { self.stream = stream }

    /// Gives it back; anything but `reusable` ends the connection, or the stream where they are many.
    public consuming func end(_ end: LeaseEnd) {
        isOver = true
        stream.release(end)
    }

    deinit {
        if !isOver { stream.release(.abandoned) }
    }
}
