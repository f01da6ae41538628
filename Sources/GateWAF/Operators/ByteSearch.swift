/// Search for a text in another in linear time and constant space, by the two-way algorithm of Crochemore and Perrin:
/// values and parameters can both come from strangers.
enum ByteSearch {
    /// Where `needle` first stands in `text`, or nil; 0 for an empty needle.
    static func firstIndex(of needle: Span<UInt8>, in text: Span<UInt8>) -> Int? {
        let last = text.count &- needle.count
        guard last >= 0 else { return nil }
        // LIMIT: up to this length trying every place is quicker, and linear all the same.
        guard needle.count > 16 else { return tried(needle, in: text, last: last) }
        let (left, leftPeriod) = maximalSuffix(of: needle, reversed: false)
        let (right, rightPeriod) = maximalSuffix(of: needle, reversed: true)
        let cut = max(left, right)
        var period = left > right ? leftPeriod : rightPeriod
        let isPeriodic = (0..<cut).allSatisfy { needle[$0] == needle[$0 &+ period] }
        if !isPeriodic { period = max(cut, needle.count &- cut) &+ 1 }

        var start = 0
        // How much of the needle's beginning is known to stand at `start`.
        var known = 0
        while start <= last {
            var index = max(cut, known)
            while index < needle.count, needle[index] == text[start &+ index] { index &+= 1 }
            guard index == needle.count else {
                start &+= index &- cut &+ 1
                known = 0
                continue
            }
            index = cut
            while index > known, needle[index &- 1] == text[start &+ index &- 1] { index &-= 1 }
            if index <= known { return start }
            start &+= period
            known = isPeriodic ? needle.count &- period : 0
        }
        return nil
    }

    private static func tried(_ needle: Span<UInt8>, in text: Span<UInt8>, last: Int) -> Int? {
        guard needle.count > 0 else { return 0 }
        for start in 0...last where text[start] == needle[0] {
            var length = 1
            while length < needle.count, text[start &+ length] == needle[length] { length &+= 1 }
            if length == needle.count { return start }
        }
        return nil
    }

    /// Where the greatest suffix of `needle` begins, in the order of bytes or its reverse, and its period.
    private static func maximalSuffix(of needle: Span<UInt8>, reversed: Bool) -> (start: Int, period: Int) {
        var start = 0
        var candidate = 1
        var offset = 0
        var period = 1
        while candidate &+ offset < needle.count {
            let new = needle[candidate &+ offset]
            let old = needle[start &+ offset]
            if new == old {
                offset &+= 1
                if offset == period {
                    candidate &+= period
                    offset = 0
                }
            } else if (new < old) != reversed {
                candidate &+= offset &+ 1
                offset = 0
                period = candidate &- start
            } else {
                start = candidate
                candidate &+= 1
                offset = 0
                period = 1
            }
        }
        return (start, period)
    }
}
