import GatePrimitives

/// Parses a request line, strictly and incrementally (RFC 9112 §3), in one pass.
///
/// `method ──SP──▶ target ──SP──▶ version ──CR──▶ lineLF ──LF──▶ complete`
struct RequestLineParser: Sendable {
    private enum Phase: UInt8 {
        case method, target, version, lineLF
    }

    /// The next byte to look at.
    private(set) var position = 0
    /// Where the method ends; it begins at 0.
    private(set) var methodEnd = 0
    /// Where the target ends; it begins one behind the method.
    private(set) var targetEnd = 0
    /// The version.
    private(set) var version = HTTPVersion.http11
    private var phase = Phase.method

    /// Goes on as far as `bytes` reach; true once the line's LF is behind `position`.
    mutating func parse(_ bytes: Span<UInt8>, limit: Int, end: Int) throws(HeadError) -> Bool {
        let stop = min(bytes.count, limit &+ 1, end)
        while true {
            switch phase {
            case .method: guard try readMethod(bytes, stop) else { break }
            case .target: guard try readTarget(bytes, stop) else { break }
            case .version: guard try readVersion(bytes, stop) else { break }
            case .lineLF:
                guard position < end else { throw .init(.headTooLarge) }
                guard position < bytes.count else { return false }
                guard bytes[position] == Ascii.lf else { throw .init(.badHeaderByte) }
                position &+= 1
                return true
            }
            if phase != .lineLF, position >= stop { return try exhausted(limit, end) }
        }
    }

    /// What it means that `position` has come to the end of what may be looked at.
    private func exhausted(_ limit: Int, _ end: Int) throws(HeadError) -> Bool {
        // LIMIT: the request line; RFC 9112 §3 names 414 for it.
        guard position <= limit else { throw .init(.requestLineTooLong) }
        guard position < end else { throw .init(.headTooLarge) }
        return false
    }

    /// RFC 9110 §9.1: a method is a token.
    private mutating func readMethod(_ bytes: Span<UInt8>, _ stop: Int) throws(HeadError) -> Bool {
        while position < stop {
            let byte = bytes[position]
            if ByteClass.token.contains(byte) {
                position &+= 1
            } else if byte == Ascii.space, position > 0 {
                methodEnd = position
                position &+= 1
                phase = .target
                return true
            } else {
                let isVisible = byte >= Ascii.space && byte < Ascii.delete
                throw .init(isVisible || byte == Ascii.cr ? .badRequestLine : .badHeaderByte)
            }
        }
        return false
    }

    /// Visible ASCII up to one space; what of it is a target is judged later.
    private mutating func readTarget(_ bytes: Span<UInt8>, _ stop: Int) throws(HeadError) -> Bool {
        while position < stop {
            let byte = bytes[position]
            if byte > Ascii.space, byte < Ascii.delete {
                position &+= 1
            } else if byte == Ascii.space {
                // RFC 9112 §3: one space; no leniency about more of them.
                guard position > methodEnd &+ 1 else { throw .init(.badRequestLine) }
                targetEnd = position
                position &+= 1
                phase = .version
                return true
            } else if byte == Ascii.cr {
                // A line without a version is HTTP/0.9.
                throw .init(.badRequestLine)
            } else {
                throw .init(byte == Ascii.lf || byte == 0 ? .badHeaderByte : .badTarget)
            }
        }
        return false
    }

    /// RFC 9112 §2.3: `HTTP/` DIGIT `.` DIGIT, then the end of the line.
    private mutating func readVersion(_ bytes: Span<UInt8>, _ stop: Int) throws(HeadError) -> Bool {
        let start = targetEnd &+ 1
        while position < stop {
            let byte = bytes[position]
            switch position &- start {
            case 0...4, 6:
                guard VersionText.accepts(byte, at: position &- start) else { throw .init(VersionText.fault(byte)) }
            case 5, 7:
                guard Ascii.isDigit(byte) else { throw .init(VersionText.fault(byte)) }
            default:
                guard byte == Ascii.cr else { throw .init(byte == Ascii.lf ? .badHeaderByte : .badRequestLine) }
                // Other versions speak another protocol, or none that this gateway knows.
                guard bytes[start &+ 5] == 0x31, bytes[start &+ 7] <= 0x31 else { throw .init(.badVersion) }
                version = bytes[start &+ 7] == 0x31 ? .http11 : .http10
                phase = .lineLF
                position &+= 1
                return true
            }
            position &+= 1
        }
        return false
    }
}

/// The letters of `HTTP/1.1`.
enum VersionText {
    /// Whether `byte` may stand at `offset`, which is not a digit's.
    @inline(__always)
    static func accepts(_ byte: UInt8, at offset: Int) -> Bool {
        switch offset {
        case 0: byte == 0x48
        case 1, 2: byte == 0x54
        case 3: byte == 0x50
        case 4: byte == Ascii.slash
        default: byte == Ascii.dot
        }
    }

    /// The reason for a byte that may not stand in a version.
    static func fault(_ byte: UInt8) -> Reason {
        byte == Ascii.lf || byte == 0 ? .badHeaderByte : .badRequestLine
    }
}
