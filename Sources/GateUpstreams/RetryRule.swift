/// When a request may be sent again after its connection broke.
///
/// RFC 9110 §9.2.2 and RFC 9112 §9.3.1: a connection that idled may be closed by the backend in the very moment it is used.
/// That case is retried, once. So is a request of which the backend said that it was not looked at (RFC 9113 §8.7): a
/// refused stream, or one above the last that GOAWAY names. Every other failure may have had an effect.
public struct RetryRule: Equatable, Sendable {
    /// Whether the connection came from the pool and broke before it answered.
    public var isStale: Bool
    /// Whether the backend vouches that it did nothing of the request.
    public var isUnprocessed: Bool
    /// Whether any byte of an answer has come.
    public var hasAnswerBytes: Bool
    /// Whether any byte of the request was handed to the connection.
    public var hasSentBytes: Bool
    /// Whether the method is idempotent (RFC 9110 §9.2.2).
    public var isIdempotent: Bool
    /// Whether the whole body, or its absence, is still at hand.
    public var isBodyReplayable: Bool

    /// The facts of one broken connection.
    public init(
        isStale: Bool, isUnprocessed: Bool = false, hasAnswerBytes: Bool, hasSentBytes: Bool, isIdempotent: Bool,
        isBodyReplayable: Bool
    ) {
        self.isStale = isStale
        self.isUnprocessed = isUnprocessed
        self.hasAnswerBytes = hasAnswerBytes
        self.hasSentBytes = hasSentBytes
        self.isIdempotent = isIdempotent
        self.isBodyReplayable = isBodyReplayable
    }

    // LIMIT: one more try; a second stale connection in a row is no coincidence.
    /// Whether one more try is allowed after `attempts`.
    public func mayRetry(after attempts: Attempts) -> Bool {
        let isSafe = isUnprocessed || isStale && (isIdempotent || !hasSentBytes)
        return isSafe && !hasAnswerBytes && isBodyReplayable && attempts.resends == 0
    }
}
