/// The method of a request; names are case-sensitive (RFC 9110 §9.1).
public enum HTTPMethod: UInt8, Sendable {
    case get, head, post, put, delete, patch, options, connect, trace
    /// Any other token; its bytes stand in the request.
    case other

    /// The method that `name` is.
    init(_ name: Span<UInt8>) {
        self = .other
        guard name.count >= 3, name.count <= 7 else { return }
        var word: UInt64 = 0
        for index in name.indices { word = word &<< 8 | UInt64(name[index]) }
        switch word {
        case 0x47_4554: self = .get
        case 0x4845_4144: self = .head
        case 0x504F_5354: self = .post
        case 0x50_5554: self = .put
        case 0x4445_4C45_5445: self = .delete
        case 0x50_4154_4348: self = .patch
        case 0x4F_5054_494F_4E53: self = .options
        case 0x43_4F4E_4E45_4354: self = .connect
        case 0x54_5241_4345: self = .trace
        default: break
        }
    }

    /// The name as written; empty for `other`.
    public var text: String {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .delete: "DELETE"
        case .patch: "PATCH"
        case .options: "OPTIONS"
        case .connect: "CONNECT"
        case .trace: "TRACE"
        case .other: ""
        }
    }

    /// Whether a repetition has the same effect (RFC 9110 §9.2.2).
    public var isIdempotent: Bool {
        switch self {
        case .get, .head, .put, .delete, .options, .trace: true
        case .post, .patch, .connect, .other: false
        }
    }
}
