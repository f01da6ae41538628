extension Transformation {
    static func hexEncode(_ input: Span<UInt8>, into output: inout [UInt8]) {
        output.append(addingCapacity: input.count &* 2) { out in
            for index in 0..<input.count { out.appendHex(input[index]) }
        }
    }

    static func hexDecode(_ input: Span<UInt8>, into output: inout [UInt8]) {
        // What is no digit is computed with all the same.
        func value(_ byte: UInt8) -> UInt8 { byte >= 0x41 ? (byte & 0xDF) &- 0x41 &+ 10 : byte &- 0x30 }
        output.append(addingCapacity: input.count / 2) { out in
            var index = 0
            while index &+ 1 < input.count {
                out.append(value(input[index]) &* 16 &+ value(input[index &+ 1]))
                index &+= 2
            }
        }
    }

    /// The loop counts before it looks, so the last byte is never copied, and the first zero byte, decoded or not, ends it.
    static func sqlHexDecode(_ input: Span<UInt8>, into output: inout [UInt8]) {
        output.append(addingCapacity: input.count) { out in
            var index = 0
            while index &+ 1 < input.count, input[index] != 0 {
                if input[index] == UInt8(ascii: "0"), input.orZero(index &+ 1) | 0x20 == UInt8(ascii: "x"),
                    input.hexPair(at: index &+ 2) != nil
                {
                    index &+= 2
                    while let byte = input.hexPair(at: index) {
                        if byte == 0 { return }
                        out.append(byte)
                        index &+= 2
                    }
                }
                if index >= input.count || input[index] == 0 { return }
                out.append(input[index])
                index &+= 1
            }
        }
    }
}

extension OutputSpan<UInt8> {
    /// Appends two lower-case hexadecimal digits.
    mutating func appendHex(_ byte: UInt8) {
        append(Self.hexDigit(byte &>> 4))
        append(Self.hexDigit(byte & 15))
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 &+ value : 0x57 &+ value }
}
