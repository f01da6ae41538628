import NIOCore

// The access log's redaction: on bytes, without allocation.

extension Redaction {
    /// The part of a target that is logged: without query, fragment and user information.
    static func withoutQuery(_ target: ByteBuffer) -> ByteBuffer {
        let bytes = target.readableBytesUInt8Span
        var end = 0
        while end < bytes.count, bytes[end] != 0x3f, bytes[end] != 0x23 { end &+= 1 }
        let start = end > 0 && bytes[0] == 0x2f ? 0 : afterUserInfo(bytes, end: end)
        return slice(target, start, end)
    }

    /// The part of an authority that is logged: without user information, which RFC 9110 §4.2.4 forbids and clients send.
    static func withoutUserInfo(_ authority: ByteBuffer) -> ByteBuffer {
        let bytes = authority.readableBytesUInt8Span
        return slice(authority, afterUserInfo(bytes, end: bytes.count), bytes.count)
    }

    /// Where the host begins in `scheme://user@host/path` or `user@host`; 0 where there is no user information.
    private static func afterUserInfo(_ bytes: Span<UInt8>, end: Int) -> Int {
        var index = 0
        // The authority ends at the first slash that is not part of `://`.
        while index < end, bytes[index] != 0x2f { index &+= 1 }
        if index > 0, index &+ 1 < end, bytes[index &- 1] == 0x3a, bytes[index &+ 1] == 0x2f {
            index &+= 2
            while index < end, bytes[index] != 0x2f { index &+= 1 }
        }
        while index > 0 {
            index &-= 1
            if bytes[index] == 0x40 { return index &+ 1 }
        }
        return 0
    }

    private static func slice(_ buffer: ByteBuffer, _ start: Int, _ end: Int) -> ByteBuffer {
        if start == 0, end == buffer.readableBytes { return buffer }
        return buffer.getSlice(at: buffer.readerIndex &+ start, length: end &- start) ?? ByteBuffer()
    }
}
