public import GatePrimitives
public import NIOCore

/// A response of a backend of which there is one reading.
public struct VettedResponse {
  let bytes: ByteBuffer
  let table: HeadTable
  /// The status code, 100 to 599.
  public let status: Int
  /// How the body is delimited, given the request's method.
  public let framing: ResponseFraming
  /// Whether the upstream connection can be used again once the body has ended.
  public let keepAlive: Bool

  /// Whether this is an interim response (1xx other than 101); the final one follows on the same connection.
  public var isInformational: Bool { status < 200 && status != 101 }

  /// Judges `raw`, the answer to a request of `method` that asked for `upgrade`.
  ///
  /// Every fault is `bad_upstream_response` in `relay` (attacks 16).
  public static func vet(
    _ raw: consuming RawResponseHead, to method: HTTPMethod, upgrade: UpgradeKind
  ) throws(Fault) -> VettedResponse {
    throw Fault(.relay, .badUpstreamResponse)
  }
}

/// The authorities by which responses may name a backend; compiled once per upstream.
public struct BackendAuthorities: Sendable {
  /// The authorities `names` (`host:port` or `host`, any case).
  public init(_ names: [String]) {}
}

/// What the gateway adds to and takes from a response head.
public struct DownstreamFields: Sendable {
  /// The scheme under which the client reached us.
  public var scheme: Scheme
  /// The value of `x-request-id`.
  public var requestID: ByteBuffer
  /// Lines of the gateway's own: HSTS, CORS, `ratelimit`; they replace the backend's of the same name.
  public var own: FieldBlock
  /// Known names whose lines from the backend are left out, since `own` or policy decides about them.
  public var replaced: FieldSet
  /// The route's edits.
  public var edits: HeaderEdits
  /// What names a backend.
  public var backends: BackendAuthorities
  /// Whether the downstream connection closes after this response.
  public var close: Bool

  /// The fields of one response.
  public init(
    scheme: Scheme, requestID: ByteBuffer, own: FieldBlock, replaced: FieldSet, edits: HeaderEdits,
    backends: BackendAuthorities, close: Bool
  ) {
    self.scheme = scheme
    self.requestID = requestID
    self.own = own
    self.replaced = replaced
    self.edits = edits
    self.backends = backends
    self.close = close
  }
}

extension VettedResponse {
  /// Writes the head that the client gets, built anew, behind what `out` holds; returns how its body is delimited.
  ///
  /// A body whose length is unknown is chunked for an HTTP/1.1 client and ends with the connection for HTTP/1.0.
  public func writeDownstreamHead(
    into out: inout ByteBuffer, answering request: borrowing VettedRequest,
    fields: borrowing DownstreamFields
  ) throws(Fault) -> ResponseFraming {
    throw Fault(.relay, .internalError)
  }
}
