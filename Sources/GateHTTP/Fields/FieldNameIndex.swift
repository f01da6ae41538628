/// Finds the known name of a field: by length and four words of folded bytes, in one probe as a rule.
final class FieldNameIndex: Sendable {
    /// A name as the index compares it.
    struct Key: Equatable {
        var length = 0
        /// Bytes 0–7, 8–15, 16–23, 24–31, letters in lower case, zeros behind the end.
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

        static func == (left: Key, right: Key) -> Bool {
            left.length == right.length && left.words == right.words
        }

        var bucket: Int {
            var hash = (words.0 ^ (words.1 &* 0x9E37_79B9_7F4A_7C15)) &+ UInt64(truncatingIfNeeded: length)
            hash ^= words.2 &* 0xC2B2_AE3D_27D4_EB4F ^ words.3
            return Int(truncatingIfNeeded: (hash &* 0xD6E8_FEB8_6659_FD93) &>> 55) & (FieldNameIndex.buckets &- 1)
        }
    }

    /// Longest known name; longer ones are `other` without a look.
    static let longest = 32
    /// A power of two, several times the number of names, so that probes stay short.
    static let buckets = 512

    /// The index of all known names.
    static let shared = FieldNameIndex()

    private let keys: ContiguousArray<Key>
    private let names: ContiguousArray<FieldName>

    private init() {
        var keys = ContiguousArray(repeating: Key(), count: Self.buckets)
        var names = ContiguousArray(repeating: FieldName.other, count: Self.buckets)
        for name in FieldName.allCases where name != .other {
            let bytes = Array(name.text.utf8)
            guard let key = Self.key(bytes.span, 0..<bytes.count) else { continue }
            var bucket = key.bucket
            while names[bucket] != .other { bucket = (bucket &+ 1) & (Self.buckets &- 1) }
            keys[bucket] = key
            names[bucket] = name
        }
        self.keys = keys
        self.names = names
    }

    /// The known name that the bytes of `range` spell, in any case; `other` where there is none.
    ///
    /// The bytes must be letters, digits and `-`: folding then maps no two of them onto each other but letters.
    func name(_ bytes: Span<UInt8>, _ range: Range<Int>) -> FieldName {
        guard let key = Self.key(bytes, range) else { return .other }
        var bucket = key.bucket
        while true {
            let name = names[bucket]
            if name == .other || keys[bucket] == key { return name }
            bucket = (bucket &+ 1) & (Self.buckets &- 1)
        }
    }

    /// The key of the bytes of `range`, or nil where no known name is that long.
    @inline(__always)
    private static func key(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Key? {
        let length = range.count
        guard length > 0, length <= longest else { return nil }
        var key = Key(length: length)
        key.words.0 = folded(bytes, range, 0)
        if length > 8 { key.words.1 = folded(bytes, range, 8) }
        if length > 16 { key.words.2 = folded(bytes, range, 16) }
        if length > 24 { key.words.3 = folded(bytes, range, 24) }
        return key
    }

    /// Up to eight bytes of `range` from `offset`, letters in lower case, zeros behind the end.
    @inline(__always)
    private static func folded(_ bytes: Span<UInt8>, _ range: Range<Int>, _ offset: Int) -> UInt64 {
        let start = range.lowerBound &+ offset
        let length = min(8, range.upperBound &- start)
        let mask = UInt64.max &>> UInt64(8 &* (8 &- length))
        if start &+ 8 <= bytes.count {
            return (bytes.word(at: start) | 0x2020_2020_2020_2020) & mask
        }
        var word: UInt64 = 0
        for index in 0..<length { word |= UInt64(bytes[start &+ index]) &<< UInt64(8 &* index) }
        return (word | 0x2020_2020_2020_2020) & mask
    }
}
