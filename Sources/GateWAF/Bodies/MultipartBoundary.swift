/// The boundary that a `multipart/form-data` content type names, read as strictly as ModSecurity does.
struct MultipartBoundary {
    /// LIMIT: bytes of a boundary (RFC 2046 §5.1.1).
    static let maxBytes = 70
    /// LIMIT: bytes of a content type.
    private static let maxTypeBytes = 1024

    /// Its bytes, without the two hyphens.
    let bytes: [UInt8]
    /// What is unusual about how it is given, for MULTIPART_STRICT_ERROR.
    private(set) var isStrict = true
    /// Whether it is given in quotes.
    let isQuoted: Bool

    /// Reads the content type `value`; nil where it names no boundary, or in a way that others may read differently.
    init?(_ value: Span<UInt8>) {
        guard value.count <= MultipartBoundary.maxTypeBytes,
            value.hasPrefixLowercased("multipart/form-data", in: 0..<value.count),
            let place = MultipartBoundary.onlyPlace(in: value)
        else { return nil }
        // `multipart/form-data`, then one semicolon and white space. A parameter before the boundary is read by some as
        // part of it.
        var semicolons = 0
        for index in 19..<max(place, 19) where !isWhiteSpace(value[index]) {
            guard value[index] == 0x3B, semicolons == 0 else { return nil }
            semicolons &+= 1
        }
        if semicolons == 0 { isStrict = false }
        var start = place &+ 8
        while start < value.count, isWhiteSpace(value[start]) {
            isStrict = false
            start &+= 1
        }
        guard start < value.count, value[start] == 0x3D else { return nil }
        start &+= 1
        var end = value.count
        guard start < end else { return nil }
        if isWhiteSpace(value[start]) { isStrict = false }
        isQuoted = value[start] == 0x22
        if isQuoted {
            guard end &- start > 2, value[end &- 1] == 0x22 else { return nil }
            start &+= 1
            end &-= 1
            isStrict = false
        } else {
            guard value[end &- 1] != 0x22 else { return nil }
            // Some frameworks send a charset behind the boundary.
            end = value.firstIndex(of: 0x3B, from: start) ?? end
        }
        guard end > start, end &- start <= MultipartBoundary.maxBytes, value[end &- 1] != 0x20 else { return nil }
        var bytes: [UInt8] = []
        for index in start..<end {
            guard MultipartBoundary.isAllowed(value[index]) else { return nil }
            bytes.append(value[index])
        }
        self.bytes = bytes
    }

    /// Where the word `boundary` first stands in lower case; nil if it is in any case a parameter more than once, which is
    /// to say that an equals sign follows somewhere.
    private static func onlyPlace(in value: Span<UInt8>) -> Int? {
        guard let lastEquals = lastIndex(of: 0x3D, in: value) else { return nil }
        var place: Int?
        var parameters = 0
        for index in 0..<max(value.count &- 7, 0)
        where value.equalsLowercased("boundary", in: index..<(index &+ 8)) {
            if index < lastEquals { parameters &+= 1 }
            if place == nil, value.equals("boundary", in: index..<(index &+ 8)) { place = index }
        }
        return parameters == 1 ? place : nil
    }

    private static func lastIndex(of byte: UInt8, in value: Span<UInt8>) -> Int? {
        var index = value.count
        while index > 0 {
            index &-= 1
            if value[index] == byte { return index }
        }
        return nil
    }

    /// RFC 2046 §5.1.1: `bchars`.
    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x20, 0x27...0x29, 0x2B...0x2F, 0x3A, 0x3D, 0x3F, 0x5F: true
        default: false
        }
    }
}
