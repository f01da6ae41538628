extension IPAddress {
    /// 127.0.0.0/8 or ::1.
    public var isLoopback: Bool {
        switch family {
        case .v4: v4Bits >> 24 == 127
        case .v6: high == 0 && low == 1
        }
    }

    /// 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 (RFC 1918), fc00::/7 (RFC 4193) or loopback.
    public var isPrivate: Bool {
        switch family {
        case .v4: isLoopback || v4Bits >> 24 == 10 || v4Bits >> 20 == 0xac1 || v4Bits >> 16 == 0xc0a8
        case .v6: isLoopback || high >> 57 == 0x7e
        }
    }

    /// 169.254.0.0/16 (RFC 3927) or fe80::/10.
    public var isLinkLocal: Bool {
        switch family {
        case .v4: v4Bits >> 16 == 0xa9fe
        case .v6: high >> 54 == 0x3fa
        }
    }

    /// 0.0.0.0 or ::.
    public var isUnspecified: Bool { high == 0 && low == 0 }

    /// 224.0.0.0/4 or ff00::/8.
    public var isMulticast: Bool {
        switch family {
        case .v4: v4Bits >> 28 == 0xe
        case .v6: high >> 56 == 0xff
        }
    }

    /// Where cloud machines read their own credentials.
    ///
    /// 169.254.169.254 (most clouds), 100.100.100.200 (Alibaba), 168.63.129.16 (Azure), fd00:ec2::/32 (AWS) and
    /// fd20:ce::254 (Google).
    public var isMetadata: Bool {
        switch family {
        case .v4: v4Bits == 0xa9fe_a9fe || v4Bits == 0x6464_64c8 || v4Bits == 0xa83f_8110
        case .v6: high >> 32 == 0xfd00_0ec2 || (high == 0xfd20_00ce_0000_0000 && low == 0x254)
        }
    }

    /// The IPv4 address that a translator would reach for this IPv6 address, or nil.
    ///
    /// NAT64 64:ff9b::/96 (RFC 6052), 6to4 2002::/16 (RFC 3056) and IPv4-compatible ::/96 (RFC 4291 §2.5.5.1):
    /// each is another spelling of an address that a policy may refuse.
    public var embeddedV4: IPAddress? {
        guard family == .v6 else { return nil }
        if high == 0x0064_ff9b_0000_0000, low >> 32 == 0 { return IPAddress(v4: UInt32(truncatingIfNeeded: low)) }
        if high >> 48 == 0x2002 { return IPAddress(v4: UInt32(truncatingIfNeeded: high >> 16)) }
        if high == 0, low >> 32 == 0, low > 1 { return IPAddress(v4: UInt32(truncatingIfNeeded: low)) }
        return nil
    }

    /// Whether the address is globally reachable unicast by IANA's special-purpose registries (RFC 6890).
    public var isPublic: Bool {
        switch family {
        case .v4:
            !isPrivate && !isLinkLocal && v4Bits >> 28 < 0xe  // multicast, reserved and broadcast
                && v4Bits >> 24 != 0  // "this network"
                && v4Bits >> 22 != 0x191  // 100.64.0.0/10, shared
                && v4Bits >> 8 != 0xc00000  // 192.0.0.0/24, protocol assignments
                && v4Bits >> 8 != 0xc00002 && v4Bits >> 8 != 0xc63364 && v4Bits >> 8 != 0xcb0071  // documentation
                && v4Bits >> 17 != 0x6309  // 198.18.0.0/15, benchmarks
        case .v6:
            if let embedded = embeddedV4 {
                embedded.isPublic
            } else {
                high >> 61 == 1  // 2000::/3 is all that is assigned for global unicast
                    && high >> 41 != 0x10_0080  // 2001::/23, protocol assignments
                    && high >> 32 != 0x2001_0db8 && high >> 44 != 0x3fff0  // documentation
            }
        }
    }
}
