/// Byte strings and short offsets in words.
enum Packed {
    /// The words that `bytes` bytes take.
    @inline(__always)
    static func words(_ bytes: Int) -> Int { (bytes &+ 7) &>> 3 }

    /// Appends `bytes`, the last word filled up with zero bytes.
    static func append(_ bytes: [UInt8], to words: inout [UInt64]) {
        var word: UInt64 = 0
        var shift: UInt64 = 0
        for byte in bytes {
            word |= UInt64(byte) &<< shift
            shift += 8
            if shift == 64 {
                words.append(word)
                word = 0
                shift = 0
            }
        }
        if shift > 0 { words.append(word) }
    }

    /// Whether the words at `offset` hold the bytes `start..<end`; the caller has compared the lengths.
    @inline(__always)
    static func equal(
        _ words: borrowing Span<UInt64>, at offset: Int, _ bytes: borrowing Span<UInt8>, _ start: Int, _ end: Int
    ) -> Bool {
        var position = offset
        var word: UInt64 = 0
        var shift: UInt64 = 0
        for index in start..<end {
            word |= UInt64(bytes[index]) &<< shift
            shift &+= 8
            if shift == 64 {
                if words[position] != word { return false }
                position &+= 1
                word = 0
                shift = 0
            }
        }
        return shift == 0 || words[position] == word
    }

    /// Entry `index` of a directory of 32-bit offsets, two in a word.
    @inline(__always)
    static func entry(_ words: borrowing Span<UInt64>, at offset: Int, _ index: Int) -> Int {
        let word = words[offset &+ index &>> 1]
        return Int(truncatingIfNeeded: index & 1 == 0 ? word & 0xffff_ffff : word &>> 32)
    }

    /// Sets entry `index` of a directory at `offset`, which is zero so far.
    static func setEntry(_ words: inout [UInt64], at offset: Int, _ index: Int, to value: Int) {
        words[offset + index / 2] |= UInt64(truncatingIfNeeded: value & 0xffff_ffff) << (index % 2 == 0 ? 0 : 32)
    }
}
