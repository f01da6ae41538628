/// What one exchange has tried of an upstream so far; decides what it may still try.
public struct Attempts: Sendable {
    // LIMIT: one bit an endpoint; the configuration refuses more endpoints in an upstream.
    /// The most endpoints of one upstream.
    public static let maximumEndpoints = 256

    private var tried: InlineArray<4, UInt64> = .init(repeating: 0)
    /// How many endpoints failed to connect.
    public private(set) var connectFailures = 0
    /// How often the request was sent again because a pooled connection had gone stale.
    public private(set) var resends = 0

    /// Nothing tried yet.
    public init() {}

    /// Whether the next try must open a connection: pooled ones may all have gone stale together.
    public var needsFreshConnection: Bool { resends > 0 }

    /// Whether this exchange has failed to reach `endpoint`.
    public func hasTried(_ endpoint: Int) -> Bool {
        guard endpoint >= 0, endpoint < Self.maximumEndpoints else { return true }
        return tried[endpoint / 64] >> UInt64(endpoint % 64) & 1 != 0
    }

    mutating func noteConnectFailure(_ endpoint: Int) {
        guard endpoint >= 0, endpoint < Self.maximumEndpoints else { return }
        tried[endpoint / 64] |= 1 << UInt64(endpoint % 64)
        connectFailures &+= 1
    }

    /// The request will be sent once more, on a fresh connection.
    public mutating func noteResend() { resends &+= 1 }
}
