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

/// The method of a request; names are case-sensitive (RFC 9110 §9.1).
public enum HTTPMethod: UInt8, Sendable {
  case get, head, post, put, delete, patch, options, connect, trace
  /// Any other token; its bytes stand in the request.
  case other

  /// The name as written; empty for `other`.
  public var text: String {
    switch self {
    case .get: "GET"
    case .head: "HEAD"
    case .post: "POST"
    case .put: "PUT"
    case .delete: "DELETE"
    case .patch: "PATCH"
    case .options: "OPTIONS"
    case .connect: "CONNECT"
    case .trace: "TRACE"
    case .other: ""
    }
  }

  /// Whether a repetition has the same effect (RFC 9110 §9.2.2).
  public var isIdempotent: Bool {
    switch self {
    case .get, .head, .put, .delete, .options, .trace: true
    case .post, .patch, .connect, .other: false
    }
  }
}
