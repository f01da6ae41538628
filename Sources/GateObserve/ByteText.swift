// Text of logs and metrics is built in a [UInt8] that keeps its capacity: appending to it is a copy and nothing else.

extension [UInt8] {
    /// Appends text that is known when the gateway is compiled.
    @inline(__always)
    mutating func appendLiteral(_ text: StaticString) {
        guard text.hasPointerRepresentation else {
            append(contentsOf: text.description.utf8)
            return
        }
        // SAFETY: a StaticString with a pointer is immutable, lives as long as the process, and has utf8CodeUnitCount bytes.
        unsafe append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends `value` in decimal.
    mutating func appendDecimal(_ value: UInt64) {
        appendDigits(value, atLeast: 1)
    }

    /// Appends `value` in decimal, with leading zeros up to `width` digits.
    mutating func appendDigits(_ value: UInt64, atLeast width: Int) {
        let first = count
        var rest = value
        var digits = 0
        while rest > 0 || digits < width {
            append(UInt8(truncatingIfNeeded: rest % 10) &+ 0x30)
            rest /= 10
            digits &+= 1
        }
        var (low, high) = (first, count &- 1)
        while low < high {
            swapAt(low, high)
            low &+= 1
            high &-= 1
        }
    }

    /// Appends `value` in decimal, with its sign.
    mutating func appendDecimal(_ value: Int64) {
        if value < 0 { append(0x2d) }
        appendDecimal(value.magnitude)
    }

    /// Appends `value` in decimal.
    @inline(__always)
    mutating func appendDecimal(_ value: Int) { appendDecimal(Int64(value)) }

    /// Appends a span of nanoseconds as milliseconds with three decimals; a negative one is 0.
    mutating func appendMilliseconds(nanoseconds: Int64) {
        let microseconds = UInt64(Swift.max(nanoseconds, 0)) / 1000
        appendDecimal(microseconds / 1000)
        append(0x2e)
        appendDigits(microseconds % 1000, atLeast: 3)
    }

    /// Appends a span of nanoseconds as seconds with nine decimals.
    mutating func appendSeconds(nanoseconds: UInt64) {
        appendDecimal(nanoseconds / 1_000_000_000)
        append(0x2e)
        appendDigits(nanoseconds % 1_000_000_000, atLeast: 9)
    }

    /// Appends the 32 digits of `id`.
    mutating func append(_ id: DecisionID) {
        appendHexadecimal(id.high)
        appendHexadecimal(id.low)
    }

    /// Appends the 16 hexadecimal digits of `word`.
    mutating func appendHexadecimal(_ word: UInt64) {
        var shift: UInt64 = 64
        while shift > 0 {
            shift &-= 4
            append(Hexadecimal.digit(UInt8(truncatingIfNeeded: word &>> shift)))
        }
    }
}
