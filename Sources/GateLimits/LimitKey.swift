public import GatePrimitives

/// Whom a limit counts, as 128 bits of a keyed hash; the text it came from is not kept.
public struct LimitKey: Hashable, Sendable {
    /// The hash.
    public let hash: Hash128

    /// The key of this hash.
    @inlinable public init(_ hash: Hash128) { self.hash = hash }
}

/// Builds a ``LimitKey`` from one or several of a request's properties.
///
/// Every part is fed with its kind and its length, so that no two combinations of parts feed the same bytes.
public struct LimitKeyBuilder: Sendable {
    private enum Part: UInt8 {
        case v4 = 1
        case v6, principal, claim, header, route, absent
    }

    private var hash: SipHash
    /// Whether every part so far was absent: there is nobody to tell apart.
    public private(set) var isAnonymous = true

    /// An empty builder under the zone's `key`.
    public init(key: SipKey) { hash = SipHash(key: key, variant: .oneThree) }

    /// The client's address; IPv6 counts by its /64, the least that one subscriber holds (attacks 69).
    public mutating func add(_ address: IPAddress) {
        isAnonymous = false
        switch address.family {
        case .v4:
            hash.update(Part.v4.rawValue)
            hash.update(address.low)
        case .v6:
            hash.update(Part.v6.rawValue)
            hash.update(address.high)
        }
    }

    /// Who was identified: the subject within its issuer, since two issuers may name different people alike.
    public mutating func add(issuer: Span<UInt8>, subject: Span<UInt8>) {
        isAnonymous = false
        hash.update(Part.principal.rawValue)
        feed(issuer)
        feed(subject)
    }

    /// The value of a claim.
    public mutating func add(claim value: Span<UInt8>) {
        isAnonymous = false
        hash.update(Part.claim.rawValue)
        feed(value)
    }

    /// The value of a header field.
    public mutating func add(header value: Span<UInt8>) {
        isAnonymous = false
        hash.update(Part.header.rawValue)
        feed(value)
    }

    /// The route.
    public mutating func add(route: Int) {
        isAnonymous = false
        hash.update(Part.route.rawValue)
        hash.update(UInt64(bitPattern: Int64(route)))
    }

    /// A property that the request does not have: all such requests count as one, so that leaving it out evades nothing.
    public mutating func addAbsent() { hash.update(Part.absent.rawValue) }

    /// The key of all parts in their order.
    public func finish() -> LimitKey { LimitKey(hash.finish()) }

    private mutating func feed(_ bytes: Span<UInt8>) {
        hash.update(UInt64(bytes.count))
        hash.update(bytes)
    }
}
