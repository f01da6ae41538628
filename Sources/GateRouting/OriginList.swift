public import GateHTTP

/// The origins of web pages (RFC 6454) that a policy grants something, each checked when it is compiled.
public struct OriginList: Sendable {
    /// What a request's `origin` field is to a list.
    public enum Grant: Equatable, Sendable {
        /// The field is absent: no page of another origin asks.
        case none
        /// The origin is not granted, or the field occurs twice.
        case refused
        /// The origin with this index is granted.
        case granted(Int)
    }

    /// LIMIT: origins of one list.
    static let most = 256

    /// Whether every origin is granted.
    public let isAny: Bool
    private let origins: [[UInt8]]

    /// Every origin.
    public static let any = OriginList(isAny: true, origins: [])

    private init(isAny: Bool, origins: [[UInt8]]) {
        self.isAny = isAny
        self.origins = origins
    }

    /// These origins, each `scheme://host` or `scheme://host:port` in lower case, compared byte by byte.
    public init(_ origins: [String]) throws(CORSPolicyError) {
        guard !origins.isEmpty else { throw CORSPolicyError("write at least one origin") }
        guard origins.count <= Self.most else { throw CORSPolicyError("a policy has at most \(Self.most) origins") }
        for origin in origins { try Self.check(origin) }
        self.init(isAny: false, origins: origins.map { Array($0.utf8) })
    }

    /// What `request` is to this list. Allocates nothing.
    public func grant(_ request: borrowing VettedRequest) -> Grant {
        guard let line = request.first(.origin) else { return .none }
        guard request.next(.origin, after: line) == nil else { return .refused }
        return grant(origin: request.value(at: line))
    }

    /// What the value of the `origin` field is to this list. Allocates nothing.
    public func grant(origin: Span<UInt8>) -> Grant {
        if isAny { return .granted(0) }
        for index in origins.indices where origin.isIdentical(to: origins[index]) {
            return .granted(index)
        }
        return .refused
    }

    private static func check(_ origin: String) throws(CORSPolicyError) {
        // Sandboxed frames and local files are all `null`: granting it grants every one of them.
        if origin == "null" { throw CORSPolicyError("the origin `null` is everybody's: it cannot be listed") }
        if origin.contains("*") { throw CORSPolicyError("`*` stands alone or not at all: list the origins") }
        let parts = origin.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "https:" || parts[0] == "http:", parts[1].isEmpty, !parts[2].isEmpty else {
            throw CORSPolicyError("an origin is `https://host` or `https://host:port`, without a path")
        }
        let isPlain = parts[2].utf8.allSatisfy { byte in
            switch byte {
            case 0x61...0x7a, 0x30...0x3a, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "["), UInt8(ascii: "]"):
                true
            default: false
            }
        }
        guard isPlain else { throw CORSPolicyError("browsers send origins in lower case ASCII: `\(origin)`") }
        let isDefaultPort =
            origin.hasPrefix("https://") ? origin.hasSuffix(":443") : origin.hasSuffix(":80")
        guard !isDefaultPort else { throw CORSPolicyError("browsers leave out the default port: `\(origin)`") }
    }
}
