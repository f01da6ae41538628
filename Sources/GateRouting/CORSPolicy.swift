public import GateHTTP

/// Which other origins may read a route's answers (Fetch, "CORS protocol"), with its answers rendered once.
///
/// The policy grants, it does not protect: a request of an origin that is not granted is served without the
/// fields, and the browser keeps the answer from the page. Preflights are answered before identity, because
/// browsers send them without credentials.
public struct CORSPolicy: Sendable {
    /// Who is granted.
    public enum Origins: Equatable, Sendable {
        /// Every origin, as `*`; never together with credentials.
        case any
        /// These origins, each `scheme://host` or `scheme://host:port` in lower case, compared byte by byte.
        case list([String])
    }

    /// What a request's `origin` field is to a policy.
    public enum Grant: Equatable, Sendable {
        /// The field is absent: no cross-origin request.
        case none
        /// The origin is not granted, or the field occurs twice.
        case refused
        /// The origin with this index is granted.
        case granted(Int)
    }

    /// Fields that only the policy sets on a route that has one; the backend's own are removed.
    public static let ownedFields = [
        "access-control-allow-origin", "access-control-allow-credentials", "access-control-allow-methods",
        "access-control-allow-headers", "access-control-expose-headers", "access-control-max-age",
    ]

    private let origins: [[UInt8]]
    private let isAny: Bool
    private let preflights: [FieldBlock]
    private let answers: [FieldBlock]
    private let otherwise: FieldBlock

    /// Renders the answers; an unsafe or meaningless combination says what to write instead.
    ///
    /// `maxAge` is in seconds, 0 to 86,400; nil leaves the browser's own 5 seconds. LIMIT: 256 origins.
    public init(
        origins: Origins, methods: [String] = ["GET", "HEAD", "POST"], headers: [String] = [],
        exposedHeaders: [String] = [], credentials: Bool = false, maxAge: Int? = nil
    ) throws(CORSPolicyError) {
        try CORSPolicy.check(methods: methods, headers: headers + exposedHeaders, credentials: credentials)
        if let maxAge, !(0...86_400).contains(maxAge) {
            throw CORSPolicyError("maxAge is between 0 and 86400 seconds")
        }
        let allowed: [String]
        switch origins {
        case .any:
            // Fetch §3.2.5: a credentialed answer with `*` is refused by browsers; reflecting any origin
            // instead would hand every site the user's session.
            guard !credentials else { throw CORSPolicyError("credentials need a list of origins, never `*`") }
            allowed = ["*"]
        case .list(let list):
            guard !list.isEmpty else { throw CORSPolicyError("write at least one origin") }
            guard list.count <= 256 else { throw CORSPolicyError("a policy has at most 256 origins") }
            for origin in list { try CORSPolicy.check(origin: origin) }
            allowed = list
        }
        isAny = origins == .any
        self.origins = allowed.map { Array($0.utf8) }
        // RFC 9110 §12.5.5: whatever depends on the origin says so, the answers without a grant included.
        let vary = isAny ? [] : [("vary", "origin")]
        otherwise = try CORSPolicy.block(vary)
        var preflights: [FieldBlock] = []
        var answers: [FieldBlock] = []
        for origin in allowed {
            let common =
                [("access-control-allow-origin", origin)]
                + (credentials ? [("access-control-allow-credentials", "true")] : []) + vary
            let lists = [
                ("access-control-allow-methods", methods.joined(separator: ", ")),
                ("access-control-allow-headers", headers.joined(separator: ", ")),
                ("access-control-max-age", maxAge.map { String($0) } ?? ""),
            ]
            preflights.append(try CORSPolicy.block(common + lists.filter { !$0.1.isEmpty }))
            let exposed = exposedHeaders.joined(separator: ", ")
            answers.append(
                try CORSPolicy.block(
                    common + (exposed.isEmpty ? [] : [("access-control-expose-headers", exposed)])))
        }
        self.preflights = preflights
        self.answers = answers
    }

    /// What `request` is to this policy. Allocates nothing.
    public func grant(_ request: borrowing VettedRequest) -> Grant {
        guard let line = request.first(.origin) else { return .none }
        guard request.next(.origin, after: line) == nil else { return .refused }
        return grant(origin: request.value(at: line))
    }

    /// What the value of the `origin` field is to this policy. Allocates nothing.
    public func grant(origin: Span<UInt8>) -> Grant {
        if isAny { return .granted(0) }
        for index in origins.indices where origin.isIdentical(to: origins[index]) {
            return .granted(index)
        }
        return .refused
    }

    /// The fields of the answer to a preflight; its status is 204 and it has no body.
    public func preflightFields(_ grant: Grant) -> FieldBlock {
        if case .granted(let index) = grant, preflights.indices.contains(index) { return preflights[index] }
        return otherwise
    }

    /// The fields to add to any other answer, refusals included, so that the page can read them.
    public func answerFields(_ grant: Grant) -> FieldBlock {
        if case .granted(let index) = grant, answers.indices.contains(index) { return answers[index] }
        return otherwise
    }

    private static func block(_ fields: [(String, String)]) throws(CORSPolicyError) -> FieldBlock {
        var block = FieldBlock()
        for (name, value) in fields {
            do throws(FieldProblem) {
                try block.append(name, value)
            } catch {
                throw CORSPolicyError("`\(value)` cannot stand in `\(name)`")
            }
        }
        return block
    }

    private static func check(methods: [String], headers: [String], credentials: Bool) throws(CORSPolicyError) {
        for name in methods + headers {
            guard Token.isToken(name) else { throw CORSPolicyError("`\(name)` is not a token") }
            if name == "*", credentials {
                throw CORSPolicyError("with credentials `*` is not a wildcard: list the names")
            }
        }
        // Fetch §2.2.1: browsers never send these.
        for method in methods where ["CONNECT", "TRACE", "TRACK"].contains(method.uppercased()) {
            throw CORSPolicyError("`\(method)` is never allowed across origins")
        }
    }

    private static func check(origin: String) throws(CORSPolicyError) {
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

/// What is wrong with a CORS policy, and what to write instead.
public struct CORSPolicyError: Error, Equatable, Sendable {
    /// One phrase for the diagnostic.
    public let message: String

    init(_ message: String) { self.message = message }
}
