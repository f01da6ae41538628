/// A block of addresses: all that share a prefix (RFC 4632, RFC 4291 §2.3).
public struct CIDR: Hashable, Sendable, CustomStringConvertible {
    /// Why a text is no block.
    public enum ParseError: Error, Equatable, Sendable {
        /// What stands before the slash is no address.
        case notAnAddress
        /// The length is missing, not plain decimal, or beyond the family's width.
        case badLength
        /// Bits beyond the prefix are set; the block that was probably meant.
        case hostBits(CIDR)
    }

    /// The first address.
    public let address: IPAddress
    /// How many bits all addresses share.
    public let length: Int

    /// The block of `length` bits that holds `address`; lengths are clamped to the family's width.
    public init(_ address: IPAddress, length: Int) {
        self.length = max(0, min(length, address.bitWidth))
        self.address = address.prefix(self.length)
    }

    /// The block that `text` spells: `address/length`, or one address alone.
    public init(parsing text: Span<UInt8>) throws(ParseError) {
        var slash = text.count
        for index in 0..<text.count where text[index] == UInt8(ascii: "/") {
            slash = index
            break
        }
        guard let address = IPAddress(parsing: text.extracting(0..<slash)) else { throw .notAnAddress }
        guard slash < text.count else {
            self.init(address, length: address.bitWidth)
            return
        }
        guard var length = Self.length(text.extracting(slash &+ 1..<text.count)) else { throw .badLength }
        if address.family == .v4, Self.isColon(in: text) {
            // A mapped address counts its length in 128 bits; less than the 96 of its marker is no block of IPv4.
            guard length >= 96, length <= 128 else { throw .badLength }
            length &-= 96
        }
        guard length <= address.bitWidth else { throw .badLength }
        self.init(address, length: length)
        guard self.address == address else { throw .hostBits(self) }
    }

    /// The block that `text` spells; the rules of ``init(parsing:)``.
    public init(_ text: String) throws(ParseError) {
        try self.init(parsing: text.utf8.span)
    }

    /// Whether the block holds `other`.
    public func contains(_ other: IPAddress) -> Bool {
        other.family == address.family && other.prefix(length) == address
    }

    /// The last address.
    public var last: IPAddress {
        switch address.family {
        case .v4:
            IPAddress(v4: address.v4Bits | (length >= 32 ? 0 : UInt32.max >> UInt32(length)))
        case .v6:
            IPAddress(
                v6: address.high | (length >= 64 ? 0 : UInt64.max >> UInt64(length)),
                address.low | (length >= 128 ? 0 : UInt64.max >> UInt64(max(0, length &- 64))))
        }
    }

    /// `address/length` in canonical spelling.
    public var description: String { "\(address)/\(length)" }

    private static func isColon(in text: Span<UInt8>) -> Bool {
        for index in 0..<text.count where text[index] == UInt8(ascii: ":") { return true }
        return false
    }

    /// One to three decimal digits without a leading zero.
    private static func length(_ text: Span<UInt8>) -> Int? {
        guard text.count >= 1, text.count <= 3 else { return nil }
        var value = 0
        for index in 0..<text.count {
            let byte = text[index]
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            guard index == 0 || value != 0 else { return nil }
            value = value &* 10 &+ Int(byte &- UInt8(ascii: "0"))
        }
        return value
    }
}
