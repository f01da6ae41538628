public import NIOCore

/// The head of a GET of the gateway's own: a key set, a health check. Made of configuration, never of request bytes.
public struct ErrandHead: Sendable {
    /// The request target: an absolute path with its query.
    public let target: String
    /// Host and port, as `host` or `:authority`.
    public let authority: String
    /// Its other fields.
    public let fields: FieldBlock

    /// The head of a GET of `target` at `authority`.
    public init(target: String, authority: String, fields: FieldBlock) {
        self.target = target
        self.authority = authority
        self.fields = fields
    }

    /// Appends the fields as HTTP/2 sends them, one `name: value` line each.
    public func writeFields(into out: inout ByteBuffer, scheme: Scheme) {
        out.writeString(
            ":method: GET\r\n:scheme: \(scheme.text)\r\n:authority: \(authority)\r\n:path: \(target)\r\n")
        out.writeImmutableBuffer(fields.bytes)
    }

    /// Appends the head as HTTP/1.1 writes it; its connection closes afterwards.
    public func write(into out: inout ByteBuffer) {
        out.writeString("GET \(target) HTTP/1.1\r\nhost: \(authority)\r\n")
        out.writeImmutableBuffer(fields.bytes)
        out.writeStaticString("connection: close\r\n\r\n")
    }
}
