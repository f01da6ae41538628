// Searches that the two tokenizers share.

extension Span<UInt8> {
    /// The first place at or after `start` with `byte`.
    @inline(__always)
    func firstIndex(of byte: UInt8, from start: Int) -> Int? {
        var index = start
        while index < count {
            if self[index] == byte { return index }
            index &+= 1
        }
        return nil
    }

    /// The first place at or after `start` and before `end` where `first` stands before `second`, both before `end`.
    func firstIndex(of first: UInt8, _ second: UInt8, from start: Int, to end: Int) -> Int? {
        var index = start
        while index &+ 1 < end {
            if self[index] == first, self[index &+ 1] == second { return index }
            index &+= 1
        }
        return nil
    }

    /// The first place at or after `start` that `matching` refuses; the end where it takes them all.
    @inline(__always)
    func end(from start: Int, while matching: (UInt8) -> Bool) -> Int {
        var index = start
        while index < count, matching(self[index]) { index &+= 1 }
        return index
    }

    /// Whether `word`, which is in capitals where case is ignored, stands at `start`.
    func hasPrefix(_ word: StaticString, at start: Int, ignoringCase: Bool) -> Bool {
        guard start <= count, word.utf8CodeUnitCount <= count &- start else { return false }
        return word.withUTF8Buffer { letters in
            // SAFETY: a static string's bytes live for ever, and the buffer's indices are its own.
            for index in letters.indices {
                let byte = ignoringCase ? self[start &+ index].sqlUppercased : self[start &+ index]
                if unsafe letters[index] != byte { return false }
            }
            return true
        }
    }
}
