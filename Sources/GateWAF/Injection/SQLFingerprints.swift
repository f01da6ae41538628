/// The sequences of token types that are injections, in a hash table of packed keys.
///
/// Built once, from `SQLFingerprintTables`, when the first value is inspected.
struct SQLFingerprints: Sendable {
    static let shared = SQLFingerprints()

    private static let slotCount = 32_768
    private var slots = [UInt32](repeating: 0, count: slotCount)

    private init() {
        for word in SQLFingerprintTables.short.utf8.split(separator: UInt8(ascii: ",")) {
            add(SQLFingerprints.key(word))
        }
        var prefix: [UInt8] = []
        for byte in SQLFingerprintTables.long.utf8 {
            if UInt8(ascii: "a")...UInt8(ascii: "d") ~= byte {
                prefix.removeSubrange(min(Int(byte &- UInt8(ascii: "a")), prefix.count)...)
            } else if prefix.count < 4 {
                prefix.append(byte)
            } else {
                add(SQLFingerprints.key(prefix + [byte]))
            }
        }
    }

    private mutating func add(_ key: UInt32) {
        var slot = SQLFingerprints.slot(key)
        while slots[slot] != 0, slots[slot] != key { slot = (slot &+ 1) & (SQLFingerprints.slotCount &- 1) }
        slots[slot] = key
    }

    /// Whether the types of which `key` was made are an injection.
    func contains(_ key: UInt32) -> Bool {
        var slot = SQLFingerprints.slot(key)
        while slots[slot] != 0 {
            if slots[slot] == key { return true }
            slot = (slot &+ 1) & (SQLFingerprints.slotCount &- 1)
        }
        return false
    }

    /// `key` with one more type at its end: six bits each, and case does not count.
    @inline(__always)
    static func extend(_ key: UInt32, with type: UInt8) -> UInt32 {
        // Capitals, digits and punctuation are 0x20...0x5F. Braces lie beyond and are in no fingerprint: 0x5F, no type.
        key << 6 | UInt32(min(type.sqlUppercased, 0x5f) &- 0x20)
    }

    private static func key(_ types: some Sequence<UInt8>) -> UInt32 {
        types.reduce(0) { extend($0, with: $1) }
    }

    private static func slot(_ key: UInt32) -> Int {
        Int((key &* 2_654_435_769) >> 17)
    }
}
