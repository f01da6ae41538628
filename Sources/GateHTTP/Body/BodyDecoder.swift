public import GatePrimitives
public import NIOCore

/// Bounds of what delimits a body.
public struct BodyLimits: Sendable, Equatable {
  /// Bytes of one chunk-size line with its extensions, without CRLF. Default 256. Breach: `bad_chunk` (400).
  public var chunkLine: Int
  /// Bytes of chunk extensions in one body. Default 4096. Breach: `bad_chunk` (400).
  public var chunkExtensions: Int
  /// Bytes and lines of the trailer section. Default: 8192 bytes, 32 lines. Breach: `bad_trailer` (400).
  public var trailers: HeadLimits

  /// Limits of the given values.
  public init(
    chunkLine: Int = 256, chunkExtensions: Int = 4096,
    trailers: HeadLimits = HeadLimits(fieldLine: 8192, head: 8192, fields: 32)
  ) {
    self.chunkLine = chunkLine
    self.chunkExtensions = chunkExtensions
    self.trailers = trailers
  }

  /// The defaults.
  public static let standard = BodyLimits()
}

/// What a decoder found next.
public enum BodyEvent {
  /// Bytes of content: a slice, never empty.
  case data(ByteBuffer)
  /// The body is complete; nothing of what follows belongs to it.
  case end
  /// All bytes are consumed and more are needed.
  case needMore
}

/// Delimits one message body: nothing, a length, chunks, or the end of the connection (RFC 9112 §6, §7).
public struct BodyDecoder: Sendable {
  /// Whose body it is: it decides the faults.
  public enum Side: UInt8, Sendable {
    /// A client's: faults are the client's, in `read`.
    case request
    /// A backend's: faults are `bad_upstream_response`, in `relay`.
    case response
  }

  /// A decoder of a request body.
  public init(_ framing: BodyFraming, limits: BodyLimits = .standard) {}

  /// A decoder of a response body.
  public init(_ framing: ResponseFraming, limits: BodyLimits = .standard) {}

  /// The trailer lines that may be passed on; nil where the body had none. Valid after `end`.
  public var trailers: FieldBlock? { nil }

  /// Whether the body is complete.
  public var isComplete: Bool { true }

  /// Takes the next event from the front of `buffer`, consuming its bytes.
  public mutating func next(_ buffer: inout ByteBuffer) throws(Fault) -> BodyEvent { .end }

  /// The connection has ended: completes a body that is delimited by it, and is a fault for every other.
  public mutating func inputClosed() throws(Fault) {}
}

/// Writes the chunked transfer coding (RFC 9112 §7.1).
public enum ChunkWriter {
  /// Writes the line that goes before `size` bytes of content; `size` must not be 0.
  public static func writeChunkHead(size: Int, into out: inout ByteBuffer) {}

  /// Writes what goes behind the content of each chunk.
  public static func writeChunkTail(into out: inout ByteBuffer) {}

  /// Writes the last chunk, the trailer section and the end.
  public static func writeEnd(trailers: FieldBlock? = nil, into out: inout ByteBuffer) {}
}
