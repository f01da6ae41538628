public import GatePrimitives

/// Finds the one token of a request: show it every `Authorization` and `Cookie` field and the query, then read `found`.
///
/// A second token, wherever it stands, is refused as `jwt_ambiguous`: with two, the gateway would decide on one and
/// the backend might read the other (attacks 50).
public struct CredentialFinder {
    /// Where a token stands. Offsets count from wherever the caller's `offset` counts.
    public struct Location: Equatable, Sendable {
        /// The source, as an index into `CredentialSources.all`.
        public let source: Int
        /// The token's bytes.
        public let token: Range<Int>
        /// What to cut out so that the backend does not get the credential: the field's value, the cookie pair or
        /// the parameter, with one separator beside it.
        public let removal: Range<Int>
    }

    /// The one token that was shown so far.
    public private(set) var found: Location?
    private static let bearer = [UInt8]("bearer".utf8)
    private var authorizationSeen = false
    private let sources: CredentialSources

    /// A finder for the sources of a route.
    public init(_ sources: CredentialSources) { self.sources = sources }

    /// Looks at the value of an `Authorization` field that starts at `offset`.
    ///
    /// Another scheme than Bearer is no token and is left alone. An empty value, an empty token and a second
    /// `Authorization` field are refused.
    public mutating func authorization(_ value: Span<UInt8>, at offset: Int) throws(Fault) {
        guard sources.readsHeader else { return }
        // RFC 9110 §11.6.2: one field. Two are refused whatever their schemes, since recipients pick differently.
        guard !authorizationSeen else { throw Fault(.admit, .jwtAmbiguous) }
        authorizationSeen = true
        var end = 0
        while end < value.count, value[end] != 0x20 { end &+= 1 }
        guard end > 0 else { throw Fault(.admit, .jwtMalformed) }
        // RFC 9110 §11.1: the scheme is compared without regard to case.
        guard Bytes.equalsIgnoringCase(value.extracting(0..<end), CredentialFinder.bearer) else { return }
        while end < value.count, value[end] == 0x20 { end &+= 1 }
        guard end < value.count else { throw Fault(.admit, .jwtMalformed) }
        let source = sources.all.firstIndex(of: .header) ?? 0
        try note(source, token: end..<value.count, removal: 0..<value.count, at: offset)
    }

    /// Looks at the value of a `Cookie` field that starts at `offset` (RFC 6265 §4.2.1).
    public mutating func cookie(_ value: Span<UInt8>, at offset: Int) throws(Fault) {
        guard sources.readsCookies else { return }
        var next = 0
        while let pair = Pair(value, separator: 0x3B, from: &next) {
            let name = Bytes.trimmed(pair.name, in: value)
            for cookie in sources.cookies where Bytes.equals(value.extracting(name), cookie.name) {
                let token = Bytes.trimmed(pair.value, in: value)
                try note(cookie.index, token: token, removal: pair.removal(from: value.count), at: offset)
            }
        }
    }

    /// Looks at a query, without its `?`, that starts at `offset`.
    public mutating func query(_ value: Span<UInt8>, at offset: Int) throws(Fault) {
        guard sources.readsQuery else { return }
        var next = 0
        while let pair = Pair(value, separator: 0x26, from: &next) {
            let name = value.extracting(pair.name)
            for parameter in sources.parameters where Bytes.equalsDecoded(name, parameter.name) {
                // The backend decodes names, so `access%5Ftoken` is a token, too: one that would not be found again to be
                // removed, and that no honest client writes.
                let isPlain = Bytes.equals(name, parameter.name)
                let token = isPlain ? pair.value : pair.value.lowerBound..<pair.value.lowerBound
                try note(parameter.index, token: token, removal: pair.removal(from: value.count), at: offset)
            }
        }
    }

    private mutating func note(
        _ source: Int, token: Range<Int>, removal: Range<Int>, at offset: Int
    ) throws(Fault) {
        guard found == nil else { throw Fault(.admit, .jwtAmbiguous) }
        guard !token.isEmpty else { throw Fault(.admit, .jwtMalformed) }
        found = Location(
            source: source, token: offset &+ token.lowerBound..<offset &+ token.upperBound,
            removal: offset &+ removal.lowerBound..<offset &+ removal.upperBound)
    }
}

/// One `name=value` of a list: a cookie or a parameter.
private struct Pair {
    let name: Range<Int>
    let value: Range<Int>

    /// The pair that starts at `next`, which moves behind its separator; nil at the end.
    ///
    /// A piece without `=` is a name with an empty value.
    init?(_ bytes: Span<UInt8>, separator: UInt8, from next: inout Int) {
        guard next < bytes.count else { return nil }
        let start = next
        var end = start
        var equals: Int?
        while end < bytes.count, bytes[end] != separator {
            if equals == nil, bytes[end] == 0x3D { equals = end }
            end &+= 1
        }
        name = start..<(equals ?? end)
        value = (equals.map { $0 &+ 1 } ?? end)..<end
        next = end &+ 1
    }

    /// The pair with the separator behind it or, for the last of `count` bytes, the one before it.
    func removal(from count: Int) -> Range<Int> {
        value.upperBound < count
            ? name.lowerBound..<value.upperBound &+ 1 : max(name.lowerBound &- 1, 0)..<value.upperBound
    }
}
