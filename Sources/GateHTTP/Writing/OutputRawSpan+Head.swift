import GatePrimitives
import NIOCore

/// A head turned out longer than the room that was reserved for it: a bug, answered as such, never a trap.
struct HeadOverflow: Error {}

extension OutputRawSpan {
    /// Appends `bytes`.
    @inline(__always)
    @_lifetime(self: copy self)
    mutating func append(_ bytes: Span<UInt8>) throws(HeadOverflow) {
        guard bytes.count <= freeCapacity else { throw HeadOverflow() }
        // SAFETY: the source is as long as its count says; the target has that much room behind what is initialised,
        // as was just checked; a span that is read cannot overlap one that is written.
        unsafe bytes.withUnsafeBytes { source in
            unsafe withUnsafeMutableBytes { target, initialised in
                guard let from = source.baseAddress, let to = target.baseAddress else { return }
                unsafe (to + initialised).copyMemory(from: from, byteCount: source.count)
                initialised &+= source.count
            }
        }
    }

    /// Appends `text`.
    @inline(__always)
    @_lifetime(self: copy self)
    mutating func append(_ text: StaticString) throws(HeadOverflow) {
        // SAFETY: a static string's pointer is valid for its whole length, always.
        try append(unsafe Span(_unsafeStart: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends one byte.
    @inline(__always)
    @_lifetime(self: copy self)
    mutating func append(byte: UInt8) throws(HeadOverflow) {
        guard freeCapacity > 0 else { throw HeadOverflow() }
        append(byte)
    }

    /// Appends the readable bytes of `buffer`.
    @inline(__always)
    @_lifetime(self: copy self)
    mutating func append(_ buffer: borrowing ByteBuffer) throws(HeadOverflow) {
        try append(buffer.readableBytesUInt8Span)
    }

    /// Appends `number` in decimal digits.
    @_lifetime(self: copy self)
    mutating func append(decimal number: UInt64) throws(HeadOverflow) {
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var start = 20
        var rest = number
        repeat {
            start &-= 1
            digits[start] = Ascii.zero &+ UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        try append(digits.span.extracting(start..<20))
    }

    /// Appends a field line, `name: value`.
    @_lifetime(self: copy self)
    mutating func append(line name: Span<UInt8>, _ value: Span<UInt8>) throws(HeadOverflow) {
        try append(name)
        try append(": ")
        try append(value)
        try append("\r\n")
    }
}
