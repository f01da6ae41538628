public import NIOCore

/// What the gateway tells a backend about the connection a request came over; rendered once per connection.
public struct ForwardingFacts: Sendable {
    /// The peer's address, as it is appended to `x-forwarded-for`.
    let peer: ByteBuffer
    /// `http` or `https`.
    let scheme: Scheme
    /// Whether the peer's own forwarding fields are kept.
    let peerIsTrusted: Bool
    /// `x-forwarded-for` and `x-forwarded-proto`, whole lines, for a peer that is not trusted.
    let ownLines: ByteBuffer
    /// An element of `forwarded` up to its host: `for=192.0.2.1;proto=https;host="`.
    let element: ByteBuffer
    /// Our name in `via`.
    let pseudonym: ByteBuffer

    /// Renders the facts.
    ///
    /// - `peer`: the address of whoever is at the other end of the connection, without port (IPv6 without brackets);
    /// - `scheme`: what the peer used towards us;
    /// - `peerIsTrusted`: whether the peer is a configured hop, whose chain of forwarding fields is kept;
    /// - `pseudonym`: our name in `via` (RFC 9110 §7.6.3): a token, unique to this installation, or a chain of two
    ///   gateways would take itself for a loop.
    ///
    /// What would not fit a field line is written as `unknown`.
    public init(peer: String, scheme: Scheme, peerIsTrusted: Bool, pseudonym: String) {
        let isAddress = !peer.isEmpty && peer.utf8.allSatisfy { Ascii.hexValue($0) != nil || $0 == 0x2E || $0 == 0x3A }
        let peer = isAddress ? peer : "unknown"
        let isToken = !pseudonym.isEmpty && pseudonym.utf8.allSatisfy(ByteClass.token.contains)
        // RFC 7239 §6: an IPv6 address is quoted and in brackets.
        let node = peer.utf8.contains(Ascii.colon) ? "\"[\(peer)]\"" : peer
        self.peer = ByteBuffer(string: peer)
        self.scheme = scheme
        self.peerIsTrusted = peerIsTrusted
        ownLines = ByteBuffer(string: "x-forwarded-for: \(peer)\r\nx-forwarded-proto: \(scheme.text)\r\n")
        element = ByteBuffer(string: "for=\(node);proto=\(scheme.text);host=\"")
        self.pseudonym = ByteBuffer(string: isToken ? pseudonym : "unknown")
    }
}

/// Where verified credentials stand that are taken out of what the backend gets.
public struct CredentialRemoval: Sendable {
    /// Nothing is removed.
    public static let none = CredentialRemoval()
    /// The `authorization` field is removed.
    public static let authorization = CredentialRemoval(fields: [.authorization])

    let fields: FieldSet
    let otherFields: [[UInt8]]
    let cookies: [[UInt8]]
    let parameters: [[UInt8]]

    /// A removal of what is named; nothing by default.
    ///
    /// - `fields`: known fields whose lines are removed whole; `otherFields`: other names, in any case;
    /// - `cookies`: names of cookies; the other cookies stay;
    /// - `queryParameters`: names of query parameters as the backend decodes them; the other parameters stay.
    public init(
        fields: FieldSet = [], otherFields: [String] = [], cookies: [String] = [], queryParameters: [String] = []
    ) {
        self.fields = fields
        self.otherFields = otherFields.map { Array($0.utf8) }
        self.cookies = cookies.map { Array($0.utf8) }
        parameters = queryParameters.map { Array($0.utf8) }
    }
}

/// How a route changes the head it forwards; compiled once.
public struct UpstreamRewrite: Sendable {
    /// A prefix of the path, whole segments, and what stands in its place.
    public struct Prefix: Sendable {
        /// The prefix that the route matched, without a `/` at its end; empty for `/`.
        let matched: ByteBuffer
        /// What is written instead, without a `/` at its end.
        let replacement: ByteBuffer

        /// A replacement of `matched` by `replacement`, both canonical paths; a `/` at their end is not part of them.
        public init(matched: String, replacement: String) {
            self.matched = ByteBuffer(string: Self.trimmed(matched))
            self.replacement = ByteBuffer(string: Self.trimmed(replacement))
        }

        private static func trimmed(_ path: String) -> String {
            path.hasSuffix("/") ? String(path.dropLast()) : path
        }
    }

    /// The prefix that is replaced; nil: the path stays.
    public var prefix: Prefix?
    /// The host (with port) that is written; nil: the client's.
    public var host: ByteBuffer?
    /// The edits of the request's fields.
    public var edits: HeaderEdits

    /// A rewrite; nothing is changed by default.
    public init(prefix: Prefix? = nil, host: ByteBuffer? = nil, edits: HeaderEdits = .none) {
        self.prefix = prefix
        self.host = host
        self.edits = edits
    }
}

/// What belongs to one exchange and goes into its upstream head.
public struct UpstreamFields: Sendable {
    /// The value of `x-request-id`; of bytes that may stand in a field value.
    public var requestID: ByteBuffer
    /// `x-auth-*` and other lines of the gateway's own.
    public var identity: FieldBlock
    /// The verified credentials that are taken out.
    public var removal: CredentialRemoval
    /// How the body is delimited towards the backend; normally the request's own.
    public var framing: BodyFraming
    /// Whether `expect: 100-continue` is passed on.
    public var forwardExpect: Bool
    /// Whether a WebSocket upgrade is passed on.
    public var forwardUpgrade: Bool

    /// The fields of one exchange.
    public init(
        requestID: ByteBuffer, identity: FieldBlock, removal: CredentialRemoval, framing: BodyFraming,
        forwardExpect: Bool, forwardUpgrade: Bool
    ) {
        self.requestID = requestID
        self.identity = identity
        self.removal = removal
        self.framing = framing
        self.forwardExpect = forwardExpect
        self.forwardUpgrade = forwardUpgrade
    }
}
