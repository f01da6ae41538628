/// The key of a ``SipHash``: 128 bits that a peer cannot guess.
public struct SipKey: Sendable {
    @usableFromInline let first: UInt64
    @usableFromInline let second: UInt64

    /// The key of these two little-endian words.
    @inlinable public init(_ first: UInt64, _ second: UInt64) {
        self.first = first
        self.second = second
    }

    /// A new key from the system's random source.
    public static func random() -> SipKey {
        var source = SystemRandomNumberGenerator()
        return SipKey(source.next(), source.next())
    }
}

/// The 128 bits that ``SipHash`` yields.
public struct Hash128: Hashable, Sendable {
    /// The first eight bytes, read little-endian.
    public let first: UInt64
    /// The last eight bytes, read little-endian.
    public let second: UInt64

    /// The value of these two words.
    @inlinable public init(_ first: UInt64, _ second: UInt64) {
        self.first = first
        self.second = second
    }
}

/// SipHash with 128 bits of output, fed piece by piece (Aumasson and Bernstein, "SipHash", 2012).
///
/// Who does not know the key can neither predict nor force collisions, so that a hash may stand for what was hashed in
/// tables that strangers fill. Not for signatures or passwords.
public struct SipHash: Sendable {
    /// How many rounds: per eight bytes and at the end.
    public enum Variant: Sendable {
        /// One and three: for tables whose hashes nobody sees.
        case oneThree
        /// Two and four: the designers' choice.
        case twoFour
    }

    @usableFromInline var v0: UInt64
    @usableFromInline var v1: UInt64
    @usableFromInline var v2: UInt64
    @usableFromInline var v3: UInt64
    /// Bytes that do not fill a word yet, the first lowest.
    @usableFromInline var tail: UInt64 = 0
    /// How many bytes were fed; the last eight bits count.
    @usableFromInline var count: UInt64 = 0
    @usableFromInline let isTwoFour: Bool

    /// An empty hash under `key`.
    @inlinable public init(key: SipKey, variant: Variant = .oneThree) {
        v0 = key.first ^ 0x736f_6d65_7073_6575
        v1 = key.second ^ 0x646f_7261_6e64_6f6d ^ 0xee
        v2 = key.first ^ 0x6c79_6765_6e65_7261
        v3 = key.second ^ 0x7465_6462_7974_6573
        isTwoFour = variant == .twoFour
    }

    /// Feeds one byte.
    @inlinable public mutating func update(_ byte: UInt8) {
        let filled = count & 7
        tail |= UInt64(byte) << (filled &* 8)
        count &+= 1
        if filled == 7 {
            compress(tail)
            tail = 0
        }
    }

    /// Feeds the eight bytes of `word`, the lowest first.
    @inlinable public mutating func update(_ word: UInt64) {
        let filled = count & 7
        count &+= 8
        if filled == 0 {
            compress(word)
        } else {
            compress(tail | word << (filled &* 8))
            tail = word >> ((8 &- filled) &* 8)
        }
    }

    /// Feeds `bytes`.
    public mutating func update(_ bytes: Span<UInt8>) {
        var index = 0
        while bytes.count &- index >= 8 {
            var word: UInt64 = 0
            for offset in 0..<8 { word |= UInt64(bytes[index &+ offset]) << UInt64(offset &* 8) }
            update(word)
            index &+= 8
        }
        while index < bytes.count {
            update(bytes[index])
            index &+= 1
        }
    }

    /// The hash of all that was fed.
    @inlinable public func finish() -> Hash128 {
        var state = self
        state.compress(tail | count << 56)
        state.v2 ^= 0xee
        let first = state.finalRounds()
        state.v1 ^= 0xdd
        return Hash128(first, state.finalRounds())
    }

    /// The hash of `bytes` under `key`.
    public static func hash(_ bytes: Span<UInt8>, key: SipKey, variant: Variant = .oneThree) -> Hash128 {
        var hash = SipHash(key: key, variant: variant)
        hash.update(bytes)
        return hash.finish()
    }

    @inlinable @inline(__always)
    mutating func compress(_ word: UInt64) {
        v3 ^= word
        round()
        if isTwoFour { round() }
        v0 ^= word
    }

    @inlinable @inline(__always)
    mutating func finalRounds() -> UInt64 {
        round()
        round()
        round()
        if isTwoFour { round() }
        return v0 ^ v1 ^ v2 ^ v3
    }

    @inlinable @inline(__always)
    mutating func round() {
        v0 = v0 &+ v1
        v1 = (v1 << 13 | v1 >> 51) ^ v0
        v0 = v0 << 32 | v0 >> 32
        v2 = v2 &+ v3
        v3 = (v3 << 16 | v3 >> 48) ^ v2
        v0 = v0 &+ v3
        v3 = (v3 << 21 | v3 >> 43) ^ v0
        v2 = v2 &+ v1
        v1 = (v1 << 17 | v1 >> 47) ^ v2
        v2 = v2 << 32 | v2 >> 32
    }
}
