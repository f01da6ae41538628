/// The phrases of `@pm` and `@pmFromFile`, found in one pass over a value, the case of ASCII letters aside.
///
/// An automaton of Aho and Corasick: time linear in the value, whatever the phrases. States are numbered by breadth, so
/// that a state's children are neighbours and need no list.
public struct PhraseSet: Sendable {
    /// The distinct phrases in lower case, sorted.
    public let phrases: [[UInt8]]

    /// The children of state n are `firstChild[n]..<firstChild[n + 1]`; `labels[n]` leads from its parent to n.
    private let firstChild: [UInt32]
    private let labels: [UInt8]
    /// The state of the longest proper suffix.
    private let fallback: [UInt32]
    /// The length of the longest phrase that ends in this state; 0 for none.
    private let matchLength: [UInt32]
    /// The children of the root by their byte, 0 for none.
    private let roots: [UInt32]

    /// The set of `phrases`; empty ones are left out.
    public init(_ phrases: some Sequence<[UInt8]>) {
        let folded = phrases.lazy.filter { !$0.isEmpty }.map { $0.map(\.loweredASCII) }
        let sorted = Set(folded).sorted { $0.lexicographicallyPrecedes($1) }
        self.phrases = sorted

        // Each state is the range of the phrases that begin with its text, and the length of that text.
        var states: [(range: Range<Int>, depth: Int)] = [(sorted.indices, 0)]
        var firstChild: [UInt32] = []
        var labels: [UInt8] = [0]
        var matchLength: [UInt32] = []
        var state = 0
        while state < states.count {
            var (range, depth) = states[state]
            firstChild.append(UInt32(states.count))
            matchLength.append(0)
            if let first = range.first, sorted[first].count == depth {
                matchLength[state] = UInt32(depth)
                range = first + 1..<range.upperBound
            }
            while let first = range.first {
                let byte = sorted[first][depth]
                let end = range.first { sorted[$0][depth] != byte } ?? range.upperBound
                states.append((first..<end, depth + 1))
                labels.append(byte)
                range = end..<range.upperBound
            }
            state += 1
        }
        firstChild.append(UInt32(states.count))

        var roots = [UInt32](repeating: 0, count: 256)
        for child in 1..<max(firstChild[1], 1) { roots[Int(labels[Int(child)])] = child }
        var fallback = [UInt32](repeating: 0, count: states.count)
        for state in states.indices.dropFirst() {
            for child in firstChild[state]..<firstChild[state + 1] {
                let byte = labels[Int(child)]
                var other = fallback[state]
                var target = Self.child(of: other, by: byte, firstChild, labels, roots)
                while target == 0, other != 0 {
                    other = fallback[Int(other)]
                    target = Self.child(of: other, by: byte, firstChild, labels, roots)
                }
                fallback[Int(child)] = target
                if matchLength[Int(child)] == 0 { matchLength[Int(child)] = matchLength[Int(target)] }
            }
        }
        self.firstChild = firstChild
        self.labels = labels
        self.fallback = fallback
        self.matchLength = matchLength
        self.roots = roots
    }

    /// The bytes of the phrase that ends first in `value`, the longest of those that end there; nil without one.
    public func firstMatch(in value: Span<UInt8>) -> Range<Int>? {
        var state: UInt32 = 0
        for index in 0..<value.count {
            let byte = value[index].loweredASCII
            var next = Self.child(of: state, by: byte, firstChild, labels, roots)
            while next == 0, state != 0 {
                state = fallback[Int(state)]
                next = Self.child(of: state, by: byte, firstChild, labels, roots)
            }
            state = next
            let length = Int(matchLength[Int(state)])
            if length > 0 { return index &+ 1 &- length..<index &+ 1 }
        }
        return nil
    }

    /// The child of `state` by `byte`, or 0.
    @inline(__always)
    private static func child(
        of state: UInt32, by byte: UInt8, _ firstChild: [UInt32], _ labels: [UInt8], _ roots: [UInt32]
    ) -> UInt32 {
        if state == 0 { return roots[Int(byte)] }
        var low = firstChild[Int(state)]
        var high = firstChild[Int(state) &+ 1]
        while low < high {
            let middle = (low &+ high) / 2
            if labels[Int(middle)] < byte { low = middle &+ 1 } else { high = middle }
        }
        return low < firstChild[Int(state) &+ 1] && labels[Int(low)] == byte ? low : 0
    }
}
