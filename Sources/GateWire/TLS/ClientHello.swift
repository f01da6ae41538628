/// What the gateway needs to know of a TLS ClientHello before it chooses a certificate: server name and protocols.
///
/// Read by us, ahead of the TLS library, because certificate, trust roots and protocol list hang on the name, and
/// because a hello that is split over several records must not walk around a rule that hangs on it (RFC 8446 §4.1.2,
/// §5.1; RFC 6066 §3; RFC 7301 §3.1).
public struct ClientHello: Equatable, Sendable {
    /// The `server_name`, lower-cased; nil when the client sent none.
    public var serverName: String?
    /// The ALPN protocols in the client's order; nil when the client sent no ALPN extension.
    public var protocols: [String]?

    /// What is known after some bytes of the connection.
    public enum Reading: Equatable, Sendable {
        /// Not whole yet.
        case needsMore
        /// The hello.
        case hello(ClientHello)
        /// Not a TLS handshake, or a malformed or oversized one.
        case invalid
    }

    // LIMIT: a ClientHello of more than 16 KiB, or in more than 32 records, is refused; with ML-KEM and ECH a real
    // one stays under 4 KiB (attacks 82).
    static let maximumLength = 16 * 1024
    static let maximumRecords = 32

    /// Reads the hello from the first bytes of a connection.
    ///
    /// Called with each arrival: until the hello is whole, only the records' heads are looked at, so that a hello that
    /// drips in byte by byte costs no more than its bytes.
    public static func read(_ bytes: Span<UInt8>) -> Reading {
        var start: [UInt8] = []
        var available = 0
        var position = 0
        for _ in 0..<maximumRecords {
            guard position < bytes.count else { return .needsMore }
            // RFC 8446 §5.1: handshake records only; the legacy version's first byte is always 3.
            guard bytes[position] == 22 else { return .invalid }
            guard bytes.count - position >= 5 else { return .needsMore }
            let length = Int(bytes[position + 3]) << 8 | Int(bytes[position + 4])
            guard bytes[position + 1] == 3, length > 0, length <= 16384 else { return .invalid }
            let here = min(length, bytes.count - position - 5)
            var index = position + 5
            while start.count < 4, index < position + 5 + here {
                start.append(bytes[index])
                index += 1
            }
            available += here
            // RFC 8446 §4: the type of the handshake message, then its length.
            if let type = start.first, type != 1 { return .invalid }
            if start.count == 4 {
                let whole = 4 + (Int(start[1]) << 16 | Int(start[2]) << 8 | Int(start[3]))
                guard whole <= maximumLength else { return .invalid }
                if available >= whole { return assemble(bytes, whole) }
            }
            guard here == length else { return .needsMore }
            position += 5 + length
        }
        return .invalid
    }

    /// Joins the message's pieces, all of which are there, and parses it.
    private static func assemble(_ bytes: Span<UInt8>, _ whole: Int) -> Reading {
        var message: [UInt8] = []
        message.reserveCapacity(whole)
        var position = 0
        while message.count < whole, bytes.count - position >= 5 {
            let length = Int(bytes[position + 3]) << 8 | Int(bytes[position + 4])
            let end = position + 5 + min(length, bytes.count - position - 5, whole - message.count)
            for index in position + 5..<end { message.append(bytes[index]) }
            position += 5 + length
        }
        guard message.count == whole else { return .invalid }
        return parse(message.span.extracting(4..<whole)).map(Reading.hello) ?? .invalid
    }

    private static func parse(_ body: Span<UInt8>) -> ClientHello? {
        var reader = Reader(body.count)
        // RFC 8446 §4.1.2: legacy_version, random, legacy_session_id, cipher_suites, compression methods, extensions.
        guard reader.skip(34), reader.skipVector(body, lengthBytes: 1), reader.skipVector(body, lengthBytes: 2),
            reader.skipVector(body, lengthBytes: 1)
        else { return nil }
        var hello = ClientHello(serverName: nil, protocols: nil)
        if reader.isAtEnd { return hello }
        guard let extensions = reader.vector(body, lengthBytes: 2), reader.isAtEnd else { return nil }
        var inner = Reader(range: extensions)
        while !inner.isAtEnd {
            guard let type = inner.integer(body, bytes: 2), let content = inner.vector(body, lengthBytes: 2) else {
                return nil
            }
            switch type {
            case 0:
                // RFC 8446 §4.2: no extension twice.
                guard hello.serverName == nil, let name = serverName(body, content) else { return nil }
                hello.serverName = name
            case 16:
                guard hello.protocols == nil, let list = protocolList(body, content) else { return nil }
                hello.protocols = list
            default: break
            }
        }
        return hello
    }

    /// RFC 6066 §3: exactly one name of type host_name, ASCII without NUL.
    private static func serverName(_ body: Span<UInt8>, _ range: Range<Int>) -> String? {
        var reader = Reader(range: range)
        guard let list = reader.vector(body, lengthBytes: 2), reader.isAtEnd else { return nil }
        var names = Reader(range: list)
        guard names.integer(body, bytes: 1) == 0, let name = names.vector(body, lengthBytes: 2), names.isAtEnd,
            (1...253).contains(name.count)
        else { return nil }
        var text = ""
        for index in name {
            let byte = body[index]
            guard byte > 0x20, byte < 0x7f else { return nil }
            text.unicodeScalars.append(Unicode.Scalar((0x41...0x5a).contains(byte) ? byte | 0x20 : byte))
        }
        return text
    }

    /// RFC 7301 §3.1: a non-empty list of non-empty names.
    private static func protocolList(_ body: Span<UInt8>, _ range: Range<Int>) -> [String]? {
        var reader = Reader(range: range)
        guard let list = reader.vector(body, lengthBytes: 2), reader.isAtEnd else { return nil }
        var names = Reader(range: list)
        var protocols: [String] = []
        while !names.isAtEnd {
            guard let name = names.vector(body, lengthBytes: 1), !name.isEmpty, protocols.count < 64 else { return nil }
            var text = ""
            for index in name { text.unicodeScalars.append(Unicode.Scalar(body[index])) }
            protocols.append(text)
        }
        return protocols.isEmpty ? nil : protocols
    }

    /// A cursor over TLS presentation language vectors; every step checks its bounds.
    private struct Reader {
        var position: Int
        let end: Int

        init(_ count: Int) { (position, end) = (0, count) }
        init(range: Range<Int>) { (position, end) = (range.lowerBound, range.upperBound) }

        var isAtEnd: Bool { position == end }

        mutating func skip(_ count: Int) -> Bool {
            guard end - position >= count else { return false }
            position += count
            return true
        }

        mutating func integer(_ bytes: Span<UInt8>, bytes count: Int) -> Int? {
            guard end - position >= count else { return nil }
            var value = 0
            for offset in 0..<count { value = value << 8 | Int(bytes[position + offset]) }
            position += count
            return value
        }

        mutating func vector(_ bytes: Span<UInt8>, lengthBytes: Int) -> Range<Int>? {
            guard let length = integer(bytes, bytes: lengthBytes), end - position >= length else { return nil }
            defer { position += length }
            return position..<position + length
        }

        mutating func skipVector(_ bytes: Span<UInt8>, lengthBytes: Int) -> Bool {
            vector(bytes, lengthBytes: lengthBytes) != nil
        }
    }
}
