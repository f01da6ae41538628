extension Transformation {
    static func base64Encode(_ input: Span<UInt8>, into output: inout [UInt8]) {
        output.append(addingCapacity: (input.count &+ 2) / 3 &* 4) { out in
            var index = 0
            while index < input.count {
                let rest = input.count &- index
                let word =
                    UInt32(input[index]) &<< 16 | UInt32(input.orZero(index &+ 1)) &<< 8
                    | UInt32(input.orZero(index &+ 2))
                out.append(base64Symbol(word &>> 18))
                out.append(base64Symbol(word &>> 12))
                out.append(rest > 1 ? base64Symbol(word &>> 6) : UInt8(ascii: "="))
                out.append(rest > 2 ? base64Symbol(word) : UInt8(ascii: "="))
                index &+= 3
            }
        }
    }

    /// Mbed TLS's reading: spaces only before a line's end, at most two `=` and only at the end; anything else is
    /// malformed and gives nothing. A zero byte ends the input.
    static func base64Decode(_ input: Span<UInt8>, into output: inout [UInt8]) {
        guard let end = base64End(of: input) else { return }
        output.append(addingCapacity: input.count) { out in
            var word: UInt32 = 0
            var symbols = 0
            var kept = 3
            for index in 0..<end {
                let byte = input[index]
                if byte == 0x0D || byte == 0x0A || byte == 0x20 { continue }
                if byte == UInt8(ascii: "=") { kept &-= 1 }
                word = word &<< 6 | UInt32(base64Value(byte) ?? 0)
                symbols &+= 1
                guard symbols == 4 else { continue }
                symbols = 0
                if kept > 0 { out.append(UInt8(truncatingIfNeeded: word &>> 16)) }
                if kept > 1 { out.append(UInt8(truncatingIfNeeded: word &>> 8)) }
                if kept > 2 { out.append(UInt8(truncatingIfNeeded: word)) }
            }
        }
    }

    /// Where well-formed base64 ends, or nil.
    private static func base64End(of input: Span<UInt8>) -> Int? {
        var index = 0
        var padding = 0
        while input.orZero(index) != 0 {
            let start = index
            while input.orZero(index) == 0x20 { index &+= 1 }
            let byte = input.orZero(index)
            if byte == 0 { break }
            if byte == 0x0A || byte == 0x0D && input.orZero(index &+ 1) == 0x0A {
                index &+= 1
                continue
            }
            guard index == start else { return nil }
            if byte == UInt8(ascii: "=") {
                padding &+= 1
                if padding > 2 { return nil }
            } else if padding > 0 || base64Value(byte) == nil {
                return nil
            }
            index &+= 1
        }
        return index
    }

    static func base64DecodeExt(_ input: Span<UInt8>, into output: inout [UInt8]) {
        // One symbol in a group followed by a single `=` makes the whole value empty, and so does one left over
        // before a last `=` or, since a symbol's value is compared with the code of `=`, before a last `9`.
        var symbols = 0
        var last: UInt8 = 0
        for index in 0..<input.count {
            let byte = input[index]
            last = byte
            if byte == UInt8(ascii: "=") {
                if symbols & 3 == 1 && input.orZero(index &+ 1) != byte { return }
            } else if base64Value(byte) != nil {
                symbols &+= 1
            }
        }
        if symbols & 3 == 1 && (last == UInt8(ascii: "=") || last == UInt8(ascii: "9")) { return }
        output.append(addingCapacity: input.count) { out in
            var word: UInt32 = 0
            var symbols = 0
            for index in 0..<input.count {
                guard let value = base64Value(input[index]) else { continue }
                word = word &<< 6 | UInt32(value)
                symbols &+= 1
                if symbols & 3 != 1 {
                    let shift = UInt32(truncatingIfNeeded: (4 &- symbols & 3) & 3) &* 2
                    out.append(UInt8(truncatingIfNeeded: word &>> shift))
                }
            }
        }
    }

    private static func base64Value(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte &- 0x41
        case UInt8(ascii: "a")...UInt8(ascii: "z"): byte &- 0x61 &+ 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte &- 0x30 &+ 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }

    private static func base64Symbol(_ word: UInt32) -> UInt8 {
        let value = UInt8(truncatingIfNeeded: word & 63)
        return switch value {
        case 0..<26: 0x41 &+ value
        case 26..<52: 0x61 &+ value &- 26
        case 52..<62: 0x30 &+ value &- 52
        case 62: UInt8(ascii: "+")
        default: UInt8(ascii: "/")
        }
    }
}
