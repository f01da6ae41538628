public import NIOCore

/// The last decisions of one loop, in bounded memory.
public final class DecisionRing {
    /// How many decisions are kept at most.
    public let capacity: Int

    /// A ring of at most `capacity` decisions.
    public init(capacity: Int) { self.capacity = max(capacity, 1) }

    /// The decision `id` as a JSON object, or nil where it is gone.
    public func json(_ id: DecisionID) -> ByteBuffer? { nil }
}
