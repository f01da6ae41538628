extension IPAddress: LosslessStringConvertible, CustomStringConvertible {
    /// The address that `text` spells, or nil; the rules of ``init(parsing:)``.
    public init?(_ text: String) {
        self.init(parsing: text.utf8.span)
    }

    /// The address that these ASCII bytes spell, or nil.
    ///
    /// Strict: four decimal numbers without leading zeros (RFC 6943 §3.1.1 says what loose forms cost), or IPv6 by
    /// RFC 4291 §2.2 with at most one `::` and optionally a dotted IPv4 tail. No zone, brackets, port or spaces.
    public init?(parsing text: Span<UInt8>) {
        // LIMIT: the longest spelling is 45 bytes (INET6_ADDRSTRLEN - 1).
        guard text.count >= 2, text.count <= 45 else { return nil }
        var isV6 = false
        for index in 0..<text.count where text[index] == UInt8(ascii: ":") {
            isV6 = true
            break
        }
        if isV6 {
            guard let (high, low) = Self.v6(text) else { return nil }
            self.init(v6High: high, low: low)
        } else {
            guard let bits = Self.v4(text, from: 0) else { return nil }
            self.init(v4: bits)
        }
    }

    /// Four octets in decimal that fill the text from `start` to its end.
    private static func v4(_ text: Span<UInt8>, from start: Int) -> UInt32? {
        var bits: UInt32 = 0
        var octets = 0
        var value: UInt32 = 0
        var digits = 0
        for index in start..<text.count {
            let byte = text[index]
            if byte == UInt8(ascii: ".") {
                guard digits > 0, octets < 3 else { return nil }
                bits = bits << 8 | value
                octets &+= 1
                value = 0
                digits = 0
                continue
            }
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            // A leading zero means octal to some parsers and decimal to others.
            guard digits == 0 || value != 0 else { return nil }
            value = value &* 10 &+ UInt32(byte &- UInt8(ascii: "0"))
            digits &+= 1
            guard value <= 255 else { return nil }
        }
        guard octets == 3, digits > 0 else { return nil }
        return bits << 8 | value
    }

    /// The two halves of an IPv6 spelling.
    private static func v6(_ text: Span<UInt8>) -> (UInt64, UInt64)? {
        var groups: InlineArray<8, UInt16> = .init(repeating: 0)
        var count = 0
        var gap: Int?
        var index = 0
        if text[0] == UInt8(ascii: ":") {
            guard text[1] == UInt8(ascii: ":") else { return nil }
            gap = 0
            index = 2
        }
        while index < text.count {
            guard count < 8 else { return nil }
            let start = index
            var value: UInt16 = 0
            while index < text.count, let digit = hexDigit(text[index]) {
                guard index &- start < 4 else { return nil }
                value = value << 4 | UInt16(digit)
                index &+= 1
            }
            if index < text.count, text[index] == UInt8(ascii: ".") {
                guard count <= 6, let tail = v4(text, from: start) else { return nil }
                groups[count] = UInt16(truncatingIfNeeded: tail >> 16)
                groups[count &+ 1] = UInt16(truncatingIfNeeded: tail)
                count &+= 2
                break
            }
            guard index > start else { return nil }
            groups[count] = value
            count &+= 1
            if index == text.count { break }
            guard text[index] == UInt8(ascii: ":") else { return nil }
            index &+= 1
            // A single colon at the end is no address.
            guard index < text.count else { return nil }
            if text[index] == UInt8(ascii: ":") {
                guard gap == nil else { return nil }
                gap = count
                index &+= 1
            }
        }
        // RFC 4291 §2.2: `::` stands for one or more groups of zeros.
        guard gap == nil ? count == 8 : count < 8 else { return nil }
        return joined(groups, count: count, gap: gap ?? count)
    }

    /// The halves of `count` groups with zeros put in at `gap`.
    private static func joined(_ groups: InlineArray<8, UInt16>, count: Int, gap: Int) -> (UInt64, UInt64) {
        var high: UInt64 = 0
        var low: UInt64 = 0
        let zeros = 8 &- count
        for position in 0..<8 {
            let group: UInt16 =
                if position < gap { groups[position] } else if position < gap &+ zeros { 0 } else {
                    groups[position &- zeros]
                }
            if position < 4 { high = high << 16 | UInt64(group) } else { low = low << 16 | UInt64(group) }
        }
        return (high, low)
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte &- UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte &- UInt8(ascii: "a") &+ 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte &- UInt8(ascii: "A") &+ 10
        default: nil
        }
    }
}

extension IPAddress {
    /// The canonical spelling: dotted decimal, or RFC 5952 for IPv6.
    public var description: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(39)
        append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the canonical spelling, at most 39 bytes.
    public func append(to bytes: inout [UInt8]) {
        switch family {
        case .v4:
            for octet in 0..<4 {
                if octet > 0 { bytes.append(UInt8(ascii: ".")) }
                Self.append(decimal: UInt8(truncatingIfNeeded: v4Bits >> UInt32(24 &- octet &* 8)), to: &bytes)
            }
        case .v6: appendV6(to: &bytes)
        }
    }

    /// The group at `position`, 0 to 7 from the left.
    private func group(_ position: Int) -> UInt16 {
        let half = position < 4 ? high : low
        return UInt16(truncatingIfNeeded: half >> UInt64((3 &- (position & 3)) &* 16))
    }

    private func appendV6(to bytes: inout [UInt8]) {
        // RFC 5952 §4.2: the longest run of two or more zero groups, the first of equals, becomes `::`.
        var best = 0..<0
        var position = 0
        while position < 8 {
            guard group(position) == 0 else {
                position &+= 1
                continue
            }
            let start = position
            while position < 8, group(position) == 0 { position &+= 1 }
            if position &- start > max(1, best.count) { best = start..<position }
        }
        position = 0
        while position < 8 {
            if position == best.lowerBound, !best.isEmpty {
                bytes.append(UInt8(ascii: ":"))
                bytes.append(UInt8(ascii: ":"))
                position = best.upperBound
                continue
            }
            if position > 0, position != best.upperBound || best.isEmpty { bytes.append(UInt8(ascii: ":")) }
            Self.append(hexadecimal: group(position), to: &bytes)
            position &+= 1
        }
    }

    private static func append(decimal value: UInt8, to bytes: inout [UInt8]) {
        if value >= 100 { bytes.append(UInt8(ascii: "0") &+ value / 100) }
        if value >= 10 { bytes.append(UInt8(ascii: "0") &+ value / 10 % 10) }
        bytes.append(UInt8(ascii: "0") &+ value % 10)
    }

    /// Lower case, without leading zeros (RFC 5952 §4.1, §4.3).
    private static func append(hexadecimal value: UInt16, to bytes: inout [UInt8]) {
        var shift = 12
        while shift > 0, value >> UInt16(shift) == 0 { shift &-= 4 }
        while shift >= 0 {
            let digit = UInt8(truncatingIfNeeded: value >> UInt16(shift)) & 0xf
            bytes.append(digit < 10 ? UInt8(ascii: "0") &+ digit : UInt8(ascii: "a") &+ digit &- 10)
            shift &-= 4
        }
    }
}
