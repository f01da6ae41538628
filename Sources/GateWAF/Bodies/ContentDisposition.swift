/// The Content-Disposition of a part of a form (RFC 7578 §4.2), read as strictly as ModSecurity does.
struct ContentDisposition {
    /// The field's name, without quotes and escapes.
    private(set) var name: [UInt8] = []
    /// The file's name, without quotes and escapes; nil where there is none, or an empty one.
    private(set) var filename: [UInt8]?
    /// Whether single quotes were used as quotes, or where others may take them for such.
    private(set) var hasInvalidQuoting = false

    /// Reads `value`; nil where it is not `form-data` with one name, at most one file name and nothing else.
    ///
    /// `filename*` is refused: RFC 7578 forbids it, and what takes it would see another name than the rules.
    init?(_ value: Span<UInt8>) {
        guard value.count >= 9, value.equals("form-data", in: 0..<9) else { return nil }
        var index = value.skippingBlanks(from: 9)
        var hasFilename = false
        while index < value.count {
            guard value[index] == 0x3B else { return nil }
            index = value.skippingBlanks(from: index &+ 1)
            let start = index
            while index < value.count, value[index] != 0x3D, value[index] != 0x20, value[index] != 0x09 { index &+= 1 }
            let parameter = start..<index
            index = value.skippingBlanks(from: index)
            guard index < value.count, value[index] == 0x3D else { return nil }
            index = value.skippingBlanks(from: index &+ 1)
            guard index < value.count, let text = readValue(value, at: &index) else { return nil }
            if value.equals("name", in: parameter) {
                guard name.isEmpty else { return nil }
                name = text
            } else if value.equals("filename", in: parameter) {
                guard !hasFilename else { return nil }
                hasFilename = true
                filename = text.isEmpty ? nil : text
            } else {
                return nil
            }
            index = value.skippingBlanks(from: index)
        }
        guard !name.isEmpty else { return nil }
    }

    /// Reads a quoted value or a token, and moves `index` behind it; nil where a quote is not closed.
    private mutating func readValue(_ value: Span<UInt8>, at index: inout Int) -> [UInt8]? {
        var text: [UInt8] = []
        let quote = value[index]
        guard quote == 0x22 || quote == 0x27 else {
            while index < value.count, ContentDisposition.isToken(value[index]) {
                if value[index] == 0x27 { hasInvalidQuoting = true }
                text.append(value[index])
                index &+= 1
            }
            return text
        }
        if quote == 0x27 { hasInvalidQuoting = true }
        index &+= 1
        while index < value.count, value[index] != quote {
            if value[index] == 0x5C {
                guard index &+ 1 < value.count else { return nil }
                // Only these two can be escaped; old browsers send the backslashes of paths as they are.
                if value[index &+ 1] == quote || value[index &+ 1] == 0x5C { index &+= 1 }
            }
            text.append(value[index])
            index &+= 1
        }
        guard index < value.count else { return nil }
        index &+= 1
        return text
    }

    /// RFC 2045 §5.1: `token`.
    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x00...0x20, 0x7F...0xFF, 0x28, 0x29, 0x3C, 0x3E, 0x40, 0x2C, 0x3B, 0x3A, 0x5C, 0x22, 0x2F, 0x5B, 0x5D,
            0x3F, 0x3D:
            false
        default: true
        }
    }
}
