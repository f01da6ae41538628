extension VariableTable {
    /// The first place of `byte` in a range of the arena.
    func firstIndex(of byte: UInt8, in range: Range<Int>) -> Int? {
        let span = bytes.span
        for index in range.clamped(to: 0..<span.count) where span[index] == byte { return index }
        return nil
    }

    /// Appends a range of the arena with its percent escapes decoded; what is no escape stays as it is.
    ///
    /// ModSecurity 3's `uri_decode`, and with `plusIsSpace` its `urldecode_nonstrict_inplace`.
    mutating func appendDecoded(_ range: Range<Int>, plusIsSpace: Bool) -> Range<Int> {
        let range = range.clamped(to: 0..<bytes.count)
        let start = bytes.count
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = bytes[index]
            index &+= 1
            if byte == 0x25, index &+ 1 < range.upperBound, let high = Hex.value(bytes[index]),
                let low = Hex.value(bytes[index &+ 1])
            {
                append(high << 4 | low)
                index &+= 2
            } else {
                append(plusIsSpace && byte == 0x2B ? 0x20 : byte)
            }
        }
        return start..<bytes.count
    }

    /// Sets a variable of one value to a number that is not negative, in decimal.
    mutating func setNumber(_ variable: Variable, to number: Int) {
        let value = appendNumber(number)
        set(variable, to: value)
    }

    /// Appends a number that is not negative, in decimal.
    mutating func appendNumber(_ number: Int) -> Range<Int> {
        let start = bytes.count
        var divisor = 1
        while number / divisor > 9 { divisor &*= 10 }
        while divisor > 0 {
            append(0x30 &+ UInt8(truncatingIfNeeded: number / divisor % 10))
            divisor /= 10
        }
        return start..<bytes.count
    }
}

/// Hexadecimal digits.
enum Hex {
    /// What a digit is worth, or nil.
    @inline(__always)
    static func value(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte &- 0x30
        case 0x41...0x46: byte &- 0x37
        case 0x61...0x66: byte &- 0x57
        default: nil
        }
    }
}
