extension Transformation {
    /// A lead byte without its continuation vanishes, as do zero bytes; what is overlong, a surrogate or beyond Unicode is
    /// written as a sequence with its lead byte beside it.
    static func utf8toUnicode(_ input: Span<UInt8>, from start: Int, into output: inout [UInt8]) {
        output.append(addingCapacity: input.count &* 4) { out in
            out.append(copying: input.extracting(..<start))
            var index = start
            while index < input.count {
                let lead = input[index]
                let size = sequenceLength(lead)
                guard size > 1 else {
                    if lead != 0 { out.append(lead) }
                    index &+= 1
                    continue
                }
                if lead >= 0xF5 { out.append(lead) }
                guard let code = sequence(in: input, at: index, size: size) else {
                    index &+= 1
                    continue
                }
                out.appendUnicodeEscape(code)
                if code >= 0xD800 && code <= 0xDFFF { out.append(lead) }
                let least: UInt32 = size == 2 ? 0x80 : size == 3 ? 0x800 : 0x1_0000
                if code < least { out.append(lead) }
                index &+= size
            }
        }
    }

    /// How many bytes the sequence that `lead` begins has; 1 for ASCII and for what begins none.
    private static func sequenceLength(_ lead: UInt8) -> Int {
        switch lead {
        case 0xC0...0xDF: 2
        case 0xE0...0xEF: 3
        case 0xF0...0xF7: 4
        default: 1
        }
    }

    /// The number that the sequence of `size` bytes at `index` encodes, or nil where a continuation is missing.
    private static func sequence(in input: Span<UInt8>, at index: Int, size: Int) -> UInt32? {
        var code = UInt32(input[index] & (0x7F &>> UInt8(truncatingIfNeeded: size)))
        for offset in 1..<size {
            let byte = input.orZero(index &+ offset)
            guard byte & 0xC0 == 0x80 else { return nil }
            code = code &<< 6 | UInt32(byte & 0x3F)
        }
        return code
    }
}

extension OutputSpan<UInt8> {
    /// Appends `%u` and at least four hexadecimal digits.
    fileprivate mutating func appendUnicodeEscape(_ code: UInt32) {
        append(UInt8(ascii: "%"))
        append(UInt8(ascii: "u"))
        if code > 0xF_FFFF { append(0x30 &+ UInt8(truncatingIfNeeded: code &>> 20)) }
        if code > 0xFFFF {
            let digit = UInt8(truncatingIfNeeded: code &>> 16 & 15)
            append(digit < 10 ? 0x30 &+ digit : 0x57 &+ digit)
        }
        appendHex(UInt8(truncatingIfNeeded: code &>> 8))
        appendHex(UInt8(truncatingIfNeeded: code))
    }
}
