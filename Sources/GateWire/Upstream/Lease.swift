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

/// One upstream connection, held by one exchange; cannot be copied, and goes back exactly once.
public struct Lease: ~Copyable {
    /// The connection.
    public let connection: UpstreamConnection
    /// Nil once the connection went back.
    private var pool: UpstreamPool?

    init(connection: UpstreamConnection, pool: UpstreamPool) {
        self.connection = connection
        self.pool = pool
    }

    /// Gives the connection back; anything but `reusable` closes it.
    public consuming func end(_ end: LeaseEnd) {
        let pool = pool
        self.pool = nil
        pool?.give(back: connection, end)
    }

    deinit { pool?.give(back: connection, .abandoned) }
}
