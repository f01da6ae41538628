public import NIOCore

/// Why a field cannot be written.
public enum FieldProblem: Error, Equatable, Sendable {
  /// The name is not a token (RFC 9110 §5.6.2).
  case badName
  /// The value holds a control character, a byte of 0x80 or more, or white space at an end.
  case badValue
  /// The name is one that the gateway alone writes: framing, the connection, host, forwarding, identity.
  case reserved
}

/// Field lines that are ready to be copied into a head, valid by construction.
public struct FieldBlock: Sendable {
  /// The lines, each ending in CRLF.
  public private(set) var bytes: ByteBuffer

  /// No lines.
  public init() { bytes = ByteBuffer() }

  /// Whether there are no lines.
  public var isEmpty: Bool { bytes.readableBytes == 0 }

  /// Appends `name: value`; throws where either would break the head. `name` is written in lower case.
  public mutating func append(_ name: String, _ value: String) throws(FieldProblem) {}

  /// Appends `name: value` for a known name.
  public mutating func append(_ name: FieldName, _ value: String) throws(FieldProblem) {
    try append(name.text, value)
  }
}
