/// The known word that a misspelt one most likely meant.
enum Suggestion {
    // LIMIT: names longer than this are not compared; the distance costs the product of the lengths.
    private static let longest = 64

    /// The nearest of `known` to `word`, or nil when none is near: at most a third of its letters differ.
    ///
    /// Case does not count and a swap of neighbours counts as one (Damerau, Levenshtein). Ties go to the first.
    static func nearest(to word: String, among known: some Sequence<String>) -> String? {
        guard !word.isEmpty, word.utf8.count <= longest else { return nil }
        let letters = Array(word.lowercased().utf8)
        var best: (word: String, distance: Int)?
        for candidate in known where candidate.utf8.count <= longest {
            let other = Array(candidate.lowercased().utf8)
            let allowed = max(1, max(letters.count, other.count) / 3)
            guard abs(letters.count - other.count) <= allowed else { continue }
            let distance = distance(letters, other)
            if distance <= allowed, distance < (best?.distance ?? .max) { best = (candidate, distance) }
        }
        return best?.word
    }

    /// The edit distance with swaps of neighbours (optimal string alignment).
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var before = [Int](repeating: 0, count: right.count + 1)
        var previous = Array(0...right.count)
        for (row, letter) in left.enumerated() {
            var current = [row + 1]
            current.reserveCapacity(right.count + 1)
            for (column, other) in right.enumerated() {
                var cost = min(
                    previous[column + 1] + 1, current[column] + 1, previous[column] + (letter == other ? 0 : 1))
                if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other {
                    cost = min(cost, before[column - 1] + 1)
                }
                current.append(cost)
            }
            before = previous
            previous = current
        }
        return previous[right.count]
    }
}
