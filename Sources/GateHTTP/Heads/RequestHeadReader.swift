public import GatePrimitives
public import NIOCore

/// Reads request heads from a stream of bytes, strictly and incrementally (RFC 9112 §2 to §5).
public struct RequestHeadReader: Sendable {
  private let limits: HeadLimits

  /// A reader at the start of a message.
  public init(limits: HeadLimits = .standard) {
    self.limits = limits
  }

  /// Whether bytes of a head have been seen that is not complete yet.
  public var hasStarted: Bool { false }

  /// Reads one head from the front of `buffer`.
  ///
  /// Returns nil while the head is incomplete: its bytes stay in `buffer`, and the caller appends what comes next
  /// without taking any away. On success the head's bytes are consumed. `table` is filled; where an earlier head
  /// still uses it, it is replaced by a new one first.
  public mutating func read(_ buffer: inout ByteBuffer, into table: inout HeadTable) throws(Fault)
    -> RawHead?
  {
    throw Fault(.read, .internalError)
  }
}

/// Reads response heads from a stream of bytes, strictly and incrementally (RFC 9112 §4).
public struct ResponseHeadReader: Sendable {
  private let limits: HeadLimits

  /// A reader at the start of a message.
  public init(limits: HeadLimits = .standard) {
    self.limits = limits
  }

  /// Whether bytes of a head have been seen that is not complete yet.
  public var hasStarted: Bool { false }

  /// Reads one head from the front of `buffer`; the same contract as `RequestHeadReader.read(_:into:)`.
  ///
  /// Every fault is `bad_upstream_response` in `relay`.
  public mutating func read(_ buffer: inout ByteBuffer, into table: inout HeadTable) throws(Fault)
    -> RawResponseHead?
  {
    throw Fault(.relay, .internalError)
  }
}
