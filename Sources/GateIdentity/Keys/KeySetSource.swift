public import GatePrimitives

/// Where an identity's keys come from.
public enum KeySetSource: Hashable, Sendable {
    /// A JWK set in a file, read again at every refresh.
    case file(String)
    /// A JWK set at an address.
    case url(KeySetURL)
    /// OpenID Connect Discovery 1.0: the issuer's document names the address of the set.
    case discovery(Discovery)

    /// The discovery of one issuer.
    public struct Discovery: Hashable, Sendable {
        /// The issuer as configured; the document has to repeat it byte for byte.
        public let issuer: String
        /// The address of the document.
        public let document: KeySetURL
        /// Hosts beside the issuer's own that the keys may be fetched from, by https.
        public let allowedHosts: [String]

        /// The discovery of `issuer`: its document lies at the issuer with `/.well-known/openid-configuration` added
        /// (OpenID Connect Discovery 1.0 §4).
        public init(issuer: String, allowedHosts: [String] = []) throws(KeySetURL.Problem) {
            guard !issuer.contains("?") else { throw .malformed }
            let base = issuer.hasSuffix("/") ? String(issuer.dropLast()) : issuer
            self.issuer = issuer
            document = try KeySetURL(base + "/.well-known/openid-configuration")
            self.allowedHosts = allowedHosts.map { $0.lowercased() }
        }

        /// The address of the keys that a document names, if the document is this issuer's.
        func keysAddress(in bytes: Span<UInt8>) throws(KeySetFailure) -> KeySetURL {
            guard let document = try? JSONReader.read(bytes), document.isObject else { throw .notAKeySet }
            // §4.3: the issuer must be identical, or one issuer could speak for another.
            guard let name = document["issuer"]?.string, name.elementsEqual(issuer.utf8) else {
                throw .issuerMismatch
            }
            guard let text = document["jwks_uri"]?.string,
                let address = try? KeySetURL(String(decoding: text, as: UTF8.self))
            else { throw .addressRefused }
            // A document must not send the gateway to another host: that is how it would be made to knock on doors
            // inside (attacks 53).
            guard
                address.hasSameOrigin(as: self.document)
                    || address.isSecure && allowedHosts.contains(address.host)
            else { throw .addressRefused }
            return address
        }
    }
}

/// How often keys are fetched and how long they serve.
public struct KeySetRefreshPolicy: Hashable, Sendable {
    /// Between two fetches while all goes well. 10 min: a key that was withdrawn is believed that long at most.
    public var interval: TimeSpan
    /// Between two fetches that tokens with an unknown key ask for. 30 s: strangers can make such tokens at will.
    public var minimumInterval: TimeSpan
    /// How long the last good set serves on after the refresh that was due should have ended. 24 h: an outage of the
    /// issuer, one working day. Then requests that need it are refused with `dependency_unavailable`.
    public var maxStale: TimeSpan
    /// The pause after a first failed fetch, doubled by every further one.
    public var backoff: TimeSpan
    /// The longest such pause.
    public var maxBackoff: TimeSpan
    /// The time for one fetch, from the first byte to the last.
    public var timeout: TimeSpan
    /// LIMIT: bytes of an answer.
    public var maxBytes: Int

    /// The defaults, each with its reason at the field.
    public init(
        interval: TimeSpan = .seconds(600), minimumInterval: TimeSpan = .seconds(30),
        maxStale: TimeSpan = .seconds(86_400), backoff: TimeSpan = .seconds(1), maxBackoff: TimeSpan = .seconds(60),
        timeout: TimeSpan = .seconds(5), maxBytes: Int = KeySet.maxBytes
    ) {
        self.interval = interval
        self.minimumInterval = minimumInterval
        self.maxStale = maxStale
        self.backoff = backoff
        self.maxBackoff = maxBackoff
        self.timeout = timeout
        self.maxBytes = maxBytes
    }

    /// How long a set serves from the moment it came: until the next refresh is over (discovery takes two fetches), and
    /// stale after that.
    var lifetime: TimeSpan {
        let start = MonotonicInstant(nanoseconds: 0)
        return start.advanced(by: interval).advanced(by: timeout).advanced(by: timeout).advanced(by: maxStale)
            .since(start)
    }
}

/// Why a fetch brought no keys; the words stand in the event log.
public enum KeySetFailure: Error, Hashable, Sendable {
    /// No connection, no name, or TLS did not verify.
    case unreachable
    /// The time for one fetch was over.
    case timedOut
    /// Another status than 200. A redirect is one: none is followed (attacks 53).
    case status(Int)
    /// More bytes than allowed.
    case tooLarge
    /// The file could not be read.
    case unreadable
    /// The answer is no key set or discovery document, or holds no key that can be used.
    case notAKeySet
    /// The discovery document is another issuer's.
    case issuerMismatch
    /// The discovery document names an address that is not fetched from.
    case addressRefused

    /// The fixed word; `jwks_ssrf` where the answer tried to lead the gateway elsewhere.
    public var word: String {
        switch self {
        case .status(300..<400), .issuerMismatch, .addressRefused: "jwks_ssrf"
        default: "jwks_unavailable"
        }
    }
}
