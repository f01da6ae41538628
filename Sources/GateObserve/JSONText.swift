import NIOCore

/// Texts of strangers as JSON strings of printable ASCII, so that no byte of theirs can act on a log's reader.
///
/// Quotes and backslashes are escaped; control characters and everything outside ASCII become `\u00XX` escapes
/// (so do U+2028, U+2029, C1 controls and bidirectional marks); a byte that is not UTF-8 becomes the four characters
/// `\xHH`. A text beyond its limit is cut and ends with `...(+N bytes)`. Source: CWE-117, attacks 76.
enum JSONText {
    /// `text`, whole, as a JSON string with its quotes.
    static func quoted(_ text: String) -> [UInt8] {
        var output = TextBuffer()
        append(text, limit: .max, to: &output)
        return output.array
    }

    /// Appends at most `limit` bytes of `text` as a JSON string with its quotes.
    static func append(_ text: String, limit: Int, to output: inout TextBuffer) {
        var text = text
        text.withUTF8 { bytes in
            // SAFETY: the bytes are read inside this closure only.
            unsafe append(UnsafeRawBufferPointer(bytes), limit: limit, to: &output)
        }
    }

    /// Appends at most `limit` readable bytes of `buffer` as a JSON string with its quotes.
    static func append(_ buffer: ByteBuffer, limit: Int, to output: inout TextBuffer) {
        unsafe buffer.withUnsafeReadableBytes { bytes in
            // SAFETY: the bytes are read inside this closure only.
            unsafe append(bytes, limit: limit, to: &output)
        }
    }

    /// Appends at most `limit` of `bytes` as a JSON string with its quotes.
    static func append(_ bytes: UnsafeRawBufferPointer, limit: Int, to output: inout TextBuffer) {
        output.append(0x22 as UInt8)
        let kept = unsafe cut(bytes, limit: limit)
        let part = unsafe UnsafeRawBufferPointer(rebasing: bytes[..<kept])
        if unsafe isPlain(part) {
            unsafe output.append(part)
        } else {
            unsafe appendEscaped(part, to: &output)
        }
        if kept < bytes.count {
            output.append(literal: "...(+")
            output.append(bytes.count &- kept)
            output.append(literal: " bytes)")
        }
        output.append(0x22 as UInt8)
    }

    /// How many of `bytes` stay within `limit`, without cutting a character in two.
    private static func cut(_ bytes: UnsafeRawBufferPointer, limit: Int) -> Int {
        guard bytes.count > limit else { return bytes.count }
        var end = max(limit, 0)
        var back = 0
        // A UTF-8 character has at most three bytes after its first (RFC 3629 §3).
        while back < 3, end > 0, unsafe bytes[end] & 0xc0 == 0x80 {
            end &-= 1
            back &+= 1
        }
        return unsafe bytes[end] & 0xc0 == 0x80 ? max(limit, 0) : end
    }

    /// Whether all bytes are printable ASCII other than `"` and `\`; without an early exit, so that it vectorises.
    private static func isPlain(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var odd: UInt8 = 0
        for index in 0..<bytes.count {
            let byte = unsafe bytes[index]
            odd |= (byte &- 0x20 > 0x5e ? 1 : 0) | (byte == 0x22 ? 1 : 0) | (byte == 0x5c ? 1 : 0)
        }
        return odd == 0
    }

    private static func appendEscaped(_ bytes: UnsafeRawBufferPointer, to output: inout TextBuffer) {
        var index = 0
        while index < bytes.count {
            let byte = unsafe bytes[index]
            if byte < 0x80 {
                appendASCII(byte, to: &output)
                index &+= 1
                continue
            }
            let (scalar, length) = unsafe UTF8Scalar.decode(bytes, at: index)
            if length == 0 {
                output.append(literal: "\\\\x")
                output.append(Hexadecimal.digit(byte &>> 4))
                output.append(Hexadecimal.digit(byte))
                index &+= 1
            } else {
                appendScalar(scalar, to: &output)
                index &+= length
            }
        }
    }

    private static func appendASCII(_ byte: UInt8, to output: inout TextBuffer) {
        if byte == 0x22 || byte == 0x5c {
            output.append(0x5c as UInt8)
            output.append(byte)
        } else if byte < 0x20 || byte == 0x7f {
            appendUnit(UInt32(byte), to: &output)
        } else {
            output.append(byte)
        }
    }

    /// RFC 8259 §7: beyond the basic plane, a surrogate pair.
    private static func appendScalar(_ scalar: UInt32, to output: inout TextBuffer) {
        if scalar < 0x1_0000 {
            appendUnit(scalar, to: &output)
        } else {
            let offset = scalar &- 0x1_0000
            appendUnit(0xd800 | offset &>> 10, to: &output)
            appendUnit(0xdc00 | offset & 0x3ff, to: &output)
        }
    }

    private static func appendUnit(_ unit: UInt32, to output: inout TextBuffer) {
        output.append(literal: "\\u")
        output.append(Hexadecimal.digit(UInt8(truncatingIfNeeded: unit &>> 12)))
        output.append(Hexadecimal.digit(UInt8(truncatingIfNeeded: unit &>> 8)))
        output.append(Hexadecimal.digit(UInt8(truncatingIfNeeded: unit &>> 4)))
        output.append(Hexadecimal.digit(UInt8(truncatingIfNeeded: unit)))
    }
}

/// Decoding of one UTF-8 character (RFC 3629 §4): no overlong forms, no surrogates, nothing above U+10FFFF.
private enum UTF8Scalar {
    /// The character at `index` and its length in bytes; length 0 where the bytes are not UTF-8.
    static func decode(_ bytes: UnsafeRawBufferPointer, at index: Int) -> (scalar: UInt32, length: Int) {
        let first = unsafe bytes[index]
        let (length, lowest): (Int, UInt32)
        switch first {
        case 0xc2...0xdf: (length, lowest) = (2, 0x80)
        case 0xe0...0xef: (length, lowest) = (3, 0x800)
        case 0xf0...0xf4: (length, lowest) = (4, 0x1_0000)
        default: return (0, 0)
        }
        guard length <= bytes.count &- index else { return (0, 0) }
        var scalar = UInt32(first) & (0x7f &>> UInt32(length))
        for offset in 1..<length {
            let byte = unsafe bytes[index &+ offset]
            guard byte & 0xc0 == 0x80 else { return (0, 0) }
            scalar = scalar &<< 6 | UInt32(byte & 0x3f)
        }
        guard scalar >= lowest, scalar <= 0x10_ffff, scalar &>> 11 != 0x1b else { return (0, 0) }
        return (scalar, length)
    }
}
