/// The protocol version of a message.
public enum HTTPVersion: UInt8, Sendable {
    /// HTTP/1.0
    case http10
    /// HTTP/1.1
    case http11
    /// HTTP/2
    case http2
}

/// The scheme of a request.
public enum Scheme: UInt8, Sendable {
    /// `http`
    case http
    /// `https`
    case https

    /// The scheme in lower case.
    public var text: String { self == .https ? "https" : "http" }
}
