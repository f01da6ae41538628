/// The words and phrases that a tokenizer of SQL knows, in a hash table.
///
/// Built once, from `SQLWordTables`, when the first value is inspected.
struct SQLWords: Sendable {
    /// A known word: its place in `entries`.
    typealias Entry = UInt16

    private struct Word {
        let offset: Int
        let length: Int
        let type: SQLTokenType
        var startsPhrase = false
    }

    static let shared = SQLWords()

    private static let empty = Entry.max
    private static let slotCount = 4096

    private var text: [UInt8] = []
    private var entries: [Word] = []
    private var slots = [Entry](repeating: empty, count: slotCount)
    /// Bit n of element b: a word of n bytes begins with byte b. Most words of most inputs end here.
    private var lengths = [UInt32](repeating: 0, count: 256)

    private init() {
        for section in SQLWordTables.words {
            for word in section.list.utf8.split(separator: UInt8(ascii: ",")) {
                add(Array(word), type: SQLTokenType(section.type))
            }
        }
        for entry in entries.indices {
            let word = text[entries[entry].offset..<entries[entry].offset + entries[entry].length]
            guard let space = word.lastIndex(of: UInt8(ascii: " ")) else { continue }
            let first = Array(word[..<space])
            if let index = find(first.span, 0..<first.count) { entries[Int(index)].startsPhrase = true }
        }
    }

    private mutating func add(_ word: [UInt8], type: SQLTokenType) {
        guard let first = word.first, word.count <= SQLToken.longest, entries.count < Int(SQLWords.empty) else {
            return
        }
        var slot = hash(word.span, 0..<word.count)
        while slots[slot] != SQLWords.empty { slot = (slot &+ 1) & (SQLWords.slotCount &- 1) }
        slots[slot] = Entry(truncatingIfNeeded: entries.count)
        entries.append(Word(offset: text.count, length: word.count, type: type))
        text += word
        lengths[Int(first)] |= 1 << UInt32(word.count)
    }

    /// The word that the bytes of `range` spell in any case, if it is known.
    func find(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Entry? {
        guard !range.isEmpty, range.count <= SQLToken.longest,
            lengths[Int(bytes[range.lowerBound].sqlUppercased)] >> UInt32(range.count) & 1 != 0
        else { return nil }
        var slot = hash(bytes, range)
        while true {
            let entry = slots[slot]
            if entry == SQLWords.empty { return nil }
            if matches(entries[Int(entry)], bytes, range) { return entry }
            slot = (slot &+ 1) & (SQLWords.slotCount &- 1)
        }
    }

    /// The type of token that a known word makes.
    func type(of entry: Entry) -> SQLTokenType { entries[Int(entry)].type }
    /// How many bytes it has.
    func length(of entry: Entry) -> Int { entries[Int(entry)].length }
    /// Whether a known phrase begins with it.
    func startsPhrase(_ entry: Entry) -> Bool { entries[Int(entry)].startsPhrase }
    /// One of its bytes; `index` is below its length.
    func byte(_ index: Int, of entry: Entry) -> UInt8 { text[entries[Int(entry)].offset &+ index] }

    private func matches(_ word: Word, _ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard word.length == range.count else { return false }
        for index in 0..<word.length
        where text[word.offset &+ index] != bytes[range.lowerBound &+ index].sqlUppercased {
            return false
        }
        return true
    }

    private func hash(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int {
        var value: UInt32 = 2_166_136_261
        for index in range { value = (value ^ UInt32(bytes[index].sqlUppercased)) &* 16_777_619 }
        return Int((value ^ value >> 15) & UInt32(SQLWords.slotCount &- 1))
    }
}
