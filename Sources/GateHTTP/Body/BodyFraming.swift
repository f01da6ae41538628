/// How the length of a request body is known (RFC 9112 §6.3).
public enum BodyFraming: Equatable, Sendable {
    /// There is no body.
    case none
    /// `content-length` gives it; may be 0.
    case length(UInt64)
    /// The chunked transfer coding delimits it.
    case chunked

    /// Whether a byte of body can follow.
    public var hasBody: Bool {
        switch self {
        case .none, .length(0): false
        case .length, .chunked: true
        }
    }
}

/// How the length of a response body is known (RFC 9112 §6.3).
public enum ResponseFraming: Equatable, Sendable {
    /// There is no body, whatever the fields say.
    case none
    /// `content-length` gives it; may be 0.
    case length(UInt64)
    /// The chunked transfer coding delimits it.
    case chunked
    /// The end of the connection delimits it.
    case untilClose
}
