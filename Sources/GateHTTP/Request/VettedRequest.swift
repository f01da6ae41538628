public import GatePrimitives
import NIOCore

/// What a request asks the connection to become (RFC 9110 §7.8).
public enum UpgradeKind: UInt8, Sendable {
  /// Nothing, or only `h2c`, which is dropped.
  case none
  /// A WebSocket (RFC 6455).
  case webSocket
  /// Something else; dropped.
  case other
}

/// The four forms of a request target (RFC 9112 §3.2).
public enum TargetForm: UInt8, Sendable {
  case origin, absolute, authority, asterisk
}

/// A request of which there is one canonical reading, and this is it.
///
/// Made only by `vet(_:)`. What routing, admission, limits and inspection see is what `writeUpstreamHead` forwards.
public struct VettedRequest {
  let bytes: ByteBuffer
  let table: HeadTable
  /// The method.
  public let method: HTTPMethod
  /// The version of the client's message.
  public let version: HTTPVersion
  /// The form of the target.
  public let targetForm: TargetForm
  /// The scheme of an absolute-form target (or of HTTP/2's `:scheme`); nil where the target names none.
  public let targetScheme: Scheme?
  /// The port of the authority; nil where it names none.
  public let port: UInt16?
  /// How the body is delimited.
  public let framing: BodyFraming
  /// Whether the client lets the connection be used again.
  public let keepAlive: Bool
  /// Whether the client waits for `100 (Continue)` before it sends the body.
  public let expectsContinue: Bool
  /// What the client asks the connection to become.
  public let upgrade: UpgradeKind
  /// Whether `Upgrade: h2c` or `HTTP2-Settings` was there and dropped (attacks 12).
  public let h2cStripped: Bool
  /// What a path policy has to decide about; empty for a path that every parser reads alike.
  public private(set) var pathAnomalies: PathAnomalies
  /// Whether the path is canonical under a policy, and so may be forwarded.
  public private(set) var pathIsCanonical: Bool

  /// Judges `raw`: one canonical reading, or a fault in `vet`.
  public static func vet(_ raw: consuming RawHead) throws(Fault) -> VettedRequest {
    throw Fault(.vet, .internalError)
  }

  /// Makes the path canonical under `policy`, starting from what the client sent; may be asked again.
  public mutating func canonicalisePath(under policy: PathPolicy) throws(Fault) {
    throw Fault(.vet, .internalError)
  }

  /// The method as sent.
  public var methodBytes: Span<UInt8> {
    @_lifetime(borrow self) get { bytes.readableBytesUInt8Span }
  }
  /// The canonical host: lower case, no trailing dot, no port; an IPv6 address in brackets.
  public var host: Span<UInt8> { @_lifetime(borrow self) get { bytes.readableBytesUInt8Span } }
  /// The canonical host with the port, if one was sent.
  public var authority: Span<UInt8> { @_lifetime(borrow self) get { bytes.readableBytesUInt8Span } }
  /// The canonical path: begins with `/`; `*` for `OPTIONS *`, empty for CONNECT.
  public var path: Span<UInt8> { @_lifetime(borrow self) get { bytes.readableBytesUInt8Span } }
  /// Whether the target has a query, be it an empty one.
  public var hasQuery: Bool { false }
  /// The query as sent, without its `?`.
  public var query: Span<UInt8> { @_lifetime(borrow self) get { bytes.readableBytesUInt8Span } }

  /// The method, for cold code.
  public var methodText: String { "" }
  /// The host, for cold code.
  public var hostText: String { "" }
  /// The host and port, for cold code.
  public var authorityText: String { "" }
  /// The path, for cold code.
  public var pathText: String { "" }
  /// The query, for cold code.
  public var queryText: String { "" }
}
