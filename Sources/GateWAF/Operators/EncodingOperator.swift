/// The operators that match what is badly encoded; the names are SecLang's.
public enum EncodingOperator: String, CaseIterable, Sendable {
    /// A `%` without two hexadecimal digits.
    case validateUrlEncoding
    /// What is not UTF-8 (RFC 3629): cut, overlong, a surrogate or beyond Unicode.
    case validateUtf8Encoding

    /// Where the first bad sequence begins in `value`, or nil: the operator matches where there is one.
    public func firstOffence(in value: Span<UInt8>) -> Int? {
        switch self {
        case .validateUrlEncoding:
            for index in 0..<value.count
            where value[index] == UInt8(ascii: "%") && value.hexPair(at: index &+ 1) == nil {
                return index
            }
            return nil
        case .validateUtf8Encoding:
            var index = 0
            while index < value.count {
                let size = Self.sequence(in: value, at: index)
                if size == 0 { return index }
                index &+= size
            }
            return nil
        }
    }

    /// The length of the well-formed sequence at `index`; 0 where there is none.
    private static func sequence(in value: Span<UInt8>, at index: Int) -> Int {
        let lead = value[index]
        guard lead >= 0x80 else { return 1 }
        // The second byte's range depends on the lead (RFC 3629 §4), those of the others do not.
        let (size, second): (Int, ClosedRange<UInt8>) =
            switch lead {
            case 0xC2...0xDF: (2, 0x80...0xBF)
            case 0xE0: (3, 0xA0...0xBF)
            case 0xED: (3, 0x80...0x9F)
            case 0xE1...0xEF: (3, 0x80...0xBF)
            case 0xF0: (4, 0x90...0xBF)
            case 0xF4: (4, 0x80...0x8F)
            case 0xF1...0xF3: (4, 0x80...0xBF)
            default: (0, 0x80...0xBF)
            }
        guard size > 0, second.contains(value.orZero(index &+ 1)) else { return 0 }
        for offset in 2..<max(size, 2) where value.orZero(index &+ offset) & 0xC0 != 0x80 { return 0 }
        return size
    }
}
