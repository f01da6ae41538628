/// Finds where one event of a `text/event-stream` ends and another may begin: behind an empty line (WHATWG HTML §9.2.5).
///
/// A stream that is ended there loses no event that its client has begun to read.
public struct EventStreamBoundary: Sendable {
    /// The last three bytes, the last one lowest. A stream begins as behind an empty line.
    private var tail: UInt32 = 0x0A0A

    /// The boundary at the beginning of a stream.
    public init() {}

    /// Whether the stream stands between two events.
    public var isAtBoundary: Bool {
        // Lines end in CRLF, LF or CR.
        tail & 0xFFFF == 0x0A0A || tail & 0xFFFF == 0x0D0D || tail == 0x0A0D0A
    }

    /// Goes behind `bytes`.
    public mutating func pass(_ bytes: Span<UInt8>) {
        for index in max(0, bytes.count &- 3)..<bytes.count { note(bytes[index]) }
    }

    /// Goes behind the first event of `bytes` that ends there and returns how many bytes that is; behind all of them
    /// where none ends.
    public mutating func passFirst(_ bytes: Span<UInt8>) -> Int {
        for index in bytes.indices {
            note(bytes[index])
            if isAtBoundary { return index &+ 1 }
        }
        return bytes.count
    }

    private mutating func note(_ byte: UInt8) { tail = (tail << 8 | UInt32(byte)) & 0xFF_FFFF }
}
