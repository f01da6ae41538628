/// One condition that every text with a match meets: it holds a byte of `bytes` or one of `literals`, case aside.
package struct Requirement: Sendable {
    /// Single bytes, folded to lower case.
    package var bytes: ByteMask
    /// Texts of at least two bytes in lower case, none part of another.
    package var literals: [[UInt8]]

    /// Any one of `texts`; nil where one of them is empty, which every text holds.
    init?(anyOf texts: [[UInt8]]) {
        bytes = .none
        literals = []
        for text in texts {
            switch text.count {
            case 0: return nil
            case 1: bytes.insert(text[0])
            default: literals.append(text)
            }
        }
        simplify()
    }

    /// A byte of `bytes`.
    init(bytes: ByteMask) {
        self.bytes = bytes
        literals = []
    }

    /// This or `other`.
    func union(_ other: Requirement) -> Requirement {
        var result = self
        result.bytes.formUnion(other.bytes)
        result.literals += other.literals
        result.simplify()
        return result
    }

    /// The weaker condition that one of some bytes occurs: of each literal its rarest.
    var asBytes: Requirement {
        var mask = bytes
        for literal in literals {
            if let rarest = literal.max(by: { ByteRarity.bits($0) < ByteRarity.bits($1) }) { mask.insert(rarest) }
        }
        return Requirement(bytes: mask)
    }

    /// How often a place in a text meets it by chance, with a fine for the number of literals to look for.
    package var cost: Double {
        var sum = 0.0
        bytes.forEach { sum += ByteRarity.probability($0) }
        for literal in literals { sum += ByteRarity.probability(of: literal) }
        // What meets it once in a million places is as good as what never does.
        return max(sum, 1e-6) * (1 + Double(literals.count) / 4)
    }

    /// Leaves out what another literal or byte makes superfluous.
    private mutating func simplify() {
        literals = Array(Set(literals)).filter { literal in !literal.contains { bytes.contains($0) } }
        literals.sort { $0.count != $1.count ? $0.count < $1.count : $0.lexicographicallyPrecedes($1) }
        // LIMIT: the pairs of a large set are not compared; superfluous literals cost space, not correctness.
        guard literals.count <= 200 else { return }
        var kept: [[UInt8]] = []
        for literal in literals where !kept.contains(where: { literal.contains($0) }) { kept.append(literal) }
        literals = kept
    }
}

/// How rare a byte is in values of requests, in bits; the rough shape is all that matters.
enum ByteRarity {
    static func bits(_ byte: UInt8) -> Double { table[Int(byte)] }

    static func probability(_ byte: UInt8) -> Double { weights[Int(byte)] }

    /// Of the rarest four bytes in a row, which decide whether a place is looked at; the rest weighs less.
    static func probability(of literal: [UInt8]) -> Double {
        var bits = literal.reduce(0) { $0 + table[Int($1)] }
        bits = min(bits, 24) + max(bits - 24, 0) / 4
        return pow2(-bits)
    }

    private static func pow2(_ exponent: Double) -> Double {
        // Whole bits are exact enough.
        Double(sign: .plus, exponent: Int(exponent.rounded()), significand: 1)
    }

    private static let table: [Double] = (0..<256).map { index in
        let byte = UInt8(truncatingIfNeeded: index)
        return switch byte {
        case _ where "etaoinsrlc".utf8.contains(byte): 4
        case _ where " dumphgf.-0123".utf8.contains(byte): 5
        case _ where "bywvk/;,=_456789()".utf8.contains(byte): 6
        case _ where "xjqz:%+&\"".utf8.contains(byte): 7
        case _ where "?*'@".utf8.contains(byte): 8
        case 0x80...: 9
        case 0x09, 0x0A, 0x0D, 0x21...0x7E: 10
        default: 13
        }
    }

    private static let weights = table.map { pow2(-$0) }
}

extension [UInt8] {
    /// Whether `other`, which is not empty, stands in it; both are short.
    fileprivate func contains(_ other: [UInt8]) -> Bool {
        guard other.count <= count else { return false }
        for start in 0...(count - other.count) where self[start] == other[0] {
            var length = 1
            while length < other.count, self[start + length] == other[length] { length += 1 }
            if length == other.count { return true }
        }
        return false
    }
}
