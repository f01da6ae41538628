/// The collections that rules write: TX, IP and GLOBAL, all of them for one transaction.
///
/// Names that rules spell have slots; names that come with the request are kept in a list with an index.
struct Collections {
    /// A value whose name came with the request.
    struct Entry {
        let collection: Variable
        let name: Blob
        var value: Blob?
        fileprivate let hash: Int
        fileprivate var next: Int32
    }

    private var slots: [Blob?]
    /// In the order of their first setting.
    private(set) var entries: [Entry] = []
    /// The first entry of each hash.
    private var index: [Int: Int32] = [:]

    init(_ plan: Plan) { slots = plan.initialSlots }

    /// Puts all slots back to what they hold when a transaction begins.
    mutating func begin(_ plan: borrowing Plan) {
        for slot in slots.indices { slots[slot] = plan.initialSlots[slot] }
        guard !entries.isEmpty else { return }
        entries.removeAll(keepingCapacity: true)
        index.removeAll(keepingCapacity: true)
    }

    /// What a slot holds; nil for nothing.
    @inline(__always)
    subscript(slot: Int) -> Blob? {
        get { slots[slot] }
        set { slots[slot] = newValue }
    }

    /// The first entry that may have a name of this hash; -1 for none. `following` leads on.
    func first(hash: Int) -> Int32 { index[hash] ?? -1 }

    /// The next entry of the same hash; -1 for none.
    func following(_ entry: Int32) -> Int32 { entries[Int(entry)].next }

    /// Sets the value of an entry.
    mutating func set(_ entry: Int32, _ value: Blob?) { entries[Int(entry)].value = value }

    /// Adds an entry. False where there are too many.
    mutating func add(_ collection: Variable, name: Blob, value: Blob, hash: Int) -> Bool {
        guard entries.count < Collections.maximumEntries else { return false }
        let next = index[hash] ?? -1
        index[hash] = Int32(truncatingIfNeeded: entries.count)
        entries.append(Entry(collection: collection, name: name, value: value, hash: hash, next: next))
        return true
    }

    /// A hash of a name in any case of its letters, seeded so that names cannot be picked to collide.
    static func hash(_ collection: Variable, _ name: Span<UInt8>) -> Int {
        var hasher = Hasher()
        hasher.combine(collection.slotSpace)
        for index in 0..<name.count { hasher.combine(NameTable.lower(name[index])) }
        return hasher.finalize()
    }

    /// LIMIT: names that come with one request, such as one for each argument.
    private static let maximumEntries = 65_536
}
