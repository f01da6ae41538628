import GatePrimitives

/// A host and an optional port, judged (RFC 9110 §7.2, RFC 3986 §3.2).
///
/// Stricter than RFC 3986: a host is a name of letters, digits, `-`, `_` and `.`, an IPv4 address, or an IPv6 address
/// in brackets. No user information, no percent-encoding, no zone, no empty port, no port with leading zeros.
struct Authority {
    /// The host without a trailing dot; an IPv6 address with its brackets.
    var host: Range<Int>
    /// The digits of the port; empty where there is none.
    var portDigits: Range<Int>
    /// The port, 1 to 65535.
    var port: UInt16?
    /// Whether the bytes are canonical: lower case, no trailing dot.
    var isCanonical: Bool

    /// The longest host name in bytes, trailing dot not counted (RFC 1035 §2.3.4).
    static let longestHost = 253
    /// The longest label of a host name in bytes (RFC 1035 §2.3.4).
    static let longestLabel = 63

    /// Judges the bytes of `range`.
    static func parse(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(HeadError) -> Authority {
        guard !range.isEmpty else { throw .init(.badHost) }
        var authority =
            if bytes[range.lowerBound] == Ascii.leftBracket { try address(bytes, range) } else {
                try name(bytes, range)
            }
        try authority.readPort(bytes, range.upperBound)
        return authority
    }

    /// A registered name or an IPv4 address; stops at a colon.
    private static func name(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(HeadError) -> Authority {
        var index = range.lowerBound
        var label = index
        var isCanonical = true
        while index < range.upperBound {
            let byte = bytes[index]
            if byte == Ascii.colon { break }
            // RFC 3986 §3.2.1: user information would let `trusted@other` be read two ways (attacks 8).
            guard ByteClass.hostLetter.contains(byte) else { throw .init(.badHost) }
            if byte == Ascii.dot {
                guard index > label, index &- label <= longestLabel else { throw .init(.badHost) }
                label = index &+ 1
            } else if byte &- 0x41 < 26 {
                isCanonical = false
            }
            index &+= 1
        }
        var end = index
        if label == end, end > range.lowerBound {
            // A fully qualified name names the same host: one trailing dot is taken off (attacks 36).
            end &-= 1
            isCanonical = false
        }
        guard end > range.lowerBound, index &- label <= longestLabel, end &- range.lowerBound <= longestHost else {
            throw .init(.badHost)
        }
        return Authority(host: range.lowerBound..<end, portDigits: index..<index, port: nil, isCanonical: isCanonical)
    }

    /// An IPv6 address in brackets (RFC 3986 §3.2.2).
    private static func address(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(HeadError) -> Authority {
        let close = bytes.firstIndex(of: Ascii.rightBracket, in: range)
        guard close < range.upperBound, IPv6Text.isAddress(bytes, (range.lowerBound &+ 1)..<close) else {
            throw .init(.badHost)
        }
        var isCanonical = true
        for index in range.lowerBound..<close where bytes[index] &- 0x41 < 26 { isCanonical = false }
        let end = close &+ 1
        return Authority(host: range.lowerBound..<end, portDigits: end..<end, port: nil, isCanonical: isCanonical)
    }

    /// What follows the host up to `end`: nothing, or a colon and a port.
    private mutating func readPort(_ bytes: Span<UInt8>, _ end: Int) throws(HeadError) {
        let colon = portDigits.lowerBound
        guard colon < end else { return }
        let digits = (colon &+ 1)..<end
        guard bytes[colon] == Ascii.colon, digits.count >= 1, digits.count <= 5, bytes[digits.lowerBound] != Ascii.zero
        else { throw .init(.badHost) }
        var value = 0
        for index in digits {
            guard Ascii.isDigit(bytes[index]) else { throw .init(.badHost) }
            value = value &* 10 &+ Int(bytes[index] &- Ascii.zero)
        }
        guard let port = UInt16(exactly: value) else { throw .init(.badHost) }
        self.port = port
        portDigits = digits
    }
}

/// The textual form of IPv6 addresses (RFC 4291 §2.2).
enum IPv6Text {
    /// Whether the bytes of `range` are an IPv6 address, without zone.
    static func isAddress(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var groups = 0
        var hasGap = false
        var index = range.lowerBound
        while index < range.upperBound {
            if bytes[index] == Ascii.colon {
                // Only as `::`, once; a single colon was taken with the group before it.
                guard !hasGap, index &+ 1 < range.upperBound, bytes[index &+ 1] == Ascii.colon else { return false }
                hasGap = true
                index &+= 2
                continue
            }
            let start = index
            while index < range.upperBound, Ascii.hexValue(bytes[index]) != nil { index &+= 1 }
            if index < range.upperBound, bytes[index] == Ascii.dot {
                guard isIPv4(bytes, start..<range.upperBound) else { return false }
                groups &+= 2
                index = range.upperBound
                break
            }
            guard index > start, index &- start <= 4 else { return false }
            groups &+= 1
            guard index < range.upperBound else { break }
            guard bytes[index] == Ascii.colon, index &+ 1 < range.upperBound else { return false }
            // The colon of a gap is left for the next round.
            if bytes[index &+ 1] != Ascii.colon { index &+= 1 }
        }
        return hasGap ? groups < 8 : groups == 8
    }

    /// Whether the bytes of `range` are four decimal numbers up to 255 without leading zeros.
    private static func isIPv4(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var index = range.lowerBound
        for part in 0..<4 {
            let start = index
            var value = 0
            while index < range.upperBound, Ascii.isDigit(bytes[index]), index &- start < 3 {
                value = value &* 10 &+ Int(bytes[index] &- Ascii.zero)
                index &+= 1
            }
            guard index > start, value <= 255, index &- start == 1 || bytes[start] != Ascii.zero else { return false }
            if part < 3 {
                guard index < range.upperBound, bytes[index] == Ascii.dot else { return false }
                index &+= 1
            }
        }
        return index == range.upperBound
    }
}
