extension Transformation {
    static func jsDecode(_ input: Span<UInt8>, from start: Int, into output: inout [UInt8]) {
        output.append(addingCapacity: input.count) { out in
            out.append(copying: input.extracting(..<start))
            var index = start
            while index < input.count {
                guard input[index] == UInt8(ascii: "\\"), index &+ 1 < input.count else {
                    out.append(input[index])
                    index &+= 1
                    continue
                }
                let next = input[index &+ 1]
                if next == UInt8(ascii: "u"), let high = input.hexPair(at: index &+ 2),
                    let low = input.hexPair(at: index &+ 4)
                {
                    out.append(foldedFullWidth(low, isFullWidth: high == 0xFF))
                    index &+= 6
                } else if next == UInt8(ascii: "x"), let byte = input.hexPair(at: index &+ 2) {
                    out.append(byte)
                    index &+= 4
                } else if next.octalValue != nil {
                    // At most three digits, and two where three would not fit into a byte.
                    let (value, digits) = input.octal(at: index &+ 1, digits: next > UInt8(ascii: "3") ? 2 : 3)
                    out.append(UInt8(truncatingIfNeeded: value))
                    index &+= 1 &+ digits
                } else {
                    out.append(simpleEscape(next) ?? next)
                    index &+= 2
                }
            }
        }
    }

    static func escapeSeqDecode(_ input: Span<UInt8>, from start: Int, into output: inout [UInt8]) {
        output.append(addingCapacity: input.count) { out in
            out.append(copying: input.extracting(..<start))
            var index = start
            while index < input.count {
                guard input[index] == UInt8(ascii: "\\"), index &+ 1 < input.count else {
                    out.append(input[index])
                    index &+= 1
                    continue
                }
                let next = input[index &+ 1]
                if let byte = simpleEscape(next) {
                    out.append(byte)
                    index &+= 2
                } else if next | 0x20 == UInt8(ascii: "x"), let byte = input.hexPair(at: index &+ 2) {
                    out.append(byte)
                    index &+= 4
                } else if next.octalValue != nil {
                    let (value, digits) = input.octal(at: index &+ 1, digits: 3)
                    out.append(UInt8(truncatingIfNeeded: value))
                    index &+= 1 &+ digits
                } else {
                    out.append(next)
                    index &+= 2
                }
            }
        }
    }

    static func cssDecode(_ input: Span<UInt8>, from start: Int, into output: inout [UInt8]) {
        output.append(addingCapacity: input.count) { out in
            out.append(copying: input.extracting(..<start))
            var index = start
            while index < input.count {
                var byte = input[index]
                index &+= 1
                if byte == UInt8(ascii: "\\") {
                    guard index < input.count else { return }
                    var digits = 0
                    while digits < 6, input.orZero(index &+ digits).hexValue != nil { digits &+= 1 }
                    if digits > 0 {
                        byte = cssEscape(input, at: index, digits: digits)
                        index &+= digits
                        // One white space ends an escape.
                        if input.orZero(index).isCSpace { index &+= 1 }
                    } else {
                        byte = input[index]
                        index &+= 1
                        // An escaped line feed is nothing.
                        if byte == 0x0A { continue }
                    }
                }
                // A zero byte, decoded or not, is the end.
                if byte == 0 { return }
                out.append(byte)
            }
        }
    }

    /// The byte that one to six hexadecimal digits stand for: the last two count, full-width ASCII is folded.
    private static func cssEscape(_ input: Span<UInt8>, at index: Int, digits: Int) -> UInt8 {
        guard digits > 1, let low = input.hexPair(at: index &+ digits &- 2) else { return input[index].hexValue ?? 0 }
        let zeros = UInt8(ascii: "0")
        let isWide =
            switch digits {
            case 4: true
            case 5: input[index] == zeros
            case 6: input[index] == zeros && input[index &+ 1] == zeros
            default: false
            }
        return foldedFullWidth(low, isFullWidth: isWide && input.hexPair(at: index &+ digits &- 4) == 0xFF)
    }

    private static func simpleEscape(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "a"): 0x07
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        case UInt8(ascii: "v"): 0x0B
        default: nil
        }
    }
}

extension Span<UInt8> {
    /// The number of up to `digits` octal digits at `index`, and how many there were.
    fileprivate func octal(at index: Int, digits: Int) -> (value: Int, digits: Int) {
        var value = 0
        var count = 0
        while count < digits, let digit = orZero(index &+ count).octalValue {
            value = value &* 8 &+ Int(digit)
            count &+= 1
        }
        return (value, count)
    }
}
