public import NIOCore

/// What the gateway tells a backend about the connection a request came over; rendered once per connection.
public struct ForwardingFacts: Sendable {
  /// Renders the facts.
  ///
  /// - `client`: the address that is written, without port (IPv6 without brackets);
  /// - `scheme`: what the client used towards us;
  /// - `peerIsTrusted`: whether the peer is a configured hop, whose chain of forwarding fields is kept;
  /// - `pseudonym`: our name in `via` (RFC 9110 §7.6.3), unique to this installation: a token.
  public init(client: String, scheme: Scheme, peerIsTrusted: Bool, pseudonym: String) {}
}

/// Where a verified credential stood and is taken out of what the backend gets.
public struct CredentialRemoval: Sendable, Equatable {
  /// Known fields whose lines are removed whole, such as `authorization`.
  public var fields: FieldSet
  /// Other fields, names in lower case.
  public var otherFields: [String]
  /// Cookies by name; the other cookies stay.
  public var cookies: [String]
  /// Query parameters by name, as spelled in the query; the other parameters stay.
  public var queryParameters: [String]

  /// A removal of what is named; nothing by default.
  public init(
    fields: FieldSet = [], otherFields: [String] = [], cookies: [String] = [],
    queryParameters: [String] = []
  ) {
    self.fields = fields
    self.otherFields = otherFields
    self.cookies = cookies
    self.queryParameters = queryParameters
  }

  /// Nothing is removed.
  public static let none = CredentialRemoval()
}

/// How a route changes the head it forwards; compiled once.
public struct UpstreamRewrite: Sendable {
  /// The matched prefix of the path, whole segments, and what stands in its place; nil: the path stays.
  public struct Prefix: Sendable {
    /// The prefix that the route matched, without a `/` at the end; empty for `/`.
    public let matched: ByteBuffer
    /// What is written instead, without a `/` at the end.
    public let replacement: ByteBuffer

    /// A replacement of `matched` by `replacement`; a `/` at the end of either is not part of it.
    public init(matched: String, replacement: String) {
      self.matched = ByteBuffer(string: matched)
      self.replacement = ByteBuffer(string: replacement)
    }
  }

  /// The prefix that is replaced.
  public var prefix: Prefix?
  /// The host (with port) that is written; nil: the client's.
  public var host: ByteBuffer?
  /// The edits of the request's fields.
  public var edits: HeaderEdits

  /// A rewrite; nothing is changed by default.
  public init(prefix: Prefix? = nil, host: ByteBuffer? = nil, edits: HeaderEdits = .none) {
    self.prefix = prefix
    self.host = host
    self.edits = edits
  }
}

/// What belongs to one exchange and goes into its upstream head.
public struct UpstreamFields: Sendable {
  /// The value of `x-request-id`.
  public var requestID: ByteBuffer
  /// `x-auth-*` and other lines of the gateway's own.
  public var identity: FieldBlock
  /// The verified credentials that are taken out.
  public var removal: CredentialRemoval
  /// How the body is delimited towards the backend; normally the request's own.
  public var framing: BodyFraming
  /// Whether `expect: 100-continue` is passed on.
  public var forwardExpect: Bool
  /// Whether a WebSocket upgrade is passed on.
  public var forwardUpgrade: Bool

  /// The fields of one exchange.
  public init(
    requestID: ByteBuffer, identity: FieldBlock, removal: CredentialRemoval, framing: BodyFraming,
    forwardExpect: Bool, forwardUpgrade: Bool
  ) {
    self.requestID = requestID
    self.identity = identity
    self.removal = removal
    self.framing = framing
    self.forwardExpect = forwardExpect
    self.forwardUpgrade = forwardUpgrade
  }
}
