import CNghttp2
import NIOCore

/// The fields of a response head as nghttp2 takes them, from `name: value` lines of our own making.
enum HTTP2Fields {
    /// LIMIT: fields of one response head; more than any limit on a backend's head lets through.
    static let most = 20_000

    /// The size of the list that the lines make, in the count of RFC 9113 §6.5.2: name, value and 32 for each.
    static func listSize(of lines: borrowing ByteBuffer) -> Int {
        var size = 0
        for byte in lines.readableBytesView where byte == UInt8(ascii: "\n") { size &+= 32 }
        // Of each line a colon, a space and CRLF are ours alone.
        return size &- size / 32 &* 4 &+ lines.readableBytes
    }

    /// Calls `body` with the fields of `lines`, names in lower case (RFC 9113 §8.2.1); the pointers live as long as the call.
    ///
    /// Nil where the lines are not what we write: each `name: value` and CRLF.
    static func withFields<Result>(
        of lines: inout ByteBuffer, _ body: (UnsafeBufferPointer<nghttp2_nv>) -> Result
    ) -> Result? {
        // SAFETY: the pointers point into the buffer's own bytes, which outlive the call of `body`; every index is below
        // the count of the bytes, as each loop checks.
        unsafe lines.withUnsafeMutableReadableBytes { raw -> Result? in
            guard let base = unsafe raw.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return nil }
            let count = raw.count
            var lineCount = 0
            for index in 0..<count where unsafe base[index] == UInt8(ascii: "\n") { lineCount &+= 1 }
            guard lineCount <= most else { return nil }
            // On the stack up to 25 fields, where an array would be allocated for each head.
            return unsafe withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: lineCount) { fields -> Result? in
                guard let written = unsafe write(base, count, into: fields) else { return nil }
                return unsafe body(UnsafeBufferPointer(rebasing: fields[..<written]))
            }
        }
    }

    /// Writes the fields of `count` bytes of lines, of which there are no more than `fields` holds; nil as `withFields`.
    ///
    /// SAFETY: `base` has `count` bytes, and the fields point into them.
    private static func write(
        _ base: UnsafeMutablePointer<UInt8>, _ count: Int, into fields: UnsafeMutableBufferPointer<nghttp2_nv>
    ) -> Int? {
        var written = 0
        var start = 0
        while start < count {
            guard written < fields.count else { return nil }
            // A pseudo-header field begins with the colon that ends other names.
            var colon = start &+ 1
            while colon < count, unsafe base[colon] != UInt8(ascii: ":") {
                if unsafe base[colon] &- 0x41 < 26 { unsafe base[colon] |= 0x20 }
                colon &+= 1
            }
            if unsafe base[start] &- 0x41 < 26 { unsafe base[start] |= 0x20 }
            var end = colon
            while end < count, unsafe base[end] != UInt8(ascii: "\r") { end &+= 1 }
            guard end &+ 1 < count, colon &+ 2 <= end, unsafe base[end &+ 1] == UInt8(ascii: "\n") else { return nil }
            let nameLength = colon &- start
            // SAFETY: `written` is below the count of the buffer; the type is trivial.
            unsafe fields.initializeElement(
                at: written,
                to: nghttp2_nv(
                    name: base + start, value: base + (colon &+ 2), namelen: nameLength,
                    valuelen: end &- colon &- 2, flags: flags(base + start, nameLength)))
            written &+= 1
            start = end &+ 2
        }
        return written
    }

    /// RFC 7541 §7.1.3: a cookie is a secret that compression must not let anybody guess.
    private static func flags(_ name: UnsafePointer<UInt8>, _ length: Int) -> UInt8 {
        guard length == 10 else { return 0 }
        // SAFETY: the name has ten bytes, as was just checked.
        let isCookie = unsafe UnsafeBufferPointer(start: name, count: length).elementsEqual("set-cookie".utf8)
        return isCookie ? UInt8(truncatingIfNeeded: NGHTTP2_NV_FLAG_NO_INDEX.rawValue) : 0
    }
}
