import GatePrimitives

/// One pass over a path: whether it is well formed, what in it is ambiguous, whether it has to be rewritten.
///
/// Two readers are followed at once: the literal one, who splits at `/` alone, and the lax one, who decodes `%2F`,
/// `%5C` and `\` first and cuts `;…` off. A dot segment of either counts, and neither may be led above the root.
struct PathScan {
    /// What a policy has to decide about; exact only when `needsRewriting` is false.
    private(set) var anomalies: PathAnomalies = []
    /// Whether an unreserved character is percent-encoded or a hex digit is in lower case.
    private(set) var needsRewriting = false

    /// Characters, and dots at the end of them, in the current piece: a segment as the lax reader sees it.
    private var length = 0
    private var dots = 0
    /// Whether the piece is behind a `;`, which the lax reader ignores.
    private var isParameter = false
    /// Whether the piece is the whole segment so far.
    private var isWhole = true
    private var literalDepth = 0
    private var laxDepth = 0

    private init() {}

    /// Scans `range` of `bytes`, which begins with `/`.
    static func scan(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(HeadError) -> PathScan {
        var scan = PathScan()
        var index = range.lowerBound &+ 1
        let end = range.upperBound
        while index < end {
            let byte = bytes[index]
            if ByteClass.pathLetter.contains(byte) {
                scan.letter()
                index &+= 1
                continue
            }
            switch byte {
            case Ascii.dot:
                scan.dot()
            case Ascii.slash:
                if scan.isWhole, scan.length == 0 { scan.anomalies.insert(.duplicateSlash) }
                try scan.endSegment()
            case Ascii.semicolon:
                scan.anomalies.insert(.parameter)
                try scan.endPiece(parameterFollows: true)
            case Ascii.backslash:
                scan.anomalies.insert(.encodedSlash)
                try scan.endPiece(parameterFollows: false)
            case Ascii.percent:
                try scan.escape(bytes, &index, end)
            default:
                throw .init(.badTarget)
            }
            index &+= 1
        }
        try scan.endSegment()
        return scan
    }

    @inline(__always)
    private mutating func letter() {
        length &+= 1
        dots = 0
    }

    private mutating func dot() {
        length &+= 1
        dots &+= 1
    }

    /// A piece ends where only the lax reader sees an end.
    private mutating func endPiece(parameterFollows: Bool) throws(HeadError) {
        try judgePiece()
        isWhole = false
        if parameterFollows { isParameter = true } else { isParameter = false }
    }

    private mutating func endSegment() throws(HeadError) {
        let isParent = isWhole && length == 2 && dots == 2
        let isOrdinary = !isWhole || length > dots || length > 2
        try judgePiece()
        if isParent { literalDepth &-= 1 } else if isOrdinary { literalDepth &+= 1 }
        guard literalDepth >= 0 else { throw .init(.pathTraversal) }
        isWhole = true
        isParameter = false
    }

    private mutating func judgePiece() throws(HeadError) {
        defer {
            length = 0
            dots = 0
        }
        guard dots > 0 else {
            if length > 0, !isParameter { laxDepth &+= 1 }
            return
        }
        switch (dots, length) {
        case (1, 1): anomalies.insert(.dotSegment)
        case (2, 2):
            anomalies.insert(.parentSegment)
            if !isParameter { laxDepth &-= 1 }
            // Above the root is refused always, whoever reads it (attacks 32).
            guard laxDepth >= 0 else { throw .init(.pathTraversal) }
        default:
            if dots >= 2 { anomalies.insert(.trailingDots) }
            if !isParameter { laxDepth &+= 1 }
        }
    }

    /// A percent-encoded byte at `index`, which is moved to its last digit (RFC 3986 §2.1).
    private mutating func escape(_ bytes: Span<UInt8>, _ index: inout Int, _ end: Int) throws(HeadError) {
        let value = try PercentEncoding.byte(bytes, at: index, end: end)
        if PercentEncoding.hasLowercaseHex(bytes, at: index) { needsRewriting = true }
        let start = index
        index &+= 2
        switch value {
        case 0..<0x20, Ascii.delete:
            throw .init(.pathEncoded)
        case 0x80...:
            let scalar = try PercentEncoding.scalar(bytes, at: start, end: end, last: &index, &needsRewriting)
            if Lookalike.isDelimiter(scalar) { anomalies.insert(.doubleEncoding) }
            letter()
        case Ascii.slash, Ascii.backslash:
            anomalies.insert(.encodedSlash)
            try endPiece(parameterFollows: false)
        case Ascii.semicolon:
            anomalies.insert(.encodedParameter)
            try endPiece(parameterFollows: true)
        case Ascii.percent:
            if PercentEncoding.continuesEscape(bytes, at: index &+ 1, end: end) { anomalies.insert(.doubleEncoding) }
            letter()
        default:
            if ByteClass.unreserved.contains(value) { needsRewriting = true }
            if value == Ascii.dot { dot() } else { letter() }
        }
    }
}

/// Percent-encoding, strictly (RFC 3986 §2.1).
enum PercentEncoding {
    /// The byte that the escape at `index` stands for.
    static func byte(_ bytes: Span<UInt8>, at index: Int, end: Int) throws(HeadError) -> UInt8 {
        guard index &+ 2 < end, bytes[index] == Ascii.percent, let high = Ascii.hexValue(bytes[index &+ 1]),
            let low = Ascii.hexValue(bytes[index &+ 2])
        else { throw .init(.pathEncoded) }
        return high &<< 4 | low
    }

    /// Whether the escape at `index`, which is valid, has a hex digit in lower case.
    static func hasLowercaseHex(_ bytes: Span<UInt8>, at index: Int) -> Bool {
        bytes[index &+ 1] >= 0x61 || bytes[index &+ 2] >= 0x61
    }

    /// Whether what stands at `index` would make an escape with a `%` before it.
    static func continuesEscape(_ bytes: Span<UInt8>, at index: Int, end: Int) -> Bool {
        guard index &+ 1 < end else { return false }
        if bytes[index] | 0x20 == 0x75 { return true }
        return Ascii.hexValue(bytes[index]) != nil && Ascii.hexValue(bytes[index &+ 1]) != nil
    }

    /// The character that the escapes from `index` stand for, in well-formed UTF-8 (RFC 3629 §4) of two to four
    /// bytes; `last` is moved to their last digit.
    static func scalar(
        _ bytes: Span<UInt8>, at index: Int, end: Int, last: inout Int, _ needsRewriting: inout Bool
    ) throws(HeadError) -> UInt32 {
        let lead = try byte(bytes, at: index, end: end)
        let trailing: Int
        var scalar: UInt32
        // The second byte's bounds exclude overlong forms, surrogates, and what is above U+10FFFF.
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch lead {
        case 0xC2...0xDF: (trailing, scalar) = (1, UInt32(lead & 0x1F))
        case 0xE0...0xEF: (trailing, scalar) = (2, UInt32(lead & 0x0F))
        case 0xF0...0xF4: (trailing, scalar) = (3, UInt32(lead & 0x07))
        default: throw .init(.pathEncoded)
        }
        switch lead {
        case 0xE0: second = 0xA0...0xBF
        case 0xED: second = 0x80...0x9F
        case 0xF0: second = 0x90...0xBF
        case 0xF4: second = 0x80...0x8F
        default: break
        }
        for offset in 1...trailing {
            let at = index &+ 3 &* offset
            let value = try byte(bytes, at: at, end: end)
            guard (offset == 1 ? second : 0x80...0xBF).contains(value) else { throw .init(.pathEncoded) }
            if hasLowercaseHex(bytes, at: at) { needsRewriting = true }
            scalar = scalar &<< 6 | UInt32(value & 0x3F)
            last = at &+ 2
        }
        return scalar
    }
}

/// Characters that backends fold to a delimiter of paths: by compatibility normalisation (NFKC) or as a best fit.
enum Lookalike {
    /// Whether `scalar` folds to `.`, `/`, `\`, `;` or `%`.
    static func isDelimiter(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0xFF0E, 0x2024, 0x2025, 0xFE52: true  // full stop
        case 0xFF0F, 0x2044, 0x2215, 0x29F8: true  // solidus
        case 0xFF3C, 0xFE68, 0x2216, 0x29F5, 0x29F9: true  // reverse solidus
        case 0xFF1B, 0xFE54, 0x037E: true  // semicolon
        case 0xFF05, 0xFE6A: true  // percent sign
        default: false
        }
    }
}
