public import NIOCore

/// What the gateway adds to and takes from a response head.
public struct DownstreamFields: Sendable {
    /// The scheme under which the client reached us.
    public var scheme: Scheme
    /// The value of `x-request-id`; of bytes that may stand in a field value.
    public var requestID: ByteBuffer
    /// Lines of the gateway's own: HSTS, CORS, `ratelimit`.
    public var own: FieldBlock
    /// Known names whose lines from the backend are left out, since `own` or policy decides about them.
    public var replaced: FieldSet
    /// The route's edits.
    public var edits: HeaderEdits
    /// What names a backend.
    public var backends: BackendAuthorities
    /// Whether the downstream connection closes after this response.
    public var close: Bool

    /// The fields of one response.
    public init(
        scheme: Scheme, requestID: ByteBuffer, own: FieldBlock, replaced: FieldSet, edits: HeaderEdits,
        backends: BackendAuthorities, close: Bool
    ) {
        self.scheme = scheme
        self.requestID = requestID
        self.own = own
        self.replaced = replaced
        self.edits = edits
        self.backends = backends
        self.close = close
    }
}
