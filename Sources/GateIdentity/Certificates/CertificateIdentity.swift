public import GatePrimitives

/// Who a verified client certificate stands for: the compiled form of an `identities.NAME.clientCertificate` entry.
///
/// The chain was verified in the handshake, by the authorities of the listener or server name; this decides whether the
/// subject is one that the identity means.
public final class CertificateIdentity: Sendable {
    /// The identity's name.
    public let name: String
    /// Patterns of the subject, one of which must match; empty for any subject.
    public let subjects: [SubjectPattern]
    /// Patterns of the subjectAltName, one of which one name must match; empty for any.
    public let alternativeNames: [AlternativeNamePattern]
    /// The file of authorities that must have verified the chain; nil for those of whichever listener it was.
    public let authorities: String?

    /// An identity that asks for one of `subjects` and for one of `alternativeNames`.
    public init(
        name: String, subjects: [SubjectPattern], alternativeNames: [AlternativeNamePattern], authorities: String? = nil
    ) {
        self.name = name
        self.subjects = subjects
        self.alternativeNames = alternativeNames
        self.authorities = authorities
    }

    /// The principal of a certificate that matches; nil where it does not, or where nothing names the caller.
    ///
    /// Its subject is the certificate's, or the alternative name that matched where the certificate has none; its issuer
    /// the certificate's.
    func makePrincipal(of certificate: ClientCertificate) -> Principal? {
        guard authorities == nil || authorities == certificate.authorities else { return nil }
        guard subjects.isEmpty || subjects.contains(where: { $0.matches(certificate.subject) }) else { return nil }
        let name = certificate.alternativeNames.first { name in alternativeNames.contains { $0.matches(name) } }
        guard alternativeNames.isEmpty || name != nil else { return nil }
        let caller = certificate.subjectText.isEmpty ? name?.text ?? "" : certificate.subjectText
        return Principal(
            identity: self.name, subject: [UInt8](caller.utf8), issuer: [UInt8](certificate.issuerText.utf8),
            scopes: [], claims: [], validFrom: certificate.validFrom, validUntil: certificate.validUntil)
    }
}

/// A pattern of a subject: `CN=meter-*`, or several attributes, `CN=meter-*,O=Example`.
///
/// Each attribute that is named must stand in the subject exactly once and match; `*` stands for any characters of that
/// value, never for those of another attribute. What is not named may be anything.
public struct SubjectPattern: Equatable, Sendable {
    /// Why a text is no pattern.
    public enum Problem: String, Error, Sendable {
        /// No `TYPE=VALUE`, or an empty value.
        case noAttribute = "is not TYPE=VALUE"
        /// A type that is not known.
        case unknownType = "names an attribute that is not known"
        /// The same type twice.
        case twice = "names an attribute twice"
    }

    /// The attributes by type.
    let attributes: [(type: String, value: WildcardPattern)]

    /// The pattern that `text` spells; a comma in a value is written `\,`.
    public init(_ text: String) throws(Problem) {
        var attributes: [(type: String, value: WildcardPattern)] = []
        for part in Self.split(text) {
            guard let equals = part.firstIndex(of: "="), part.index(after: equals) < part.endIndex else {
                throw .noAttribute
            }
            let written = String(part[..<equals]).trimmed
            guard
                let type = ClientCertificate.Attribute.knownTypes.first(where: {
                    $0.lowercased() == written.lowercased()
                })
            else { throw .unknownType }
            guard !attributes.contains(where: { $0.type == type }) else { throw .twice }
            attributes.append((type, WildcardPattern(String(part[part.index(after: equals)...]))))
        }
        guard !attributes.isEmpty else { throw .noAttribute }
        self.attributes = attributes
    }

    /// Whether a subject matches.
    public func matches(_ subject: [ClientCertificate.Attribute]) -> Bool {
        attributes.allSatisfy { wanted in
            let found = subject.filter { $0.type == wanted.type }
            return found.count == 1 && wanted.value.matches(found[0].value)
        }
    }

    /// At commas without a backslash before them.
    private static func split(_ text: String) -> [String] {
        var parts = [""]
        var isEscaped = false
        for character in text {
            if character == ",", !isEscaped {
                parts.append("")
            } else if character != "\\" || isEscaped {
                parts[parts.count - 1].append(character)
            }
            isEscaped = character == "\\" && !isEscaped
        }
        return parts
    }

    /// Equal where every attribute is.
    public static func == (left: Self, right: Self) -> Bool {
        left.attributes.elementsEqual(right.attributes) { $0.type == $1.type && $0.value == $1.value }
    }
}

/// A pattern of a name of the subjectAltName: `dns:*.meters.example.com`, `uri:spiffe://example.com/meter/*`,
/// `email:*@example.com`, `ip:192.0.2.7`.
public enum AlternativeNamePattern: Equatable, Sendable {
    /// A DNS name, compared in lower case.
    case dns(WildcardPattern)
    /// A URI.
    case uri(WildcardPattern)
    /// A mail address.
    case email(WildcardPattern)
    /// One address.
    case ip(IPAddress)

    /// The pattern that `text` spells; nil where it is none.
    public init?(_ text: String) {
        guard let colon = text.firstIndex(of: ":") else { return nil }
        let value = String(text[text.index(after: colon)...])
        guard !value.isEmpty else { return nil }
        switch text[..<colon] {
        case "dns": self = .dns(WildcardPattern(value.lowercased()))
        case "uri": self = .uri(WildcardPattern(value))
        case "email": self = .email(WildcardPattern(value))
        case "ip":
            guard let address = IPAddress(value) else { return nil }
            self = .ip(address)
        default: return nil
        }
    }

    /// Whether a name is of this kind and matches.
    public func matches(_ name: ClientCertificate.AlternativeName) -> Bool {
        switch (self, name) {
        case (.dns(let pattern), .dns(let text)), (.uri(let pattern), .uri(let text)),
            (.email(let pattern), .email(let text)):
            pattern.matches(text)
        case (.ip(let wanted), .ip(let address)): wanted == address
        default: false
        }
    }
}

extension ClientCertificate.AlternativeName {
    /// The name as it stands in logs and towards the backend.
    var text: String {
        switch self {
        case .dns(let text), .uri(let text), .email(let text): text
        case .ip(let address): address.description
        }
    }
}

/// A text in which `*` stands for any characters, none included; everything else for itself.
public struct WildcardPattern: Equatable, Sendable {
    /// What stands between the wildcards: one piece without any.
    private let pieces: [[UInt8]]

    /// The pattern that `text` spells.
    public init(_ text: String) {
        pieces = text.split(separator: "*", omittingEmptySubsequences: false).map { Array($0.utf8) }
    }

    /// Whether `text` matches as a whole.
    public func matches(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard pieces.count > 1, let first = pieces.first, let last = pieces.last else { return pieces == [bytes] }
        guard bytes.count >= first.count + last.count, bytes.starts(with: first),
            bytes.suffix(last.count).elementsEqual(last)
        else { return false }
        // The leftmost place of each piece is as good as any: what is left only grows shorter.
        var rest = bytes[first.count..<bytes.count - last.count]
        for piece in pieces.dropFirst().dropLast() where !piece.isEmpty {
            guard let found = rest.firstRange(of: piece) else { return false }
            rest = rest[found.upperBound...]
        }
        return true
    }
}

extension String {
    fileprivate var trimmed: String {
        var text = self[...]
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
