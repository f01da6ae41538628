extension PhraseSet {
    /// The set that the parameter of `@pm` spells: phrases between white space, the whole maybe in quotes; `|41 42|`
    /// spells bytes, a backslash takes `:`, `;`, `"` or itself literally. Nil where an escape means nothing.
    public init?(parameter: some Collection<UInt8>) {
        var text = parameter.drop { $0 == 0x20 || $0 == 0x09 }[...]
        if text.count > 1, text.first == UInt8(ascii: "\""), let last = text.suffix(1).first, last == UInt8(ascii: "\"")
        {
            text = text.dropFirst().dropLast()
        }
        var phrases: [[UInt8]] = [[]]
        var iterator = text.makeIterator()
        while let byte = iterator.next() {
            switch byte {
            case UInt8(ascii: "|"):
                guard let bytes = Self.hexadecimal(&iterator) else { return nil }
                phrases[phrases.count - 1] += bytes
            case UInt8(ascii: "\\"):
                guard let escaped = iterator.next(), #":;\""#.utf8.contains(escaped) else { return nil }
                phrases[phrases.count - 1].append(escaped)
            case let space where space.isCSpace: phrases.append([])
            default: phrases[phrases.count - 1].append(byte)
            }
        }
        self.init(phrases)
    }

    /// The set of the lines of a file of `@pmFromFile`: empty lines and those whose first mark is `#` are left out.
    public init(lines: some Collection<UInt8>) {
        let all = lines.split(separator: 0x0A)
        self.init(all.lazy.filter { $0.first { !$0.isCSpace } != UInt8(ascii: "#") }.map { Array($0) })
    }

    /// The bytes up to the closing `|`, which is consumed.
    private static func hexadecimal(_ iterator: inout some IteratorProtocol<UInt8>) -> [UInt8]? {
        var digits: [UInt8] = []
        while let byte = iterator.next(), byte != UInt8(ascii: "|") {
            if byte == 0x20 { continue }
            guard let digit = byte.hexValue else { return nil }
            digits.append(digit)
        }
        guard digits.count.isMultiple(of: 2) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] &<< 4 | digits[$0 + 1] }
    }
}
