/// What a content type says beside its name.
enum ContentType {
    /// Whether a content type names no charset, or one in which bytes below 0x80 are ASCII and nothing else.
    ///
    /// UTF-7, UTF-16 and their like hide an attack in what looks harmless; in Shift_JIS, GBK or Big5 an ASCII byte can be
    /// half of a character. Two charsets are none: nobody knows which one counts (CVE-2026-21876).
    static func hasASCIICharset(_ value: Span<UInt8>) -> Bool {
        var seen = false
        var index = 0
        while let semicolon = value.firstIndex(of: 0x3B, from: index) {
            index = value.skippingBlanks(from: semicolon &+ 1)
            guard value.hasPrefixLowercased("charset", in: index..<value.count) else { continue }
            let equals = value.skippingBlanks(from: index &+ 7)
            guard equals < value.count, value[equals] == 0x3D else { continue }
            guard !seen, isASCIICompatible(value, from: value.skippingBlanks(from: equals &+ 1)) else { return false }
            seen = true
        }
        return true
    }

    /// Whether the charset that begins at `start`, quoted or not, is one of those that contain ASCII.
    static func isASCIICompatible(_ value: Span<UInt8>, from start: Int) -> Bool {
        var start = start
        var end = value.firstIndex(of: 0x3B, from: start) ?? value.count
        while end > start, value[end &- 1] == 0x20 || value[end &- 1] == 0x09 { end &-= 1 }
        // Some clients quote with an apostrophe.
        if end &- start >= 2, value[start] == value[end &- 1], value[start] == 0x22 || value[start] == 0x27 {
            start &+= 1
            end &-= 1
        }
        let name = start..<end
        if value.equalsLowercased("utf-8", in: name) || value.equalsLowercased("us-ascii", in: name) { return true }
        if value.equalsLowercased("utf8", in: name) || value.equalsLowercased("ascii", in: name) { return true }
        // ISO 8859 and the Windows code pages 1250 to 1258: one byte a character.
        let digits: Range<Int>
        if value.hasPrefixLowercased("iso-8859-", in: name) {
            digits = (start &+ 9)..<end
        } else if value.hasPrefixLowercased("windows-125", in: name) {
            digits = (start &+ 11)..<end
        } else {
            return false
        }
        guard digits.count == 1 || digits.count == 2 else { return false }
        for index in digits where value[index] < 0x30 || value[index] > 0x39 { return false }
        return true
    }
}
