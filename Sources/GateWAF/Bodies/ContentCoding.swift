/// How the body of a message is compressed (RFC 9110 §8.4.1).
public enum ContentCoding: Sendable, Equatable {
    /// Not at all.
    case identity
    /// gzip (RFC 1952), also by its old name `x-gzip`.
    case gzip
    /// zlib's format (RFC 1950), which HTTP calls deflate.
    case deflate

    /// The coding that a Content-Encoding field names, without regard to case; nil for any other, and for a list: what is
    /// compressed twice is not inspected (415).
    public init?(_ value: Span<UInt8>) {
        let whole = 0..<value.count
        if value.equalsLowercased("gzip", in: whole) || value.equalsLowercased("x-gzip", in: whole) {
            self = .gzip
        } else if value.equalsLowercased("deflate", in: whole) {
            self = .deflate
        } else if value.isEmpty || value.equalsLowercased("identity", in: whole) {
            self = .identity
        } else {
            return nil
        }
    }
}

extension VariableTable {
    /// How the request's body is compressed, by its header fields; nil where it cannot be inspected: an unknown coding, or
    /// more than one (415).
    public var requestContentCoding: ContentCoding? {
        var found: ContentCoding?
        for row in rows
        where row.variable == .requestHeaders && bytes.span.equalsLowercased("content-encoding", in: row.name) {
            guard found == nil, let coding = ContentCoding(span(row.value)) else { return nil }
            found = coding
        }
        return found ?? .identity
    }
}
