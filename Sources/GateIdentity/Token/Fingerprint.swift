import Crypto

/// The first 128 bits of a SHA-256 digest: the name of one version of a policy or of a key set.
///
/// The verified-token cache keys on it, so that a tightened audience or a revoked key takes effect at once.
public struct Fingerprint: Hashable, Sendable {
    /// The first eight bytes, big-endian.
    public let high: UInt64
    /// The next eight bytes, big-endian.
    public let low: UInt64

    /// The fingerprint of `bytes`.
    public init(of bytes: [UInt8]) {
        var high: UInt64 = 0
        var low: UInt64 = 0
        for (index, byte) in SHA256.hash(data: bytes).enumerated() where index < 16 {
            if index < 8 { high = high << 8 | UInt64(byte) } else { low = low << 8 | UInt64(byte) }
        }
        self.high = high
        self.low = low
    }

    /// The fingerprint of a list of fields; each is preceded by its length, so that no two lists read alike.
    init(ofFields fields: [[UInt8]]) {
        var bytes: [UInt8] = []
        for field in fields {
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: field.count >> shift))
            }
            bytes += field
        }
        self.init(of: bytes)
    }

    /// 32 lower-case hexadecimal digits.
    public var hex: String {
        var text = ""
        for half in [high, low] {
            let digits = String(half, radix: 16)
            text += String(repeating: "0", count: 16 - digits.count) + digits
        }
        return text
    }
}
