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
    public typealias Grant = OriginList.Grant

    /// Fields that only the policy sets on a route that has one; the backend's own are removed.
    public static let ownedFields = [
        "access-control-allow-origin", "access-control-allow-credentials", "access-control-allow-methods",
        "access-control-allow-headers", "access-control-expose-headers", "access-control-max-age",
    ]

    private let origins: OriginList
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
            self.origins = .any
        case .list(let list):
            self.origins = try OriginList(list)
            allowed = list
        }
        // RFC 9110 §12.5.5: whatever depends on the origin says so, the answers without a grant included.
        let vary = self.origins.isAny ? [] : [("vary", "origin")]
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
    public func grant(_ request: borrowing VettedRequest) -> Grant { origins.grant(request) }

    /// What the value of the `origin` field is to this policy. Allocates nothing.
    public func grant(origin: Span<UInt8>) -> Grant { origins.grant(origin: origin) }

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
}

/// What is wrong with a CORS policy or a list of origins, and what to write instead.
public struct CORSPolicyError: Error, Equatable, Sendable {
    /// One phrase for the diagnostic.
    public let message: String

    init(_ message: String) { self.message = message }
}
