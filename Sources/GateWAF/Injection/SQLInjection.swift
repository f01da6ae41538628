/// Finds SQL injection in a value, as the operator `detectSQLi` does: equal in effect to libinjection.
///
/// The value is read as SQL as it stands, as if inside single and as if inside double quotes, in ANSI's and in
/// MySQL's way; each reading is folded to at most five token types and looked up. Linear in the size of the
/// value, without allocation.
public enum SQLInjection {
    /// The fingerprint of the first reading of `input` that is an injection, or nil.
    public static func detect(_ input: Span<UInt8>) -> Fingerprint? {
        var hasSingle = false
        var hasDouble = false
        var isWord = true
        for index in 0..<input.count {
            let byte = input[index]
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"):
                continue
            // A number and a word are two tokens; digits within a word or alone are one.
            case UInt8(ascii: "0")...UInt8(ascii: "9"): if index == 0 { isWord = false }
            case UInt8(ascii: "'"):
                hasSingle = true
                isWord = false
            case UInt8(ascii: "\""):
                hasDouble = true
                isWord = false
            default: isWord = false
            }
        }
        // No token alone is an injection but X, and that needs a comment.
        if isWord { return nil }
        return read(input, quote: 0) ?? (hasSingle ? read(input, quote: UInt8(ascii: "'")) : nil)
            ?? (hasDouble ? readOnce(input, quote: UInt8(ascii: "\""), isMySQL: true)?.fingerprint : nil)
    }

    /// The fingerprint in ANSI's reading and, where MySQL would read comments in another way, in MySQL's.
    private static func read(_ input: Span<UInt8>, quote: UInt8) -> Fingerprint? {
        let ansi = SQLReading(input, quote: quote, isMySQL: false)
        if ansi.isInjection(input) { return ansi.fingerprint }
        guard ansi.tokenizer.isAmbiguous else { return nil }
        return readOnce(input, quote: quote, isMySQL: true)?.fingerprint
    }

    private static func readOnce(_ input: Span<UInt8>, quote: UInt8, isMySQL: Bool) -> SQLReading? {
        let reading = SQLReading(input, quote: quote, isMySQL: isMySQL)
        return reading.isInjection(input) ? reading : nil
    }
}
