extension Transformation {
    static func htmlEntityDecode(_ input: Span<UInt8>, from start: Int, into output: inout [UInt8]) {
        output.append(addingCapacity: input.count) { out in
            out.append(copying: input.extracting(..<start))
            var index = start
            while index < input.count {
                guard input[index] == UInt8(ascii: "&") else {
                    out.append(input[index])
                    index &+= 1
                    continue
                }
                let (byte, end) = entity(in: input, at: index)
                if let byte { out.append(byte) } else { out.append(copying: input.extracting(index..<end)) }
                index = end
            }
        }
    }

    /// What the entity at `index` stands for and where it ends; without a byte, what to copy ends there.
    private static func entity(in input: Span<UInt8>, at index: Int) -> (byte: UInt8?, end: Int) {
        var end = index &+ 1
        guard input.orZero(end) == UInt8(ascii: "#") else {
            while input.orZero(end).isCAlphanumeric { end &+= 1 }
            guard let byte = namedEntity(input.extracting(index &+ 1..<end)) else { return (nil, end) }
            return (byte, input.orZero(end) == UInt8(ascii: ";") ? end &+ 1 : end)
        }
        end &+= 1
        guard end < input.count else { return (nil, end) }
        let base = input[end] | 0x20 == UInt8(ascii: "x") ? 16 : 10
        if base == 16 { end &+= 1 }
        let first = end
        var value = 0
        while end < input.count, let digit = input[end].hexValue, Int(digit) < base {
            // `strtol` stays at its greatest number, whose low byte is FF.
            let (product, overflow) = value.multipliedReportingOverflow(by: base)
            let (sum, carry) = product.addingReportingOverflow(Int(digit))
            value = overflow || carry ? .max : sum
            end &+= 1
        }
        guard end > first else { return (nil, end) }
        return (UInt8(truncatingIfNeeded: value), input.orZero(end) == UInt8(ascii: ";") ? end &+ 1 : end)
    }

    private static func namedEntity(_ name: Span<UInt8>) -> UInt8? {
        guard name.count >= 2, name.count <= 4 else { return nil }
        var word: UInt32 = 0
        for index in 0..<name.count { word = word &<< 8 | UInt32(name[index].loweredASCII) }
        return switch word {
        case 0x71_75_6F_74: UInt8(ascii: "\"")  // quot
        case 0x61_6D_70: UInt8(ascii: "&")  // amp
        case 0x6C_74: UInt8(ascii: "<")  // lt
        case 0x67_74: UInt8(ascii: ">")  // gt
        case 0x6E_62_73_70: 0xA0  // nbsp
        default: nil
        }
    }
}
