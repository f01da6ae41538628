import GatePrimitives

/// What one walk over the field lines of a request found; it marks on each line what becomes of it.
struct FieldSurvey {
    var hosts = 0
    var host = 0
    var lengths = 0
    var length = 0
    var codings = 0
    var coding = 0
    var connections = 0
    var upgrades = 0
    var upgrade = 0
    var expectations = 0
    var expectation = 0
    var traceparents = 0
    var traceparent = 0
    var hasH2CSettings = false
    var hasTrailer = false
    var hasTracestate = false
    /// `te` lists `trailers` (RFC 9110 §10.1.4).
    var acceptsTrailers = false

    /// Walks over `lines`.
    init(_ bytes: Span<UInt8>, _ lines: inout FieldLines) throws(HeadError) {
        let count = lines.slots.count
        var index = 0
        while index < count {
            try note(index, lines.slots[index], bytes, &lines)
            index &+= 1
        }
    }

    private mutating func note(
        _ index: Int, _ slot: FieldLines.Slot, _ bytes: Span<UInt8>, _ lines: inout FieldLines
    ) throws(HeadError) {
        switch slot.name {
        case .host:
            (hosts, host) = (hosts &+ 1, index)
            lines.mark(index, .rebuilt)
        case .contentLength:
            (lengths, length) = (lengths &+ 1, index)
            lines.mark(index, .rebuilt)
        case .transferEncoding:
            (codings, coding) = (codings &+ 1, index)
            lines.mark(index, .rebuilt)
        case .connection:
            connections &+= 1
            lines.mark(index, .rebuilt)
        case .upgrade:
            (upgrades, upgrade) = (upgrades &+ 1, index)
            lines.mark(index, .rebuilt)
        case .expect:
            (expectations, expectation) = (expectations &+ 1, index)
            lines.mark(index, .rebuilt)
        case .trailer:
            hasTrailer = true
        case .te:
            if Self.lists("trailers", bytes, slot.valueRange) { acceptsTrailers = true }
            lines.mark(index, .rebuilt)
        case .keepAlive, .proxyConnection, .proxyAuthenticate, .proxyAuthorization, .xRequestID:
            // RFC 9110 §7.6.1: for this connection only. The request id is the gateway's own.
            lines.mark(index, .rebuilt)
        case .http2Settings:
            hasH2CSettings = true
            lines.mark(index, .removed)
        case .xAuthSubject, .xAuthIssuer, .xAuthScopes, .xAuthIdentity,
            .xOriginalURL, .xOriginalURI, .xOriginalHost, .xRewriteURL, .xOverrideURL, .xHTTPMethod,
            .xHTTPMethodOverride, .xMethodOverride, .xEnvoyOriginalPath:
            // The gateway alone says who is calling (attacks 42) and what is asked for (attacks 40).
            lines.mark(index, .removed)
        case .forwarded, .xForwardedFor, .xForwardedProto, .xForwardedHost, .xForwardedPort, .xForwardedPrefix,
            .xForwardedServer, .xRealIP:
            lines.mark(index, .forwarding)
        case .traceparent:
            (traceparents, traceparent) = (traceparents &+ 1, index)
        case .tracestate:
            hasTracestate = true
        case .other:
            try noteUnknown(index, slot, bytes, &lines)
        default:
            break
        }
    }

    /// Whether the comma-separated list at `range` holds `token`, in any case and without parameters.
    private static func lists(_ token: StaticString, _ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var start = range.lowerBound
        while start <= range.upperBound {
            let comma = bytes.firstIndex(of: Ascii.comma, in: start..<range.upperBound)
            if bytes.matches(bytes.trimmed(start..<comma), lowercase: token) { return true }
            start = comma &+ 1
        }
        return false
    }

    /// A name that is not a known one: a spelling that folds to one, or one of a family.
    private func noteUnknown(
        _ index: Int, _ slot: FieldLines.Slot, _ bytes: Span<UInt8>, _ lines: inout FieldLines
    ) throws(HeadError) {
        if slot.marks.contains(.odd) {
            guard !GuardedName.isSpoof(bytes, slot.nameRange, FieldNameIndex.shared) else {
                throw .init(.identitySpoof)
            }
        }
        switch NameFamily.of(bytes, slot.nameRange) {
        case .forwarded: lines.mark(index, .forwarding)
        case .proxyControl: lines.mark(index, .removed)
        case .none, .identity: break
        }
    }
}

/// Families of names that begin alike.
enum NameFamily {
    case none
    /// `x-forwarded-…`
    case forwarded
    /// `x-auth-…`
    case identity
    /// `x-accel-…` and `x-envoy-…`, by which a proxy is steered (attacks 40).
    case proxyControl

    /// The family of the name at `range`.
    static func of(_ bytes: Span<UInt8>, _ range: Range<Int>) -> NameFamily {
        guard range.count > 7, bytes[range.lowerBound] | 0x20 == 0x78, bytes[range.lowerBound &+ 1] == Ascii.dash else {
            return .none
        }
        if bytes.matches(range.prefix(7), lowercase: "x-auth-") { return .identity }
        if bytes.matches(range.prefix(8), lowercase: "x-accel-") { return .proxyControl }
        if bytes.matches(range.prefix(8), lowercase: "x-envoy-") { return .proxyControl }
        if range.count > 12, bytes.matches(range.prefix(12), lowercase: "x-forwarded-") { return .forwarded }
        return .none
    }
}

/// Names of which no other spelling may reach a backend: what the gateway sets, what frames, what identifies.
enum GuardedName {
    /// Whether `name` is one that a client may not nominate in `connection`, nor spell with other characters.
    static func contains(_ name: FieldName) -> Bool {
        switch name {
        case .host, .contentLength, .transferEncoding, .authorization, .proxyAuthorization, .cookie, .xAPIKey,
            .forwarded, .xForwardedFor, .xForwardedProto, .xForwardedHost, .xForwardedPort, .xForwardedPrefix,
            .xForwardedServer, .xRealIP, .xRequestID, .xAuthSubject, .xAuthIssuer, .xAuthScopes, .xAuthIdentity,
            .traceparent, .tracestate, .via, .origin, .expect, .contentType, .contentEncoding, .cacheControl, .date:
            true
        default:
            false
        }
    }

    /// Whether the name at `range`, every character other than a letter or digit read as `-`, is a guarded name
    /// (attacks 42): servers that map names to variables (CGI, WSGI, PHP) see the two as one.
    static func isSpoof(_ bytes: Span<UInt8>, _ range: Range<Int>, _ index: FieldNameIndex) -> Bool {
        // All guarded names are shorter than this: a longer one is cut and matches none of them.
        var folded = InlineArray<32, UInt8>(repeating: 0)
        var count = 0
        for position in range where count < 32 {
            let byte = bytes[position]
            folded[count] = Ascii.isDigit(byte) || (byte | 0x20) &- 0x61 < 26 ? byte : Ascii.dash
            count &+= 1
        }
        let name = index.name(folded.span, 0..<count)
        if contains(name) || name == .upgrade || name == .connection || name == .te { return true }
        let family = NameFamily.of(folded.span, 0..<count)
        return family == .forwarded || family == .identity
    }
}

extension Range<Int> {
    /// The first `count` numbers of the range.
    @inline(__always)
    func prefix(_ count: Int) -> Range<Int> { lowerBound..<Swift.min(upperBound, lowerBound &+ count) }
}
