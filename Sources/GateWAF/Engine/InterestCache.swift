/// For values of the same class with the same kinds of bytes: the chains that may change them, and the rules of all
/// others, whose chains leave them as they are.
///
/// Most values of a message are alike in this, so that one scan and one mask decide about nearly all chains.
struct InterestCache {
    /// What is known of one kind of value.
    struct Kind {
        fileprivate let key: UInt64
        /// The rules whose chains leave the value as it is, in `masks`.
        let mask: Int
        /// The entries whose chains may change it, in `entries`.
        let changing: Range<Int>
    }

    private var kinds: [Kind] = []
    /// Open addressing by key: numbers plus one.
    private var places = [UInt16](repeating: 0, count: InterestCache.placeCount)
    private(set) var masks: [UInt64] = []
    private(set) var entries: [PlanClasses.Entry] = []

    /// The kind of a value with `traits` of a class in a phase.
    mutating func kind(
        _ phase: Int, _ rowClass: Int, _ traits: ByteTraits, _ interest: PlanClasses.Interest, _ plan: borrowing Plan,
        _ words: Int
    ) -> Kind {
        let key = UInt64(traits.rawValue) &<< 32 | UInt64(phase) &<< 24 | UInt64(rowClass)
        var place = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) &>> 40) & (InterestCache.placeCount &- 1)
        while places[place] != 0 {
            let kind = kinds[Int(places[place]) &- 1]
            if kind.key == key { return kind }
            place = (place &+ 1) & (InterestCache.placeCount &- 1)
        }
        if kinds.count >= InterestCache.maximumKinds {
            self = InterestCache()
            place = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) &>> 40) & (InterestCache.placeCount &- 1)
        }
        let kind = make(key, traits, interest, plan, words)
        kinds.append(kind)
        places[place] = UInt16(truncatingIfNeeded: kinds.count)
        return kind
    }

    private mutating func make(
        _ key: UInt64, _ traits: ByteTraits, _ interest: PlanClasses.Interest, _ plan: borrowing Plan, _ words: Int
    ) -> Kind {
        let mask = masks.count
        for _ in 0..<words { masks.append(0) }
        let start = entries.count
        for index in interest.entries.indices {
            let entry = plan.classes.entries[index]
            guard traits.isDisjoint(with: plan.chains[Int(entry.chain)].triggers) else {
                entries.append(entry)
                continue
            }
            for word in 0..<words { masks[mask &+ word] |= plan.classes.masks[Int(entry.mask) &+ word] }
        }
        return Kind(key: key, mask: mask, changing: start..<entries.count)
    }

    /// LIMIT: this many kinds are remembered, some tens of kilobytes; then all are forgotten.
    private static let maximumKinds = 256
    private static let placeCount = 1024
}
