import GatePrimitives
public import NIOCore

/// The id of one exchange: 128 bits that nobody can guess, written as 32 lower-case hexadecimal digits.
///
/// The same text stands in `x-request-id`, in problem+json, in the logs and behind `/decisions/`. The lowest ten bits
/// are the number of the loop that keeps the decision; the rest is a keyed hash of a counter, so that an id tells
/// neither the traffic nor its neighbours' ids.
public struct DecisionID: Hashable, Sendable {
    /// The highest 64 bits.
    public let high: UInt64
    /// The lowest 64 bits.
    public let low: UInt64

    /// How many characters an id has.
    public static let textLength = 32
    /// How many loops an id can tell apart.
    public static let maximumLoops = 1024

    /// The id of these two words.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The number of the loop that made it.
    public var loop: Int { Int(low & 1023) }

    /// The id that `text` spells: exactly 32 lower-case hexadecimal digits, else nil.
    public init?(_ text: String) {
        self.init(digits: text.utf8)
    }

    init?(digits: String.UTF8View) {
        guard digits.count == Self.textLength else { return nil }
        var words: (high: UInt64, low: UInt64) = (0, 0)
        for byte in digits {
            let digit: UInt8
            switch byte {
            case 0x30...0x39: digit = byte &- 0x30
            case 0x61...0x66: digit = byte &- 0x61 &+ 10
            default: return nil
            }
            words.high = words.high &<< 4 | words.low &>> 60
            words.low = words.low &<< 4 | UInt64(digit)
        }
        self.init(high: words.high, low: words.low)
    }

    /// Writes the 32 digits to `buffer`.
    public func write(to buffer: inout ByteBuffer) {
        buffer.writeInteger(Hexadecimal.digits(UInt32(truncatingIfNeeded: high &>> 32)))
        buffer.writeInteger(Hexadecimal.digits(UInt32(truncatingIfNeeded: high)))
        buffer.writeInteger(Hexadecimal.digits(UInt32(truncatingIfNeeded: low &>> 32)))
        buffer.writeInteger(Hexadecimal.digits(UInt32(truncatingIfNeeded: low)))
    }
}

extension DecisionID: CustomStringConvertible {
    /// The 32 digits.
    public var description: String {
        var text = TextBuffer()
        text.append(self)
        return text.string
    }
}

/// The source of one loop's decision ids.
struct DecisionIDSource {
    private let key: SipKey
    private let loop: UInt64
    private var counter: UInt64 = 0

    /// The source of the loop number `loop`; of a number beyond 1023 the lowest ten bits count.
    init(loop: Int, key: SipKey = .random()) {
        self.loop = UInt64(truncatingIfNeeded: loop) & 1023
        self.key = key
    }

    /// The next id: SipHash-2-4 of the counter, under a key that this process and loop alone have.
    mutating func next() -> DecisionID {
        counter &+= 1
        var hash = SipHash(key: key, variant: .twoFour)
        hash.update(counter)
        let word = hash.finish()
        return DecisionID(high: word.first, low: word.second & ~1023 | loop)
    }
}

/// Hexadecimal digits.
enum Hexadecimal {
    /// The lower-case digit of the lowest four bits of `value`.
    @inline(__always)
    static func digit(_ value: UInt8) -> UInt8 {
        let nibble = value & 15
        return nibble < 10 ? nibble &+ 0x30 : nibble &+ 0x57
    }

    /// The eight digits of `half`, the first in the highest byte: all at once, a byte each.
    @inline(__always)
    static func digits(_ half: UInt32) -> UInt64 {
        var nibbles = UInt64(half)
        nibbles = (nibbles &<< 16 | nibbles) & 0x0000_ffff_0000_ffff
        nibbles = (nibbles &<< 8 | nibbles) & 0x00ff_00ff_00ff_00ff
        nibbles = (nibbles &<< 4 | nibbles) & 0x0f0f_0f0f_0f0f_0f0f
        // One in each byte whose nibble is ten or more: adding six carries into its fifth bit.
        let letters = (nibbles &+ 0x0606_0606_0606_0606) &>> 4 & 0x0101_0101_0101_0101
        return nibbles &+ 0x3030_3030_3030_3030 &+ letters &* 0x27
    }
}
