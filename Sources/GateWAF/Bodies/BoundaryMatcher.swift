/// Finds a boundary in a body in linear time, however much the body resembles it (Knuth, Morris and Pratt).
struct BoundaryMatcher {
    /// Two hyphens and the boundary.
    private let pattern: [UInt8]
    /// For each length of a match, the longest shorter one that ends at the same place.
    private let fallback: [Int]

    init(boundary: [UInt8]) {
        pattern = [0x2D, 0x2D] + boundary
        var fallback = [0]
        var length = 0
        for byte in pattern.dropFirst() {
            while length > 0, pattern[length] != byte { length = fallback[length &- 1] }
            if pattern[length] == byte { length &+= 1 }
            fallback.append(length)
        }
        self.fallback = fallback
    }

    /// Whether the boundary, without its hyphens, stands at `place` and ends at `end` at the latest.
    func matches(_ body: Span<UInt8>, at place: Int, to end: Int) -> Bool {
        let length = pattern.count &- 2
        guard end &- place >= length else { return false }
        for index in 0..<length where body[place &+ index] != pattern[index &+ 2] { return false }
        return true
    }

    /// Whether the boundary with its hyphens occurs anywhere in a range of `body`.
    func occurs(in body: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var length = 0
        for index in range {
            let byte = body[index]
            while length > 0, pattern[length] != byte { length = fallback[length &- 1] }
            if pattern[length] == byte { length &+= 1 }
            if length == pattern.count { return true }
        }
        return false
    }
}
