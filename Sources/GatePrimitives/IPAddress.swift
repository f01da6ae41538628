/// An IPv4 or IPv6 address as a plain value; IPv4-mapped IPv6 (`::ffff:a.b.c.d`) is always IPv4.
///
/// One address has one value, so that a limit, a deny list and a log line never see two spellings of a client.
public struct IPAddress: Hashable, Sendable {
    /// The version of the protocol.
    public enum Family: UInt8, Sendable {
        /// 32 bits.
        case v4
        /// 128 bits.
        case v6
    }

    /// The version of the protocol.
    public let family: Family
    /// The first 64 bits of an IPv6 address; 0 for IPv4.
    public let high: UInt64
    /// The last 64 bits of an IPv6 address; the 32 bits of an IPv4 address.
    public let low: UInt64

    /// The IPv4 address whose first octet is the most significant byte of `bits`.
    @inlinable public init(v4 bits: UInt32) {
        family = .v4
        high = 0
        low = UInt64(bits)
    }

    /// The IPv6 address of these two halves, or the IPv4 address that it maps (RFC 4291 §2.5.5.2).
    @inlinable public init(v6High: UInt64, low v6Low: UInt64) {
        let mapped = v6High == 0 && v6Low >> 32 == 0xffff
        family = mapped ? .v4 : .v6
        high = v6High
        low = mapped ? v6Low & 0xffff_ffff : v6Low
    }

    /// The address in 4 or 16 bytes in network order; nil for any other count.
    public init?(bytes: Span<UInt8>) {
        var high: UInt64 = 0
        var low: UInt64 = 0
        switch bytes.count {
        case 4:
            for index in 0..<4 { low = low << 8 | UInt64(bytes[index]) }
            self.init(v4: UInt32(truncatingIfNeeded: low))
        case 16:
            for index in 0..<8 { high = high << 8 | UInt64(bytes[index]) }
            for index in 8..<16 { low = low << 8 | UInt64(bytes[index]) }
            self.init(v6High: high, low: low)
        default: return nil
        }
    }

    /// The 32 bits of an IPv4 address; 0 for IPv6.
    @inlinable public var v4Bits: UInt32 { family == .v4 ? UInt32(truncatingIfNeeded: low) : 0 }

    /// How many bits an address of this family has: 32 or 128.
    @inlinable public var bitWidth: Int { family == .v4 ? 32 : 128 }

    /// The address with all but the first `length` bits cleared; lengths beyond the family's width keep it whole.
    @inlinable public func prefix(_ length: Int) -> IPAddress {
        let kept = max(0, min(length, bitWidth))
        switch family {
        case .v4:
            return IPAddress(v4: v4Bits & ~(UInt32.max >> UInt32(kept)))
        case .v6:
            let keptHigh = high & ~(UInt64.max >> UInt64(min(kept, 64)))
            let keptLow = low & ~(UInt64.max >> UInt64(max(0, kept &- 64)))
            return IPAddress(v6: keptHigh, keptLow)
        }
    }

    /// An IPv6 value as it stands, for prefixes of mapped space; the caller knows that it is no mapped address.
    @inlinable init(v6 high: UInt64, _ low: UInt64) {
        family = .v6
        self.high = high
        self.low = low
    }
}

extension IPAddress: Comparable {
    /// IPv4 before IPv6, then by number.
    @inlinable public static func < (left: Self, right: Self) -> Bool {
        (left.family.rawValue, left.high, left.low) < (right.family.rawValue, right.high, right.low)
    }
}
