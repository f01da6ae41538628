/// Names by number, found by their bytes in any case of ASCII letters.
///
/// Filled when rules are compiled and read for every request, so that comparing a name with those that rules select is
/// comparing two numbers.
struct NameTable: Sendable {
    private struct Entry {
        let space: UInt8
        let start: Int32
        let count: Int32
        let hash: UInt32
    }

    private var bytes: [UInt8] = []
    private var entries: [Entry] = []
    /// Open addressing: numbers plus one, 0 for a free place; a power of two of places, at most half of them taken.
    private var places: [Int32] = Array(repeating: 0, count: 64)

    /// How many names there are.
    var count: Int { entries.count }

    /// The number of `name` in `space`, which keeps equal names of different collections apart; added where it is new.
    mutating func intern(_ name: some Sequence<UInt8>, space: UInt8) -> Int {
        let lowered = name.map { NameTable.lower($0) }
        if let found = find(lowered.span, space: space) { return found }
        entries.append(
            Entry(
                space: space, start: Int32(bytes.count), count: Int32(lowered.count),
                hash: NameTable.hash(lowered.span, space)))
        bytes += lowered
        if entries.count * 2 > places.count {
            places = Array(repeating: 0, count: places.count * 2)
            for index in entries.indices { place(index) }
        } else {
            place(entries.count - 1)
        }
        return entries.count - 1
    }

    /// The number of `name` in `space`, or nil.
    func find(_ name: Span<UInt8>, space: UInt8) -> Int? {
        let hash = NameTable.hash(name, space)
        var place = Int(hash) & (places.count &- 1)
        while places[place] != 0 {
            let number = Int(places[place]) &- 1
            let entry = entries[number]
            if entry.hash == hash, entry.space == space, equals(entry, name) { return number }
            place = (place &+ 1) & (places.count &- 1)
        }
        return nil
    }

    private func equals(_ entry: Entry, _ name: Span<UInt8>) -> Bool {
        guard Int(entry.count) == name.count else { return false }
        for index in 0..<name.count where bytes[Int(entry.start) &+ index] != NameTable.lower(name[index]) {
            return false
        }
        return true
    }

    private mutating func place(_ number: Int) {
        var place = Int(entries[number].hash) & (places.count - 1)
        while places[place] != 0 { place = (place + 1) & (places.count - 1) }
        places[place] = Int32(number + 1)
    }

    /// FNV-1a; who picks names to collide makes a chain of at most the few names that rules have in one place.
    @inline(__always)
    private static func hash(_ name: Span<UInt8>, _ space: UInt8) -> UInt32 {
        var hash: UInt32 = (0x811c_9dc5 ^ UInt32(space)) &* 0x0100_0193
        for index in 0..<name.count { hash = (hash ^ UInt32(lower(name[index]))) &* 0x0100_0193 }
        return hash
    }

    @inline(__always)
    static func lower(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
}
