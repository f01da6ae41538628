/// A set of address blocks, compiled for look-up: disjoint ranges in order, found by bisection.
///
/// A look-up costs at most log2(n) + 1 comparisons and allocates nothing; overlapping and adjacent blocks are merged.
public struct AddressSet: Sendable {
    private struct Wide: Comparable, Sendable {
        var high: UInt64
        var low: UInt64

        static func < (left: Wide, right: Wide) -> Bool {
            left.high != right.high ? left.high < right.high : left.low < right.low
        }

        /// The next number, or nil after the last.
        var successor: Wide? {
            if low < .max { return Wide(high: high, low: low &+ 1) }
            return high < .max ? Wide(high: high &+ 1, low: 0) : nil
        }
    }

    private let v4First: [UInt32]
    private let v4Last: [UInt32]
    private let v6First: [Wide]
    private let v6Last: [Wide]

    /// The set that holds what any of `blocks` holds.
    public init(_ blocks: some Sequence<CIDR>) {
        var v4: [(first: UInt32, last: UInt32)] = []
        var v6: [(first: Wide, last: Wide)] = []
        for block in blocks.sorted(by: { $0.address < $1.address }) {
            let first = block.address
            let last = block.last
            switch first.family {
            case .v4:
                let tail = v4.indices.last
                if let tail, first.v4Bits <= v4[tail].last || first.v4Bits &- v4[tail].last == 1 {
                    v4[tail].last = max(v4[tail].last, last.v4Bits)
                } else {
                    v4.append((first.v4Bits, last.v4Bits))
                }
            case .v6:
                let start = Wide(high: first.high, low: first.low)
                let end = Wide(high: last.high, low: last.low)
                let tail = v6.indices.last
                if let tail, start <= v6[tail].last || start == v6[tail].last.successor {
                    v6[tail].last = max(v6[tail].last, end)
                } else {
                    v6.append((start, end))
                }
            }
        }
        v4First = v4.map(\.first)
        v4Last = v4.map(\.last)
        v6First = v6.map(\.first)
        v6Last = v6.map(\.last)
    }

    /// The set that holds nothing.
    public static let empty = AddressSet([])

    /// Whether no address is in the set.
    public var isEmpty: Bool { v4First.isEmpty && v6First.isEmpty }

    /// How many disjoint ranges the set was compiled to.
    public var rangeCount: Int { v4First.count &+ v6First.count }

    /// Whether one of the blocks holds `address`.
    public func contains(_ address: IPAddress) -> Bool {
        switch address.family {
        case .v4: Self.found(address.v4Bits, v4First, v4Last)
        case .v6: Self.found(Wide(high: address.high, low: address.low), v6First, v6Last)
        }
    }

    /// Whether the last range that starts at or before `value` reaches it.
    @inline(__always)
    private static func found<Number: Comparable>(_ value: Number, _ first: [Number], _ last: [Number]) -> Bool {
        var low = 0
        var high = first.count
        while low < high {
            let middle = (low &+ high) / 2
            if first[middle] <= value { low = middle &+ 1 } else { high = middle }
        }
        return low > 0 && value <= last[low &- 1]
    }
}
