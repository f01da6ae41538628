import NIOCore

extension ByteBuffer {
    /// Appends a number in decimal digits, without a string.
    mutating func writeDecimal(_ number: UInt64) {
        var divisor: UInt64 = 1
        while number / divisor >= 10 { divisor &*= 10 }
        var rest = number
        while divisor > 0 {
            writeInteger(UInt8(truncatingIfNeeded: 48 &+ rest / divisor))
            rest %= divisor
            divisor /= 10
        }
    }
}
