/// The names of one plan, indexed as the plan's arrays are, each rendered for a log once.
///
/// Immutable and shared by all loops. The plan owns one; an exchange refers to its plan's until it has finished, so that
/// a reload cannot put a wrong name into a log line or a counter.
public final class NameTable: Sendable {
    /// An upstream's name and the texts of its endpoints, in the plan's order.
    public struct Upstream: Sendable {
        /// The upstream's name in the configuration.
        public let name: String
        /// Each endpoint as `host:port` or `unix:path`.
        public let endpoints: [String]

        /// The upstream `name` with these endpoints.
        public init(name: String, endpoints: [String]) {
            self.name = name
            self.endpoints = endpoints
        }
    }

    /// The index that stands for "none" in every field of an ``ExchangeRecord``.
    public static let none = -1

    /// The digest of the configuration in force.
    public let revision: String
    /// The listeners' names.
    public let listeners: [String]
    /// The routes' names.
    public let routes: [String]
    /// The upstreams and their endpoints.
    public let upstreams: [Upstream]
    /// The limits' names.
    public let limits: [String]
    /// The identities' names.
    public let identities: [String]
    /// The names of the firewall's rule sets.
    public let ruleSets: [String]

    /// Members of a log line, each with a comma before it.
    let revisionMember: [UInt8]
    let routeMembers: [[UInt8]]
    let upstreamMembers: [[UInt8]]
    /// `upstream` and `endpoint` together.
    let endpointMembers: [[[UInt8]]]

    /// The names of the plan whose digest is `revision`.
    public init(
        revision: String, listeners: [String], routes: [String], upstreams: [Upstream], limits: [String] = [],
        identities: [String] = [], ruleSets: [String] = []
    ) {
        self.revision = revision
        self.listeners = listeners
        self.routes = routes
        self.upstreams = upstreams
        self.limits = limits
        self.identities = identities
        self.ruleSets = ruleSets
        revisionMember = Self.member("revision", revision)
        routeMembers = routes.map { Self.member("route", $0) }
        upstreamMembers = upstreams.map { Self.member("upstream", $0.name) }
        endpointMembers = upstreams.map { upstream in
            let member = Self.member("upstream", upstream.name)
            return upstream.endpoints.map { member + Self.member("endpoint", $0) }
        }
    }

    /// `,"name":"value"`.
    static func member(_ name: StaticString, _ value: String) -> [UInt8] {
        var text = TextBuffer()
        text.append(literal: ",\"")
        text.append(literal: name)
        text.append(literal: "\":")
        JSONText.append(value, limit: .max, to: &text)
        return text.array
    }

    /// No names at all: for connections that end before a plan was looked at, and for tests.
    public static let empty = NameTable(revision: "", listeners: [], routes: [], upstreams: [])
}

extension Array {
    /// The element at `index`, or nil where there is none.
    @inline(__always)
    func at(_ index: Int) -> Element? {
        index >= 0 && index < count ? self[index] : nil
    }
}
