/// The operators that compare a value with a text, byte by byte; the names are SecLang's.
public enum TextOperator: String, CaseIterable, Sendable {
    /// The value begins with the parameter.
    case beginsWith
    /// The parameter stands in the value.
    case contains
    /// The parameter stands in the value and touches no ASCII letter there.
    case containsWord
    /// The value ends with the parameter.
    case endsWith
    /// The value is the parameter.
    case streq
    /// As ``contains``.
    case strmatch
    /// The value stands in the parameter; so does an empty one.
    case within

    /// The bytes of `value` that match, or nil. Takes time linear in both.
    public func firstMatch(in value: Span<UInt8>, parameter: Span<UInt8>) -> Range<Int>? {
        switch self {
        case .beginsWith:
            return Self.stands(parameter, in: value, at: 0) ? 0..<parameter.count : nil
        case .contains, .strmatch:
            return ByteSearch.firstIndex(of: parameter, in: value).map { $0..<$0 &+ parameter.count }
        case .containsWord:
            return Self.word(parameter, in: value)
        case .endsWith:
            let start = value.count &- parameter.count
            return start >= 0 && Self.stands(parameter, in: value, at: start) ? start..<value.count : nil
        case .streq:
            guard value.count == parameter.count else { return nil }
            return Self.stands(parameter, in: value, at: 0) ? 0..<value.count : nil
        case .within:
            return ByteSearch.firstIndex(of: value, in: parameter) == nil ? nil : 0..<value.count
        }
    }

    private static func stands(_ text: Span<UInt8>, in value: Span<UInt8>, at start: Int) -> Bool {
        guard value.count &- start >= text.count else { return false }
        for index in 0..<text.count where text[index] != value[start &+ index] { return false }
        return true
    }

    /// ModSecurity's reading of a word: an empty one is everywhere, and one is the whole value, or no letter stands on
    /// either side of it; at the value's start or end the side that is not there does not count.
    private static func word(_ word: Span<UInt8>, in value: Span<UInt8>) -> Range<Int>? {
        if word.isEmpty { return 0..<0 }
        var start = 0
        while let found = ByteSearch.firstIndex(of: word, in: value.extracting(start...)) {
            let begin = start &+ found
            let end = begin &+ word.count
            let isFreeBefore = begin == 0 || !isLetter(value[begin &- 1])
            let isFreeBehind = end == value.count || !isLetter(value[end])
            if isFreeBefore && isFreeBehind { return begin..<end }
            start = begin &+ 1
        }
        return nil
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }
}
