/// One request limit.
public struct LimitSettings: NamedSettings, Described {
    /// Its name.
    public var name = ""
    /// Where its name stands.
    public var position = SourcePosition.unknown
    /// What is counted apart.
    public var key: [Located<LimitKey>] = []
    /// How fast a key may go for long.
    public var rate = Located(Rate(1, per: .second))
    /// How many requests a key may be ahead.
    public var burst = Located(0)
    /// Beyond how many requests ahead they wait; nil: none waits.
    public var delayAfter: Located<Int>?
    /// How much memory its keys may take.
    public var zone = Located(ByteCount.mebibytes(10))

    /// A limit without a key.
    public init() {}

    static let schema = Schema<LimitSettings>(
        "limits.NAME",
        """
        One request limit: nginx's `limit_req`. Each key leaks at `rate`; a request that would put it more than `burst` \
        requests ahead is a 429. Several limits of a route: a refusal by one is charged to none.
        """,
        [
            .required(
                "key", \.key, Shape<LimitKey>.limitKey.located.oneOrMore(),
                """
                What is counted apart: `client.address` (IPv6 by /64), `principal.subject`, `principal.claim.NAME`, \
                `header.NAME`, `route`, or a list of these. A request that lacks the header or principal is counted \
                with all others that lack it.
                """),
            .required("rate", \.rate, Shape<Rate>.rate.located, "How fast a key may go for long."),
            .defaulted(
                "burst", \.burst, Shape<Int>.integer(0...1_000_000).located, default: "0",
                "How many requests a key may be ahead of its rate. 0 refuses the second of two that come together."),
            .optional(
                "delayAfter", \.delayAfter, Shape<Int>.integer(0...1_000_000).located, absent: "no request waits",
                "Requests further ahead than this wait until they are in time, instead of passing at once; 0: all wait that are ahead."
            ),
            .defaulted(
                "zone", \.zone, Shape<ByteCount>.size(.kibibytes(64) ... .gibibytes(16)).located, default: "10MiB",
                "The memory of its keys; full, the key that was not seen for longest is forgotten. 10 MiB holds about 200,000 keys."
            ),
            .planned("store", "Where several nodes count together."),
            .planned("onFailure", "What happens when the store does not answer."),
        ])
}

/// What a limit counts apart.
public enum LimitKey: Hashable, Sendable, CustomStringConvertible {
    /// The client's address; IPv6 by its first 64 bits.
    case clientAddress
    /// The subject of the verified principal.
    case principalSubject
    /// A claim of the verified principal.
    case principalClaim(String)
    /// A header field, its name in lower case.
    case header(String)
    /// The route.
    case route

    /// The spelling that the configuration reads.
    public var description: String {
        switch self {
        case .clientAddress: "client.address"
        case .principalSubject: "principal.subject"
        case .principalClaim(let name): "principal.claim.\(name)"
        case .header(let name): "header.\(name)"
        case .route: "route"
        }
    }
}

extension Shape where Value == LimitKey {
    /// What a limit counts apart.
    static let limitKey: Shape = Shape("a key of requests") { node, decoding in
        guard let text = Shape<String>.text("a key of requests", most: 256).decode(node, &decoding) else { return nil }
        switch text {
        case "client.address": return .clientAddress
        case "principal.subject": return .principalSubject
        case "route": return .route
        case _ where text.hasPrefix("principal.claim.") && text.utf8.count > 16:
            return .principalClaim(String(text.dropFirst(16)))
        case _ where text.hasPrefix("header."):
            let name = YAMLNode(content: .scalar(String(text.dropFirst(7)), isPlain: false), position: node.position)
            return Shape<String>.fieldName.decode(name, &decoding).map { .header($0) }
        default:
            let known = ["client.address", "principal.subject", "principal.claim.NAME", "header.NAME", "route"]
            decoding.error(
                at: node.position, "\(Quantity.quoted(text)) is not a key of requests",
                instead: Suggestion.nearest(to: text, among: known).map { "did you mean '\($0)'?" }
                    ?? "write " + known.joined(separator: ", "))
            return nil
        }
    } render: {
        .text($0.description)
    }
}
