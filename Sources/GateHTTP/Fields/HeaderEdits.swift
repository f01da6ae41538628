/// A route's edits of one direction's fields, compiled once: what is removed and what is set.
public struct HeaderEdits: Sendable {
    /// No edits.
    public static let none = HeaderEdits()

    /// Known names whose lines are left out.
    let removed: FieldSet
    /// Other names whose lines are left out.
    let removedOthers: [[UInt8]]
    /// The lines that are added.
    let lines: FieldBlock
    /// Whether nothing is edited.
    public let isEmpty: Bool

    private init() {
        removed = []
        removedOthers = []
        lines = FieldBlock()
        isEmpty = true
    }

    /// Compiles `remove` (names) and `set` (names with values; a set replaces every line of that name).
    ///
    /// Throws for what is no token or no field value, and for names that the gateway alone writes.
    public init(set: [(name: String, value: String)], remove: [String]) throws(FieldProblem) {
        var lines = FieldBlock()
        var names = RemovedNames()
        for name in remove { try names.insert(name) }
        for (name, value) in set {
            try names.insert(name)
            try lines.append(name, value)
        }
        removed = names.known
        removedOthers = names.others
        self.lines = lines
        isEmpty = set.isEmpty && remove.isEmpty
    }

    /// Names that an edit may not touch: they follow from the connection, the framing and what was decided.
    static let reserved: FieldSet = [
        .connection, .keepAlive, .proxyConnection, .te, .trailer, .transferEncoding, .contentLength, .upgrade,
        .http2Settings, .expect, .host, .via, .xRequestID, .forwarded, .xForwardedFor, .xForwardedProto,
        .xForwardedHost, .xAuthSubject, .xAuthIssuer, .xAuthScopes, .xAuthIdentity,
    ]
}

/// Names of fields to leave out, compiled.
struct RemovedNames {
    var known: FieldSet = []
    var others: [[UInt8]] = []

    /// Adds `name`, which must be a token.
    mutating func insert(_ name: String) throws(FieldProblem) {
        guard !name.isEmpty, name.utf8.allSatisfy(ByteClass.token.contains) else { throw .badName }
        let bytes = Array(name.utf8)
        let isPlain = bytes.allSatisfy(ByteClass.nameLetter.contains)
        let field = isPlain ? FieldNameIndex.shared.name(bytes.span, 0..<bytes.count) : .other
        if HeaderEdits.reserved.contains(field) { throw .reserved }
        if field == .other { others.append(bytes) } else { known.insert(field) }
    }
}
